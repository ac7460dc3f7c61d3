//! A `Shard` with str0m clients: who hears whom, what ends, what is refused, over good and bad networks.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod link_common;
mod shard_common;

use std::time::Duration;

use palabre_core::ice::IceCredentials;
use palabre_core::shard::{Door, Limits, Refusal, ShardEvent};
use palabre_core::stun::{BindingRequest, write_binding_request};
use palabre_load::Speech;
use palabre_load::netem::Conditions;
use proptest::prelude::*;
use shard_common::World;

const ANN: u32 = 101;
const BEN: u32 = 102;

const BAD_NETWORK: Conditions = Conditions {
    loss: 0.1,
    duplication: 0.02,
    delay: Duration::from_millis(20),
    jitter: Duration::from_millis(15),
};

/// The Opus frames of a recorded voice.
fn voice() -> Vec<Vec<u8>> {
    let speech = Speech::from_wavs(&["/usr/share/sounds/alsa/Front_Center.wav"]).unwrap();
    speech.frames.into_iter().map(|frame| frame.opus).collect()
}

fn good() -> World {
    World::new(Conditions::default(), 1, Limits::default())
}

/// Ann's microphone (0), Ann's ear (1), Ben's ear (2), Cy's ear (3), connected.
fn stage(mut world: World) -> World {
    world.admit("ann", ANN, true);
    world.admit("ben", BEN, true);
    world.admit("cy", 103, false);
    world.connect("ann", Door::Whip, 1).unwrap();
    for who in ["ann", "ben", "cy"] {
        world.connect(who, Door::Whep, 3).unwrap();
    }
    world.settle();
    world
}

/// The sequence numbers a client heard, in order.
fn numbers(world: &World, client: usize) -> Vec<u64> {
    let heard = &world.clients[client].peer.heard;
    let mut numbers: Vec<u64> = heard.iter().map(|packet| *packet.seq_no).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_speaker_is_heard_by_two_listeners_under_its_csrc_and_not_by_itself() {
    let mut world = stage(good());
    let said = voice();
    world.say(0, &said);
    world.run(Duration::from_millis(200));
    assert_eq!(world.heard(1), 0, "the own voice is left out");
    for listener in [2, 3] {
        let heard = &world.clients[listener].peer.heard;
        assert!(heard.len() > 30, "{} packets", heard.len());
        assert!(heard.iter().all(|packet| packet.header.csrc[0] == ANN));
        assert!(
            heard
                .iter()
                .all(|packet| said.contains(&packet.payload.to_vec()))
        );
        assert!(
            heard
                .windows(2)
                .all(|pair| *pair[1].seq_no == *pair[0].seq_no + 1)
        );
    }
}

#[test]
fn a_session_is_told_of_the_lines_its_audio_lines_are_for() {
    let mut world = good();
    world.admit("ann", ANN, true);
    let told: Vec<Vec<u32>> = [1, 3, 4, 9]
        .map(|lines| {
            let client = world.connect("ann", Door::Whep, lines).unwrap();
            world.clients[client].accepted.ssrcs.clone()
        })
        .into();
    let [mix, slots, both, more] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!((mix.len(), slots.len(), both.len()), (1, 3, 4));
    assert_eq!((&both[..3], &both[3..]), (&slots[..], &mix[..]));
    assert_eq!(more, both);
}

#[test]
fn own_voice_leaves_no_gap_in_what_one_hears_of_others() {
    let mut world = stage(good());
    let microphone = world.connect("ben", Door::Whip, 1).unwrap();
    world.settle();
    let said = voice();
    for speaker in [microphone, 0, microphone] {
        world.say(speaker, &said);
        world.run(Duration::from_secs(3));
    }
    for ssrc in world.clients[1].accepted.ssrcs.clone() {
        let heard = &world.clients[1].peer.heard;
        let line: Vec<u64> = heard
            .iter()
            .filter(|packet| *packet.header.ssrc == ssrc)
            .map(|packet| *packet.seq_no)
            .collect();
        assert!(line.windows(2).all(|pair| pair[1] == pair[0] + 1));
    }
    assert!(world.heard(1) > 60);
}

#[test]
fn a_right_that_is_taken_away_silences_the_very_next_packet() {
    let mut world = stage(good());
    let said = voice();
    world.say(0, &said[..said.len() / 2]);
    world.run(Duration::from_millis(10));
    let before = world.heard(2);
    assert!(before > 10);
    world.admit("ann", ANN, false);
    world.say(0, &said[said.len() / 2..]);
    assert_eq!(world.heard(2), before, "the client goes on sending in vain");
}

#[test]
fn a_session_is_replaced_without_news_and_the_new_one_is_heard() {
    let mut world = stage(good());
    let old = world.clients[0].accepted.session.clone();
    world.out.events.clear();
    let new = world.connect("ann", Door::Whip, 1).unwrap();
    world.settle();
    assert_eq!(world.out.events, []);
    assert_eq!(
        world.shard.disconnect(world.now, &old, &mut world.out),
        Err(Refusal::NoSession)
    );
    world.say(new, &voice());
    assert!(world.heard(2) > 30);
}

#[test]
fn an_ice_restart_moves_the_sound_to_the_new_path() {
    let mut world = stage(good());
    let (session, ufrag) = {
        let accepted = &world.clients[2].accepted;
        (accepted.session.clone(), accepted.local.ufrag().to_owned())
    };
    let same = world.clients[2].remote.clone();
    let unchanged = world.shard.restart_ice(&session, Some(&ufrag), same);
    assert!(unchanged.unwrap().is_none());
    let remote = IceCredentials::new("newufrag", &"n".repeat(24)).unwrap();
    let restarted = world
        .shard
        .restart_ice(&session, Some(&ufrag), remote.clone());
    let local = restarted.unwrap().unwrap().local;
    let again = world.shard.restart_ice(&session, Some(&ufrag), remote);
    assert_eq!(again.unwrap_err(), Refusal::OtherGeneration);
    let moved = ([203, 0, 113, 20], 5_000).into();
    let request = BindingRequest {
        transaction: [5; 12],
        username: &format!("{}:newufrag", local.ufrag()),
        priority: 1,
        tie_breaker: 1,
        use_candidate: true,
    };
    assert!(world.inject(moved, &write_binding_request(&request, local.password())));
    let old = world.clients[2].peer.address;
    assert!(world.shard.knows(moved) && !world.shard.knows(old));
    world.sent_to.clear();
    world.say(0, &voice());
    let sound = world.sent_to.iter().filter(|to| **to == moved).count();
    assert!(sound > 30, "{sound} datagrams");
}

#[test]
fn strangers_get_no_answer() {
    let mut world = stage(good());
    let stranger = ([203, 0, 113, 9], 666).into();
    let local = world.clients[0].accepted.local.clone();
    let remote = world.clients[0].remote.ufrag().to_owned();
    for (ufrag, password) in [("Adunknown", local.password()), (local.ufrag(), "wrong")] {
        let request = BindingRequest {
            transaction: [5; 12],
            username: &format!("{ufrag}:{remote}"),
            priority: 1,
            tie_breaker: 1,
            use_candidate: true,
        };
        assert!(!world.inject(stranger, &write_binding_request(&request, password)));
    }
    assert!(!world.inject(stranger, &[0x80; 60]));
    assert!(!world.shard.knows(stranger));
}

#[test]
fn limits_refuse_and_say_which() {
    let refused = |limits, what| {
        let mut world = World::new(Conditions::default(), 1, limits);
        world.admit("ann", ANN, true);
        world.connect("ann", Door::Whip, 1).unwrap();
        let refusal = world.connect("ann", Door::Whep, 3).unwrap_err();
        assert_eq!(refusal, Refusal::Full { what, limit: 1 });
    };
    let most = Limits::default();
    refused(Limits { links: 1, ..most }, "sessions on this server");
    refused(
        Limits {
            half_open: 1,
            ..most
        },
        "sessions being opened",
    );
    refused(
        Limits {
            links_per_room: 1,
            ..most
        },
        "sessions in this room",
    );
}

#[test]
fn who_may_not_speak_gets_no_microphone_session() {
    let mut world = good();
    world.admit("cy", 103, false);
    let refused = world.connect("cy", Door::Whip, 1);
    assert_eq!(refused, Err(Refusal::NotAllowedToSpeak));
    let unknown = world.connect("nobody", Door::Whep, 3);
    assert_eq!(unknown, Err(Refusal::NotInRoom));
}

#[test]
fn the_end_of_a_room_closes_its_sessions_and_finishes_its_recording() {
    let mut world = stage(good());
    let (now, room) = (world.now, world.room.clone());
    world
        .shard
        .start_recording(now, &room, "tape".into(), &mut world.out)
        .unwrap();
    world.say(0, &voice());
    world.shard.close_room(world.now, &room, &mut world.out);
    assert_eq!((world.shard.rooms(), world.shard.links()), (0, 0));
    let stopped = |event: &ShardEvent| matches!(event, ShardEvent::RecordingStopped { .. });
    assert!(world.out.events.iter().any(stopped));
    assert!(world.out.pages.starts_with(b"OggS"));
    world.run(Duration::from_secs(60));
    assert_eq!(
        world.shard.next_timeout(),
        None,
        "nothing is left to wake for"
    );
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

#[test]
fn clients_that_vanish_are_forgotten_and_leave_no_timer() {
    let mut world = stage(good());
    world.say(0, &voice());
    world.out.events.clear();
    world.clients.clear();
    world.run(Duration::from_secs(60));
    assert_eq!(world.shard.links(), 0);
    let gone = |event: &&ShardEvent| matches!(event, ShardEvent::Disconnected { .. });
    assert_eq!(world.out.events.iter().filter(gone).count(), 4);
    assert_eq!(world.shard.next_timeout(), None);
}

#[test]
fn a_session_that_never_shakes_hands_gives_its_place_back() {
    let limits = Limits {
        half_open: 1,
        ..Limits::default()
    };
    let mut world = World::new(Conditions::default(), 1, limits);
    world.admit("ann", ANN, true);
    world.connect("ann", Door::Whip, 1).unwrap();
    world.clients.clear();
    world.run(Duration::from_secs(20));
    assert_eq!(world.shard.links(), 0);
    assert_eq!(world.out.events, [], "it was never announced");
    world.connect("ann", Door::Whip, 1).unwrap();
    world.settle();
}

#[test]
fn one_address_opens_only_so_many_sessions_at_once() {
    let limits = |half_open_per_address| Limits {
        half_open_per_address,
        ..Limits::default()
    };
    let mut closed = World::new(Conditions::default(), 1, limits(0));
    closed.admit("ann", ANN, true);
    closed.connect("ann", Door::Whip, 1).unwrap();
    closed.run(Duration::from_secs(5));
    assert_eq!(closed.out.events, [], "it was never answered");

    let mut narrow = World::new(Conditions::default(), 1, limits(1));
    narrow.admit("ann", ANN, true);
    narrow.connect("ann", Door::Whip, 1).unwrap();
    narrow.connect("ann", Door::Whep, 3).unwrap();
    narrow.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_from_a_known_address_never_panic(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
    ) {
        let mut world = good();
        world.admit("ann", ANN, true);
        world.connect("ann", Door::Whip, 1).unwrap();
        world.settle();
        let from = world.clients[0].peer.address;
        for datagram in datagrams {
            world.inject(from, &datagram);
        }
        prop_assert_eq!(world.shard.links(), 1);
    }
}
