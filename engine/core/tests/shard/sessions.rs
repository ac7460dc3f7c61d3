//! How sessions are replaced, move, and end.

use std::time::Duration;

use palabre_core::ice::IceCredentials;
use palabre_core::shard::{Door, Limits, Refusal, ShardEvent};
use palabre_core::stun::{BindingRequest, write_binding_request};
use palabre_load::netem::Conditions;

use crate::shard_common::World;
use crate::{ANN, good, stage, voice};

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
    world.move_to(
        moved,
        &write_binding_request(&request, local.password()),
        &"n".repeat(24),
    );
    let old = world.clients[2].peer.address;
    assert!(world.shard.knows(moved) && !world.shard.knows(old));
    world.sent_to.clear();
    world.say(0, &voice());
    let sound = world.sent_to.iter().filter(|to| **to == moved).count();
    assert!(sound > 30, "{sound} datagrams");
}

/// A nomination by the client of this number, as it could come from anywhere.
fn nomination(world: &World, client: usize) -> Vec<u8> {
    let client = &world.clients[client];
    let local = &client.accepted.local;
    let request = BindingRequest {
        transaction: [6; 12],
        username: &format!("{}:{}", local.ufrag(), client.remote.ufrag()),
        priority: 1,
        tie_breaker: 1,
        use_candidate: true,
    };
    write_binding_request(&request, local.password())
}

#[test]
fn a_session_that_writes_anothers_address_takes_nothing_away_from_it() {
    let mut world = stage(good());
    world.admit("dan", 104, false);
    let half_open = world.connect("dan", Door::Whep, 3).unwrap();
    let (anns, bens) = (world.clients[0].peer.address, world.clients[2].peer.address);
    for liar in [2, half_open] {
        let forged = nomination(&world, liar);
        world.inject(anns, &forged);
    }
    world.sent_to.clear();
    let before = world.heard(2);
    world.say(0, &voice());
    assert!(
        world.heard(2) > before + 30,
        "Ann speaks, and Ben hears her"
    );
    assert!(world.sent_to.contains(&bens));
    // What the engine asks Ben there is all that Ann is sent for it.
    let to_ann = world.sent_to.iter().filter(|to| **to == anns).count();
    assert!(to_ann < 20, "{to_ann}");
}

#[test]
fn restarts_that_nobody_uses_end_no_sound() {
    let mut world = stage(good());
    let ear = world.clients[2].accepted.clone();
    for number in 0..3 {
        let remote = IceCredentials::new(&format!("unused{number}"), &"n".repeat(24)).unwrap();
        let restarted = world.shard.restart_ice(&ear.session, None, remote);
        assert!(restarted.unwrap().is_some());
        world.run(Duration::from_secs(1));
    }
    // Ben goes on checking with the credentials of before, for longer than one consent lasts.
    world.run(Duration::from_secs(40));
    let before = world.heard(2);
    world.say(0, &voice());
    assert!(world.heard(2) > before + 30);
}

#[test]
fn the_end_of_a_room_closes_its_sessions_and_finishes_its_recording() {
    let mut world = stage(good());
    let (now, room) = (world.now, world.room.clone());
    world
        .shard
        .start_recording(now, &room, "tape".into(), "Tape", &mut world.out)
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
