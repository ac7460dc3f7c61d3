//! The whole way of a packet takes no memory: from a speaker's datagram through the room to the datagrams of all who
//! listen, in slots and in packs, straight away or mixed.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod counting;
mod link_common;
mod shard_common;

use std::time::{Duration, Instant};

use counting::allocations;
use palabre_core::ice::Path;
use palabre_core::link::Transmit;
use palabre_core::opus::{Encoder, FRAME_SAMPLES};
use palabre_core::room::PackSize;
use palabre_core::rtcp::is_rtcp;
use palabre_core::shard::{
    Door, FloorRules, Limits, RecordingId, RoomId, Shard, ShardEvent, ShardSink,
};
use palabre_load::netem::Conditions;
use shard_common::World;

const LINES: usize = 4;
const LISTENERS: usize = 12;
const FRAME: Duration = Duration::from_millis(20);
/// Until each buffer has been used: that of a group keeps 64 packs, of which it gets ten a second.
const WARM_UP: u32 = 10 * 50;
const MEASURED: u32 = 5 * 50;

/// A batch of one.
struct Batch {
    buffer: [u8; 1_500],
    sent: usize,
}

impl Transmit for Batch {
    fn transmit(&mut self, _path: Path, _datagram: &[u8]) {}
}

impl ShardSink for Batch {
    fn datagram(&mut self, _path: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        self.sent += usize::from(fill(&mut self.buffer).is_some());
    }
    fn event(&mut self, _event: ShardEvent) {}
    fn recording_page(&mut self, _room: &RoomId, _recording: &RecordingId, _page: &[u8]) {}
}

/// What the shard did, and what that took.
#[derive(Default)]
struct Took {
    allocations: usize,
    sent: usize,
}

impl Took {
    fn count(&mut self, batch: &mut Batch, act: impl FnOnce(&mut Batch)) {
        let before = (allocations(), batch.sent);
        act(batch);
        self.allocations += allocations() - before.0;
        self.sent += batch.sent - before.1;
    }
}

/// The clients 0 and up are the microphones of so many speakers; the ears of those who may not speak follow. The room is
/// packed with more than `above` listeners.
fn room(speakers: usize, above: usize) -> World {
    let floor = FloorRules {
        above,
        frames: Some(PackSize::Five),
        ..FloorRules::default()
    };
    let limits = Limits {
        floor,
        ..Limits::default()
    };
    let mut world = World::new(Conditions::default(), 1, limits);
    for speaker in 0..speakers {
        let name = format!("speaker {speaker}");
        world.admit(&name, 100 + speaker as u32, true);
        world.connect(&name, Door::Whip, 1).unwrap();
    }
    for listener in 0..LISTENERS {
        let name = format!("listener {listener}");
        world.admit(&name, 200 + listener as u32, false);
        world.connect(&name, Door::Whep, LINES).unwrap();
    }
    world.settle();
    world
}

fn tone() -> Vec<u8> {
    let pcm: [f32; FRAME_SAMPLES] = std::array::from_fn(|n| 0.5 * (n as f32 * 0.1).sin());
    let mut packet = [0; 1_275];
    Encoder::new(32_000, 0)
        .encode(&pcm, &mut packet)
        .unwrap()
        .to_vec()
}

/// All speak at once, except that one packet in `lost` of each does not arrive; counted are the last seconds.
fn speech(mut world: World, speakers: usize, lost: u32) -> Took {
    let (mut batch, frame) = (
        Batch {
            buffer: [0; 1_500],
            sent: 0,
        },
        tone(),
    );
    let mut took = Took::default();
    for n in 0..WARM_UP + MEASURED {
        if n == WARM_UP {
            took = Took::default();
        }
        world.now += FRAME;
        serve(&mut world.shard, world.now, &mut batch, &mut took);
        for speaker in 0..speakers {
            let peer = &mut world.clients[speaker].peer;
            peer.speak(world.now, &frame);
            let from = Path::to(peer.address);
            let mut datagrams = world.packets_of(speaker);
            // Checks, which are answered with a message of their own, are a few a minute.
            datagrams.retain(|datagram| datagram[0] >> 6 == 2 && !is_rtcp(datagram));
            for datagram in datagrams.iter_mut().filter(|_| n % lost != 0) {
                let (shard, now) = (&mut world.shard, world.now);
                took.count(&mut batch, |batch| {
                    shard.handle_datagram(now, from, datagram, batch)
                });
            }
        }
    }
    took
}

fn serve(shard: &mut Shard, now: Instant, batch: &mut Batch, took: &mut Took) {
    while let Some(at) = shard.next_timeout().filter(|at| *at <= now) {
        took.count(batch, |batch| shard.handle_timeout(at, batch));
    }
}

const NEVER: u32 = u32::MAX;

#[test]
fn a_speakers_packet_on_its_way_to_all_slots_allocates_nothing() {
    let took = speech(room(3, 50), 3, NEVER);
    assert_eq!(took.allocations, 0);
    assert!(took.sent >= 3 * LISTENERS * MEASURED as usize);
}

#[test]
fn nor_does_one_on_its_way_straight_into_the_packs() {
    let took = speech(room(1, 0), 1, NEVER);
    assert_eq!(took.allocations, 0);
    assert!(took.sent >= LISTENERS * MEASURED as usize / 5);
}

#[test]
fn nor_do_several_that_are_mixed() {
    let took = speech(room(3, 0), 3, NEVER);
    assert_eq!(took.allocations, 0);
    assert!(took.sent >= LISTENERS * MEASURED as usize / 5);
}

#[test]
fn nor_does_one_that_comes_after_others_that_were_lost() {
    for above in [0, 50] {
        let took = speech(room(2, above), 2, 10);
        assert_eq!(took.allocations, 0, "above {above}");
        assert!(took.sent >= LISTENERS * MEASURED as usize / 5);
    }
}
