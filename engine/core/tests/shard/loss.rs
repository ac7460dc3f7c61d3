//! What a bad network takes away, and what brings it back.

use std::time::Duration;

use palabre_core::shard::Limits;
use palabre_load::netem::Conditions;

use crate::shard_common::World;
use crate::{good, stage, voice};

const BAD_NETWORK: Conditions = Conditions {
    loss: 0.1,
    burst: 1.0,
    duplication: 0.02,
    delay: Duration::from_millis(20),
    jitter: Duration::from_millis(15),
};

/// The sequence numbers a client heard, in order.
fn numbers(world: &World, client: usize) -> Vec<u64> {
    let heard = &world.clients[client].peer.heard;
    let mut numbers: Vec<u64> = heard.iter().map(|packet| *packet.seq_no).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn over_a_bad_network_everybody_connects_and_hears_no_packet_twice() {
    for seed in 0..4 {
        let mut world = stage(World::new(BAD_NETWORK, seed, Limits::default()));
        world.say(0, &voice());
        world.run(Duration::from_secs(1));
        for listener in [2, 3] {
            let heard = numbers(&world, listener);
            assert!(heard.len() > 20, "seed {seed}: {} packets", heard.len());
            assert!(heard.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}

/// A good way down, and a way up that loses this much and delays by this much more or less.
fn bad_way_up(loss: f64, jitter_ms: u64, seed: u64) -> World {
    let conditions = Conditions {
        loss,
        jitter: Duration::from_millis(jitter_ms),
        ..Conditions::default()
    };
    let mut world = World::new(conditions, seed, Limits::default());
    world.spoil_way_down(Conditions::default(), seed);
    stage(world)
}

/// The share of what was said that a listener hears, loss on the way up being one in ten.
fn share_heard(redundant: bool) -> f64 {
    let mut world = bad_way_up(0.1, 0, 3);
    world.clients[0].peer.redundant = redundant;
    let said = voice();
    (0..6).for_each(|_| world.say(0, &said));
    world.run(Duration::from_secs(1));
    let heard = numbers(&world, 2);
    assert!(heard.windows(2).all(|pair| pair[0] < pair[1]), "none twice");
    heard.len() as f64 / (heard[heard.len() - 1] - heard[0] + 1) as f64
}

#[test]
fn what_is_lost_on_the_way_up_is_heard_if_the_speaker_sends_it_redundantly() {
    let (plain, redundant) = (share_heard(false), share_heard(true));
    assert!(plain < 0.94, "{plain} heard without redundancy");
    assert!(redundant > 0.97, "{redundant} heard with redundancy");
}

/// Nobody asks for anything again: all that is known of their losses is what they report.
#[test]
fn what_is_lost_on_the_way_up_makes_nothing_be_sent_twice_but_to_who_loses_packets_beside() {
    let (bens_ear, mut world) = (2, bad_way_up(0.1, 0, 3));
    (1..4).for_each(|ear| world.clients[ear].suppress_nacks());
    let said = voice();
    (0..30).for_each(|_| world.say(0, &said));
    let (missing, counts) = (numbers_missing(&world, bens_ear), world.shard.counts());
    assert!(missing > 100, "{missing} were lost on the way up");
    assert_eq!((world.shard.sheltered(), counts.repeated), (0, 0));

    let losing = Conditions {
        loss: 0.1,
        ..Conditions::default()
    };
    world.spoil_way_to(bens_ear, losing, 7);
    (0..30).for_each(|_| world.say(0, &said));
    assert_eq!(world.shard.sheltered(), 1);
    assert!(world.shard.counts().repeated > 100);
}

/// Half of what is said is lost on the way up, many packets in a row; who listens asks for them again and again.
#[test]
fn who_asks_for_what_the_room_never_had_uses_up_no_budget() {
    let mut world = stage(good());
    let losing = Conditions {
        loss: 0.5,
        burst: 20.0,
        ..Conditions::default()
    };
    world.spoil_way_up(losing, 5);
    let said = voice();
    (0..10).for_each(|_| world.say(0, &said));
    assert!(numbers_missing(&world, 2) > 100);
    assert_eq!(world.shard.counts().repeats_refused, 0);
}

fn numbers_missing(world: &World, client: usize) -> usize {
    let gaps = numbers(world, client);
    let gaps = gaps.windows(2).map(|pair| (pair[1] - pair[0]) as usize - 1);
    gaps.sum()
}

#[test]
fn packets_that_overtake_each_other_on_the_way_up_all_reach_the_listener() {
    let mut world = bad_way_up(0.0, 70, 5);
    (0..2).for_each(|_| world.say(0, &voice()));
    world.run(Duration::from_secs(1));
    let heard = &world.clients[2].peer.heard;
    assert!(!heard.is_sorted_by_key(|packet| *packet.seq_no));
    let numbers = numbers(&world, 2);
    assert!(numbers.len() > 60);
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
}

#[test]
fn packets_lost_on_the_way_to_a_listener_are_sent_again_on_request() {
    let mut world = stage(good());
    world.spoil_way_down(BAD_NETWORK, 7);
    let said = voice();
    (0..4).for_each(|_| world.say(0, &said));
    world.run(Duration::from_secs(1));
    assert!(world.lost_on_way_down() > 20);
    let heard = numbers(&world, 2);
    let span = heard[heard.len() - 1] - heard[0] + 1;
    let arrived = heard.len() as f64 / span as f64;
    assert!(arrived > 0.98, "{arrived} arrived at a loss of 10 %");
}
