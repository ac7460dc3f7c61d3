//! A packet for thousands of listeners takes no memory, whether it is sent or sent again.

mod counting;
mod fanout_common;

use std::time::Instant;

use fanout_common::{header, listener};
use palabre_core::fanout::{Fanout, MIX, Shared};
use palabre_core::ice::Path;
use palabre_core::link::{RetransmitRing, Transmit};
use palabre_core::room::ParticipantKey;
use palabre_core::shard::{RecordingId, RoomId, ShardEvent, ShardSink};

const LISTENERS: usize = 4_000;

/// A batch of one.
struct Sink {
    buffer: [u8; 1_500],
    sent: usize,
}

impl Transmit for Sink {
    fn transmit(&mut self, _path: Path, _datagram: &[u8]) {}
}

impl ShardSink for Sink {
    fn datagram(&mut self, _path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        self.sent += usize::from(fill(&mut self.buffer).is_some());
    }
    fn event(&mut self, _event: ShardEvent) {}
    fn recording_page(&mut self, _room: &RoomId, _recording: &RecordingId, _page: &[u8]) {}
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "an Instant can be had from the clock only"
)]
fn sending_to_thousands_and_answering_their_nacks_allocates_nothing() {
    let (now, mut fanout) = (Instant::now(), Fanout::default());
    let mut sink = Sink {
        buffer: [0; 1_500],
        sent: 0,
    };
    for key in 0..LISTENERS {
        fanout.enter(key, listener(key as u32, now));
    }
    let everybody: Vec<usize> = (0..LISTENERS).collect();
    let mut ring = RetransmitRing::default();
    let mut before = 0;
    for seq in 0..100u64 {
        // The ring's buffers have been filled once, with the largest packets there are.
        if seq == 70 {
            (before, sink.sent) = (counting::allocations(), 0);
        }
        for (line, payload) in [(0, &[5; 90][..]), (MIX, &[6; 700][..])] {
            let mut header = header(line, seq);
            if line == MIX {
                ring.store(seq, &header, payload);
            }
            let mut packet = Shared {
                line,
                seq,
                header: &mut header,
                payload,
            };
            let from = (line == 0).then_some(ParticipantKey(7));
            fanout.send(now, &everybody, from, &mut packet, &mut sink);
        }
        for key in (0..LISTENERS).step_by(10) {
            let again = fanout.find(key, (MIX, &ring), seq as u16).unwrap();
            assert!(fanout.repeat(now, key, &again, &mut sink));
        }
        let repeated = fanout.repeat_all(now, &everybody[..100], (MIX, &ring), seq, &mut sink);
        assert_eq!(repeated, 100);
    }
    assert_eq!(counting::allocations(), before);
    assert_eq!(sink.sent, 30 * (2 * LISTENERS - 1 + LISTENERS / 10 + 100));
}
