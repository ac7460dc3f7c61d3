//! The packed floor: who hears the slots and who the mix, and what is heard across a move.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod coming_and_going;
#[path = "../link_common/mod.rs"]
mod link_common;
mod losing;
mod moving;
#[path = "../shard_common/mod.rs"]
mod shard_common;

use std::time::Duration;

use palabre_core::opus::{Encoder, FRAME_SAMPLES, inspect};
use palabre_core::room::PackSize;
use palabre_core::shard::{Door, FloorRules, Limits};
use palabre_load::netem::Conditions;
use shard_common::{World, voice};
use str0m::rtp::RtpPacket;

const ANN: u32 = 101;
const LINES: usize = 4;

/// A tone without any pause.
fn tone(seconds: usize) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(32_000, 0);
    let frame = |at: usize| -> [f32; FRAME_SAMPLES] {
        std::array::from_fn(|n| 0.3 * ((at * FRAME_SAMPLES + n) as f32 * 0.03).sin())
    };
    (0..seconds * 50)
        .map(|at| {
            encoder
                .encode(&frame(at), &mut [0; 1_275])
                .unwrap()
                .to_vec()
        })
        .collect()
}

/// A room that is packed with more than `above` listeners: Ann's microphone (0), Ann's ear (1), and the ears of `others`,
/// who may not speak and are the participants 2, 3 and so on.
fn room(above: usize, others: usize) -> World {
    let rules = FloorRules {
        above,
        frames: Some(PackSize::Three),
        ..FloorRules::default()
    };
    room_with(rules, others)
}

fn room_with(floor: FloorRules, others: usize) -> World {
    let limits = Limits {
        floor,
        ..Limits::default()
    };
    let mut world = World::new(Conditions::default(), 1, limits);
    world.admit("ann", ANN, true);
    world.connect("ann", Door::Whip, 1).unwrap();
    world.connect("ann", Door::Whep, LINES).unwrap();
    for _ in 0..others {
        come(&mut world);
    }
    world.settle();
    world
}

fn name(client: usize) -> String {
    format!("p{client}")
}

fn csrc(client: usize) -> u32 {
    1_000 + client as u32
}

/// One more listener; its number is its name's.
fn come(world: &mut World) -> usize {
    let client = world.clients.len();
    world.admit(&name(client), csrc(client), false);
    world.connect(&name(client), Door::Whep, LINES).unwrap()
}

/// What a client heard in the slots, and in the mix.
fn heard(world: &World, client: usize) -> (Vec<&RtpPacket>, Vec<&RtpPacket>) {
    let mix = world.clients[client].accepted.ssrcs[LINES - 1];
    let packets = world.clients[client].peer.heard.iter();
    packets.partition(|packet| *packet.header.ssrc != mix)
}

/// The RTP times of the frames in packets, in order.
fn times(packets: &[&RtpPacket]) -> Vec<u32> {
    let of = |packet: &&RtpPacket| {
        let frames = inspect(&packet.payload).unwrap().frames as u32;
        let first = packet.header.timestamp;
        (0..frames).map(move |frame| first.wrapping_add(960 * frame))
    };
    packets.iter().flat_map(of).collect()
}

fn forget(world: &mut World) {
    let heard = |client: &mut shard_common::Client| client.peer.heard.clear();
    world.clients.iter_mut().for_each(heard);
}

/// On each line a client's numbers follow one another, and no frame of the mix comes twice.
fn assert_whole(world: &World, client: usize) {
    for ssrc in &world.clients[client].accepted.ssrcs {
        let heard = &world.clients[client].peer.heard;
        let line = heard.iter().filter(|packet| *packet.header.ssrc == *ssrc);
        let numbers: Vec<u64> = line.map(|packet| *packet.seq_no).collect();
        let whole = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
        assert!(whole, "client {client}: {numbers:?}");
    }
    let mut times = times(&heard(world, client).1);
    times.sort_unstable();
    assert!(times.windows(2).all(|pair| pair[0] != pair[1]));
}

fn second() -> Duration {
    Duration::from_secs(1)
}
