//! Between the slots and the mix: when a listener is moved, and that nothing is missed or heard twice.

use std::time::Duration;

use palabre_core::room::PackSize;
use palabre_core::shard::{Door, FloorRules, ShardEvent};

use crate::{
    ANN, assert_whole, come, csrc, forget, heard, name, room, room_with, second, times, tone, voice,
};

#[test]
fn a_room_that_grows_moves_its_listeners_to_the_mix_in_a_pause_and_they_hear_every_frame_once() {
    let mut world = room(3, 2);
    let sessions = world.shard.links();
    world.say(0, &voice());
    world.run(second());
    for client in [2, 3] {
        let (slots, mix) = heard(&world, client);
        assert!(slots.len() > 30 && mix.is_empty());
    }
    come(&mut world);
    world.settle();
    forget(&mut world);
    world.run(second());
    world.say(0, &voice());
    world.run(second());
    let reference = times(&heard(&world, 4).1);
    assert!(reference.len() > 60, "{} frames", reference.len());
    for client in [2, 3, 4] {
        let (slots, mix) = heard(&world, client);
        assert!(slots.is_empty(), "client {client}");
        // Those who were moved have heard a silent frame or two less, or more.
        let own = times(&mix);
        let speech = |times: &[u32]| -> Vec<u32> {
            let runs = times
                .windows(2)
                .filter(|pair| pair[1].wrapping_sub(pair[0]) == 960);
            runs.map(|pair| pair[0]).collect()
        };
        assert_eq!(speech(&own), speech(&reference));
        assert!(mix.len() * 2 < own.len(), "{} packets", mix.len());
        assert!(mix.iter().any(|packet| packet.header.csrc[0] == ANN));
        assert_whole(&world, client);
    }
    assert_eq!(
        world.heard(1),
        0,
        "who may speak stays on the slots, where its own voice is left out"
    );
    assert_eq!(world.shard.links(), sessions + 1);
    let gone = |event: &ShardEvent| matches!(event, ShardEvent::Disconnected { .. });
    assert!(
        !world.out.events.iter().any(gone),
        "nobody had to come back"
    );
}

#[test]
fn in_a_speech_without_a_pause_a_move_comes_after_seconds_and_the_mix_takes_over_without_a_gap() {
    let mut world = room(3, 2);
    let tone = tone(9);
    world.say(0, &tone[..100]);
    come(&mut world);
    world.say(0, &tone[100..]);
    world.run(second());
    for client in [2, 3] {
        let (slots, mix) = heard(&world, client);
        let (last, first) = (
            slots.last().unwrap().timestamp,
            mix.first().unwrap().timestamp,
        );
        let gap = first.saturating_duration_since(last);
        // A turn of three ticks, and the slot's last packet before it.
        assert!(
            gap <= Duration::from_millis(100),
            "client {client}: {gap:?}"
        );
        assert!(slots.len() > 250, "{} packets", slots.len());
        assert!(times(&mix).len() > 100);
        assert_whole(&world, client);
        let sound: Vec<u32> = times(&mix).into_iter().take(100).collect();
        assert!(
            sound
                .windows(2)
                .all(|pair| pair[1].wrapping_sub(pair[0]) == 960)
        );
    }
}

#[test]
fn a_hand_that_is_allowed_brings_its_listener_back_to_the_slots_and_a_right_that_is_taken_to_the_mix()
 {
    let mut world = room(1, 3);
    world.say(0, &voice());
    world.run(3 * second());
    forget(&mut world);
    world.admit(&name(2), csrc(2), true);
    world.run(second());
    world.say(0, &voice());
    world.run(3 * second());
    assert!(heard(&world, 2).0.len() > 30 && heard(&world, 3).0.is_empty());
    assert!(heard(&world, 3).1.len() > 15);
    assert_whole(&world, 2);
    world.admit(&name(2), csrc(2), false);
    world.run(second());
    forget(&mut world);
    world.say(0, &voice());
    world.run(second());
    assert!(heard(&world, 2).0.is_empty() && heard(&world, 2).1.len() > 15);
    assert_whole(&world, 2);
}

#[test]
fn who_is_allowed_and_speaks_at_once_never_hears_itself_even_while_others_speak() {
    let mut world = room(1, 3);
    let tone = tone(4);
    world.say(0, &tone[..50]);
    world.admit(&name(2), csrc(2), true);
    let microphone = world.connect(&name(2), Door::Whip, 1).unwrap();
    for frame in &tone[50..] {
        world.clients[0].peer.speak(world.now, frame);
        world.clients[microphone].peer.speak(world.now, frame);
        world.run(Duration::from_millis(20));
    }
    world.run(second());
    let names = |client: usize, who: u32| {
        let heard = world.clients[client].peer.heard.iter();
        heard
            .filter(|packet| packet.header.csrc.contains(&who))
            .count()
    };
    assert_eq!(names(2, csrc(2)), 0);
    assert!(names(2, ANN) > 100 && names(3, csrc(2)) > 30);
    assert_whole(&world, 2);
    assert_whole(&world, 3);
}

#[test]
fn a_long_silence_costs_a_listener_a_twentieth_of_speech_at_most() {
    let rules = FloorRules {
        above: 0,
        frames: Some(PackSize::Six),
        ..FloorRules::default()
    };
    let mut world = room_with(rules, 4);
    world.say(0, &tone(2));
    forget(&mut world);
    world.say(0, &tone(20));
    let speech: Vec<usize> = (2..6).map(|client| world.heard(client)).collect();
    world.run(3 * second());
    forget(&mut world);
    world.run(20 * second());
    for (client, speech) in (2..6).zip(speech) {
        let silence = world.heard(client);
        assert!((4..=6).contains(&silence), "{silence} packets in 20 s");
        assert!(silence * 20 <= speech, "{silence} beside {speech}");
        assert_whole(&world, client);
    }
}
