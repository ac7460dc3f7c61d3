//! Packs that are lost on the way: what is sent again, and who is spared the packs.

use std::collections::BTreeSet;
use std::time::Duration;

use palabre_core::room::PackSize;
use palabre_core::shard::{Door, FloorRules};
use palabre_load::netem::Conditions;

use crate::shard_common::World;
use crate::{assert_whole, csrc, forget, heard, name, room, room_with, second, tone, voice};

#[test]
fn packs_lost_on_the_way_are_sent_again_on_request() {
    let mut world = room(0, 4);
    world.say(0, &voice());
    let bad = Conditions {
        loss: 0.1,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(15),
        ..Conditions::default()
    };
    world.spoil_way_down(bad, 7);
    forget(&mut world);
    world.say(0, &tone(8));
    world.run(second());
    assert!(world.lost_on_way_down() > 20);
    for client in 2..6 {
        let mut numbers: Vec<u64> = heard(&world, client)
            .1
            .iter()
            .map(|packet| *packet.seq_no)
            .collect();
        numbers.sort_unstable();
        let span = numbers[numbers.len() - 1] - numbers[0] + 1;
        assert!(
            numbers.windows(2).all(|pair| pair[0] < pair[1]),
            "none twice"
        );
        let arrived = numbers.len() as f64 / span as f64;
        assert!(arrived > 0.97, "{arrived} arrived at a loss of 10 %");
    }
}

/// Each of them is in another group. The last pack but one is lost to all, the last one shows it.
#[test]
fn who_has_just_left_the_mix_is_still_sent_again_what_it_had_lost_of_it() {
    let mut world = room(0, 3);
    let tone = tone(4);
    world.say(0, &tone[..50]);
    let lost = Conditions {
        loss: 1.0,
        ..Conditions::default()
    };
    world.spoil_way_down(lost, 7);
    world.say(0, &tone[50..53]);
    // A NACK takes longer than a pack: it comes after the move.
    let slow = Conditions {
        delay: Duration::from_millis(60),
        ..Conditions::default()
    };
    world.spoil_way_up(slow, 7);
    world.spoil_way_down(Conditions::default(), 8);
    for listener in 2..5 {
        world.admit(&name(listener), csrc(listener), true);
        world.connect(&name(listener), Door::Whip, 1).unwrap();
    }
    world.say(0, &tone[53..]);
    world.run(second());
    for listener in 2..5 {
        let (slots, mix) = heard(&world, listener);
        assert!(slots.len() > 50, "{} packets", slots.len());
        let numbers: BTreeSet<u64> = mix.iter().map(|packet| *packet.seq_no).collect();
        let span = numbers.last().unwrap() - numbers.first().unwrap() + 1;
        assert_eq!(numbers.len() as u64, span, "client {listener}");
    }
}

const LOSING: Conditions = Conditions {
    loss: 0.1,
    burst: 1.0,
    duplication: 0.0,
    delay: Duration::from_millis(20),
    jitter: Duration::ZERO,
};

#[test]
fn whose_network_loses_one_packet_in_ten_is_moved_to_the_slots_and_back_after_a_good_minute() {
    let mut world = room(0, 3);
    world.say(0, &tone(1));
    world.spoil_way_down(LOSING, 7);
    world.say(0, &tone(20));
    assert_eq!(
        world.shard.listeners(),
        (4, 0),
        "Ann is on the slots anyway"
    );
    assert_eq!(world.shard.sheltered(), 3);
    forget(&mut world);
    world.say(0, &tone(4));
    world.run(second());
    for client in 2..5 {
        let (slots, mix) = heard(&world, client);
        assert!(
            mix.is_empty() && slots.len() > 190,
            "{} packets",
            slots.len()
        );
    }

    world.spoil_way_down(Conditions::default(), 8);
    world.say(0, &tone(50));
    assert_eq!(world.shard.sheltered(), 3, "that was no minute yet");
    world.say(0, &tone(20));
    world.run(second());
    assert_eq!(
        (world.shard.listeners(), world.shard.sheltered()),
        ((1, 3), 0)
    );
    forget(&mut world);
    world.say(0, &tone(2));
    world.run(second());
    for client in 2..5 {
        let (slots, mix) = heard(&world, client);
        assert!(slots.is_empty() && mix.len() > 30, "{} packs", mix.len());
        assert_whole(&world, client);
    }
}

/// What the speaker's way loses, or brings in another order, is asked for as well.
#[test]
fn who_is_spared_the_packs_goes_back_after_a_good_minute_however_bad_the_speakers_network_is() {
    let mut world = room(0, 3);
    world.spoil_way_down(LOSING, 7);
    world.say(0, &tone(20));
    assert_eq!(world.shard.sheltered(), 3);
    world.spoil_way_down(Conditions::default(), 8);
    let speakers = Conditions {
        jitter: Duration::from_millis(70),
        ..LOSING
    };
    world.spoil_way_up(speakers, 9);
    world.say(0, &tone(80));
    assert_eq!(world.shard.sheltered(), 0);
}

#[test]
fn where_everybody_loses_packets_only_so_many_leave_the_mix_as_a_shard_affords() {
    let rules = FloorRules {
        above: 0,
        frames: Some(PackSize::Three),
        sheltered: 3,
    };
    let mut world = room_with(rules, 6);
    world.spoil_way_down(LOSING, 7);
    world.say(0, &tone(40));
    assert_eq!(
        (world.shard.listeners(), world.shard.sheltered()),
        ((3, 4), 2)
    );
    let session = |world: &World, client: usize| world.clients[client].accepted.session.clone();
    for client in 2..8 {
        let session = session(&world, client);
        world
            .shard
            .disconnect(world.now, &session, &mut world.out)
            .unwrap();
    }
    assert_eq!(world.shard.sheltered(), 0, "who has left takes no place");
}

#[test]
fn who_asks_for_nothing_again_is_moved_for_what_its_reports_say() {
    let mut world = room(0, 2);
    (2..4).for_each(|client| world.clients[client].suppress_nacks());
    world.spoil_way_down(LOSING, 7);
    world.say(0, &tone(40));
    assert_eq!(world.shard.sheltered(), 2);
}

/// The share of the numbers between the first packet and the last one of a line that a client heard (0 to 1).
fn share_heard(world: &World, client: usize) -> f64 {
    let slots = heard(world, client).0;
    let numbers: BTreeSet<u64> = slots.iter().map(|packet| *packet.seq_no).collect();
    let span = numbers.last().unwrap() - numbers.first().unwrap() + 1;
    numbers.len() as f64 / span as f64
}

#[test]
fn who_loses_packets_and_asks_for_none_again_is_sent_each_twice_for_as_long_as_its_network_is_bad()
{
    // Where it hears packs, and where it hears the slots anyway; client 3 asks.
    for above in [0, 50] {
        let mut world = room(above, 2);
        world.clients[2].suppress_nacks();
        world.spoil_way_down(LOSING, 7);
        world.say(0, &tone(30));
        let asks = usize::from(above == 0);
        assert_eq!(world.shard.sheltered(), 1 + asks, "above {above}");
        forget(&mut world);
        world.say(0, &tone(60));
        let share = share_heard(&world, 2);
        assert!(share > 0.98, "{share} of what was said to {above}");
        assert_eq!(
            world.shard.sheltered(),
            1 + asks,
            "its reports are good, its network is not"
        );

        world.spoil_way_down(Conditions::default(), 8);
        world.say(0, &tone(70));
        assert_eq!(world.shard.sheltered(), 0);
        let repeated = world.shard.counts().repeated;
        world.say(0, &tone(2));
        assert_eq!(world.shard.counts().repeated, repeated);
    }
}
