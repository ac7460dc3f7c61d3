//! The real engine, its doors on real sockets: what one says the others hear, and only what is allowed.

#![allow(clippy::unwrap_used)]

mod stage;

use std::sync::Arc;
use std::time::Duration;

use palabre_load::netem::Conditions;
use palabre_load::{ClientId, Dtls, Entrance, Fleet, Joiner, LoadError, Plan, Speech, energy_dbov};
use stage::{PATIENCE, Stage};

fn tone(seconds: f64) -> Arc<Speech> {
    Arc::new(Speech::tone(440.0, seconds).unwrap())
}

/// The loudness of the last half second that a listener has kept.
fn heard_dbov(fleet: &Fleet, id: ClientId) -> f64 {
    let inbox = fleet.client(id).inbox();
    let ssrc = *inbox.streams.keys().next().unwrap();
    let pcm = inbox.decode(ssrc).unwrap();
    energy_dbov(&pcm[pcm.len().saturating_sub(24_000)..])
}

fn has_heard(fleet: &Fleet, id: ClientId, packets: u64) -> bool {
    fleet.client(id).inbox().received() >= packets
}

#[test]
fn two_listeners_hear_the_speaker_and_see_who_speaks() {
    let stage = Stage::open();
    let mut fleet = stage.fleet();
    stage.admit("anna", 7, true);
    let speaker = fleet
        .join(&stage.whip("anna"), Plan::speak(tone(20.0)))
        .unwrap();
    let listeners = ["bob", "carl"].map(|name| {
        stage.admit(name, 100, false);
        fleet
            .join(&stage.whep(name), Plan::listen().keeping_audio())
            .unwrap()
    });
    assert!(fleet.run_until(PATIENCE, |f| {
        listeners.iter().all(|&id| has_heard(f, id, 100))
    }));
    for id in listeners {
        let inbox = fleet.client(id).inbox();
        assert_eq!((inbox.lost(), inbox.arrived), (0, inbox.accepted));
        assert!(
            inbox.streams.values().any(|s| s.csrcs.contains(&7)),
            "the speaker is named"
        );
        let level = heard_dbov(&fleet, id);
        assert!((-13.0..-6.0).contains(&level), "{level} dBov");
    }
    assert!(fleet.client(speaker).is_connected());
}

#[test]
fn a_speaker_without_the_right_is_not_heard_any_more_though_it_goes_on_sending() {
    let stage = Stage::open();
    let mut fleet = stage.fleet();
    stage.admit("anna", 7, true);
    stage.admit("bob", 8, false);
    let speaker = fleet
        .join(&stage.whip("anna"), Plan::speak(tone(30.0)))
        .unwrap();
    let lines = Plan::listen().lines(3).keeping_audio();
    let listener = fleet.join(&stage.whep("bob"), lines).unwrap();
    assert!(fleet.run_until(PATIENCE, |f| has_heard(f, listener, 25)));

    stage.admit("anna", 7, false);
    // What the engine sent before the decision is on its way at most that long.
    fleet.run_for(Duration::from_millis(100));
    let (sent, _before) = (
        fleet.client(speaker).talk().unwrap().sent(),
        fleet.take_inbox(listener),
    );
    assert!(
        fleet.run_until(PATIENCE, |f| f.client(speaker).talk().unwrap().sent()
            >= sent + 25)
    );
    let named = fleet
        .client(listener)
        .inbox()
        .heard
        .iter()
        .any(|packet| packet.csrcs.contains(&7));
    assert!(!named, "packets of a muted speaker were forwarded");

    stage.admit("anna", 7, true);
    let heard_again = |f: &Fleet| {
        f.client(listener)
            .inbox()
            .heard
            .iter()
            .any(|p| p.csrcs.contains(&7))
    };
    assert!(
        fleet.run_until(PATIENCE, heard_again),
        "the right came back, the voice did not"
    );
}

#[test]
fn a_room_of_fifty_listeners_loses_nothing() {
    let stage = Stage::open();
    let mut fleet = stage.fleet();
    stage.admit("anna", 7, true);
    fleet
        .join(&stage.whip("anna"), Plan::speak(tone(30.0)))
        .unwrap();
    let entrances = (0..50).map(|n| {
        let name = format!("listener-{n}");
        stage.admit(&name, 100 + n, false);
        Entrance::Door(stage.whep(&name))
    });
    let entrances = entrances.collect();
    let joined = Joiner::default()
        .join_all(&mut fleet, entrances, |_| Plan::listen(), |_| {})
        .unwrap();
    assert_eq!(
        (joined.clients.len(), joined.failures.len()),
        (50, 0),
        "{:?}",
        joined.failures.first()
    );
    assert!(fleet.run_until(PATIENCE, |f| {
        joined.clients.iter().all(|&id| has_heard(f, id, 50))
    }));
    let inboxes = joined.clients.iter().map(|&id| fleet.client(id).inbox());
    let counts: Vec<_> = inboxes
        .map(|inbox| (inbox.lost(), inbox.arrived - inbox.accepted))
        .collect();
    assert!(
        counts.iter().all(|&counts| counts == (0, 0)),
        "(lost, refused): {counts:?}"
    );
}

#[test]
fn packets_lost_on_the_way_to_a_listener_are_sent_again_when_it_asks() {
    let stage = Stage::open();
    let mut fleet = stage.fleet();
    stage.admit("anna", 7, true);
    stage.admit("bob", 8, false);
    fleet
        .join(&stage.whip("anna"), Plan::speak(tone(30.0)))
        .unwrap();
    let lines = Plan::listen().lines(3).asking_again();
    let listener = fleet.join(&stage.whep("bob"), lines).unwrap();
    assert!(fleet.run_until(PATIENCE, |f| has_heard(f, listener, 5)));
    fleet.degrade(
        listener,
        Conditions {
            loss: 0.1,
            ..Conditions::default()
        },
        11,
    );
    assert!(fleet.run_until(PATIENCE, |f| has_heard(f, listener, 200)));
    let inbox = fleet.client(listener).inbox();
    let reordered: u64 = inbox.streams.values().map(|s| s.reordered).sum();
    assert!(reordered >= 5, "only {reordered} packets came late");
    // A tenth was lost; one in a hundred is lost twice, and the newest may still be asked for.
    assert!(inbox.lost() <= 8, "{} of 200 never came", inbox.lost());
}

#[test]
fn a_speaker_is_taken_in_whoever_opens_the_dtls_handshake() {
    for dtls in [Dtls::Opens, Dtls::Waits] {
        let stage = Stage::open();
        let mut fleet = stage.fleet();
        stage.admit("anna", 7, true);
        let speaker = fleet
            .join(&stage.whip("anna"), Plan::speak(tone(1.0)).dtls(dtls))
            .unwrap();
        assert!(
            fleet.run_until(PATIENCE, |f| f.client(speaker).is_connected()),
            "{dtls:?}"
        );
    }
}

#[test]
fn whoever_may_not_speak_or_was_not_admitted_is_refused_with_its_code() {
    let stage = Stage::open();
    let mut fleet = stage.fleet();
    stage.admit("bob", 8, false);
    let refused = |result: Result<ClientId, LoadError>| match result {
        Err(LoadError::Refused { status, code, .. }) => (status, code),
        other => panic!("not refused: {other:?}"),
    };
    let speaking = fleet.join(&stage.whip("bob"), Plan::speak(tone(1.0)));
    assert_eq!(refused(speaking), (403, "NOT_ALLOWED_TO_SPEAK".into()));
    let stranger = fleet.join(&stage.whep("nobody"), Plan::listen());
    assert_eq!(refused(stranger), (404, "NOT_IN_ROOM".into()));
}

#[test]
fn a_second_listening_session_takes_the_place_of_the_first() {
    let stage = Stage::open();
    let mut fleet = stage.fleet();
    stage.admit("anna", 7, true);
    stage.admit("bob", 8, false);
    fleet
        .join(&stage.whip("anna"), Plan::speak(tone(30.0)))
        .unwrap();
    let first = fleet.join(&stage.whep("bob"), Plan::listen()).unwrap();
    assert!(fleet.run_until(PATIENCE, |f| has_heard(f, first, 5)));
    let second = fleet.join(&stage.whep("bob"), Plan::listen()).unwrap();
    assert!(fleet.run_until(PATIENCE, |f| has_heard(f, second, 5)));
    let _before = fleet.take_inbox(first);
    assert!(fleet.run_until(PATIENCE, |f| has_heard(f, second, 30)));
    assert_eq!(fleet.client(first).inbox().received(), 0);
}
