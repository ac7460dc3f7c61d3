//! What one listener is sent: on which lines, and what it is told about them.

use std::ops::Range;
use std::time::Instant;

use super::ShardSink;
use super::audience::Hears;
use super::losses::Losses;
use super::room_state::{Rings, RoomState};
use crate::fanout::{LINES, MIX, Sent};
use crate::link::{Link, RetransmitRing};
use crate::rtcp::{self, NtpTime, Packet, SenderInfo};

/// Packets answered for one RTCP datagram: more would let one small packet ask for a flood.
pub(super) const MAX_REPEATS: usize = 32;

/// What a listener's session was told; the numbers of what it is sent are in the shard's [`crate::fanout::Fanout`].
#[derive(Debug)]
pub(super) struct Outbound {
    pub payload_type: u8,
    pub losses: Losses,
    open: Range<usize>,
}

impl Outbound {
    /// For a client with so many audio lines: one is for the mix, two or three are for slots, more are for both.
    pub fn new(payload_type: u8, audio_lines: usize) -> Self {
        let open = match audio_lines {
            0 | 1 => MIX..LINES,
            count => 0..count.min(LINES),
        };
        Self {
            payload_type,
            losses: Losses::default(),
            open,
        }
    }

    /// The lines that may be used, in the order of the client's audio lines.
    pub fn open(&self) -> Range<usize> {
        self.open.clone()
    }

    /// Packets that a report says are lost, and no report before did. `never_sent` says how many of each line were not even
    /// sent.
    pub fn losses_reported(
        &mut self,
        packet: &Packet<'_>,
        state: &RoomState,
        never_sent: impl Fn(usize) -> u32,
    ) -> u32 {
        let lost = packet.report_blocks().filter_map(|block| {
            let line = state.line(block.ssrc)?;
            let missing = block.cumulative_lost;
            Some(self.losses.reported(line, missing, never_sent(line)))
        });
        lost.fold(0, u32::saturating_add)
    }

    /// What this session can hear.
    pub fn hears(&self) -> Hears {
        match (self.open.start < MIX, self.open.end > MIX) {
            (true, true) => Hears::Both,
            (true, false) => Hears::Slots,
            (false, _) => Hears::Mix,
        }
    }
}

/// Gives every packet that a NACK names to `repeat`, with its line; those of the mix as the listener's group had them. Of
/// [`MAX_REPEATS`] the NACKs before it in its datagram have `left` so many.
pub(super) fn answer_nack<'a>(
    packet: &Packet<'_>,
    group: u8,
    rings: &'a Rings,
    left: &mut usize,
    repeat: &mut impl FnMut((usize, &'a RetransmitRing), u16),
) {
    let Packet::Nack { media_ssrc, .. } = packet else {
        return;
    };
    let Some(line) = rings.find(*media_ssrc, group) else {
        return;
    };
    for sequence in packet.lost().take(*left) {
        *left -= 1;
        repeat(line, sequence);
    }
}

/// A sender report for a line.
pub(super) fn report(
    now: Instant,
    ntp: NtpTime,
    (line, sent): (usize, Sent),
    state: &RoomState,
    link: &mut Link,
    out: &mut impl ShardSink,
) {
    let Some(path) = link.path() else {
        return;
    };
    let info = SenderInfo {
        ntp,
        rtp_timestamp: state.rtp_time(line, now),
        packet_count: sent.packets,
        octet_count: sent.octets,
    };
    let ssrc = state.ssrc(line);
    out.datagram(path, |buffer| {
        let len = write_report(ssrc, &info, state.cname(), buffer)?;
        link.seal_rtcp(now, len, buffer)
    });
}

fn write_report(ssrc: u32, info: &SenderInfo, cname: &str, out: &mut [u8]) -> Option<usize> {
    let report = rtcp::write_sender_report(ssrc, info, &[], out)?;
    let rest = out.get_mut(report..)?;
    Some(report + rtcp::write_source_description(ssrc, cname.as_bytes(), rest)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtcp::Packets;
    use crate::shard::budget::Budget;
    use crate::shard::{FloorRules, RoomId};

    #[test]
    fn however_many_nacks_a_datagram_holds_only_so_many_packets_are_looked_for() {
        #[expect(
            clippy::disallowed_methods,
            reason = "an Instant can be had from the clock only"
        )]
        let now = Instant::now();
        let (id, floor) = (RoomId::from("room"), FloorRules::default());
        let mut state = RoomState::new(id, 1, String::new(), floor, now);
        let (mut datagram, mut buffer) = (Vec::new(), [0; 100]);
        for ssrc in (0..LINES).map(|line| state.ssrc(line)) {
            // A number and the sixteen that follow it.
            let len = rtcp::write_nack(7, ssrc, [(1, 0xFFFF)].into_iter(), &mut buffer).unwrap();
            datagram.extend_from_slice(&buffer[..len]);
        }
        let mut listener = Budget::of_listener();
        let (rings, _) = state.repeats(now, &mut listener);
        let (mut left, mut looked_for) = (MAX_REPEATS, 0);
        for packet in Packets::new(&datagram) {
            answer_nack(&packet, 0, rings, &mut left, &mut |_, _| looked_for += 1);
        }
        assert_eq!((looked_for, left), (MAX_REPEATS, 0));
    }
}
