//! The clients against a server on str0m: what they count and hear must be right before they judge another server.

#![allow(clippy::unwrap_used)]

mod oracle;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use oracle::{CSRC, Oracle};
use palabre_load::netem::Conditions;
use palabre_load::{ClientId, Door, Dtls, Fleet, Plan, Speech, energy_dbov};

const PATIENCE: Duration = Duration::from_secs(10);

fn tone(seconds: f64) -> Speech {
    Speech::tone(440.0, seconds).unwrap()
}

fn listener(oracle: &Oracle, plan: Plan) -> (Fleet, ClientId) {
    let mut fleet = Fleet::new(Ipv4Addr::LOCALHOST.into()).unwrap();
    let id = fleet.join(&Door::new(&oracle.url, "token"), plan).unwrap();
    (fleet, id)
}

#[test]
fn a_listener_hears_the_whole_tone_with_its_speaker_named() {
    let oracle = Oracle::start(tone(0.5));
    let (mut fleet, id) = listener(&oracle, Plan::listen().keeping_audio());
    assert!(fleet.run_until(PATIENCE, |f| f.client(id).inbox().received() == 25));
    let inbox = fleet.client(id).inbox();
    assert_eq!((inbox.lost(), inbox.arrived, inbox.accepted), (0, 25, 25));
    let (&ssrc, stream) = inbox.streams.first_key_value().unwrap();
    assert_eq!(stream.csrcs.iter().copied().collect::<Vec<_>>(), [CSRC]);
    let pcm = inbox.decode(ssrc).unwrap();
    assert_eq!(pcm.len(), 25 * 960);
    assert!(
        (energy_dbov(&pcm) + 9.0).abs() < 2.0,
        "{} dBov",
        energy_dbov(&pcm)
    );
    fleet.leave(id).unwrap();
}

#[test]
fn a_listener_connects_whoever_opens_the_dtls_handshake() {
    for dtls in [Dtls::ServerChooses, Dtls::Opens, Dtls::Waits] {
        let oracle = Oracle::start(tone(0.1));
        let (mut fleet, id) = listener(&oracle, Plan::listen().dtls(dtls));
        assert!(
            fleet.run_until(PATIENCE, |f| f.client(id).inbox().received() == 5),
            "{dtls:?}"
        );
    }
}

#[test]
fn a_client_that_only_counts_sees_order_and_loss_without_decrypting() {
    let oracle = Oracle::start(tone(0.2));
    let (mut fleet, id) = listener(&oracle, Plan::listen().only_counting());
    assert!(fleet.run_until(PATIENCE, |f| f.client(id).inbox().received() == 10));
    assert_eq!(fleet.client(id).inbox().accepted, 0);
}

#[test]
fn a_speaker_is_heard_to_its_last_frame() {
    let oracle = Oracle::start(tone(0.1));
    let (mut fleet, id) = listener(&oracle, Plan::speak(Arc::new(tone(0.3))));
    assert!(fleet.run_until(PATIENCE, |_| oracle.heard.load(Ordering::Relaxed) == 15));
    assert!(fleet.client(id).talk().unwrap().is_over());
}

#[test]
fn a_bad_network_before_the_client_shows_in_its_counts() {
    let oracle = Oracle::start(tone(2.0));
    let (mut fleet, id) = listener(&oracle, Plan::listen());
    let conditions = Conditions {
        loss: 0.1,
        delay: Duration::from_millis(10),
        ..Conditions::default()
    };
    fleet.degrade(id, conditions, 4);
    assert!(fleet.run_until(PATIENCE, |f| {
        f.client(id)
            .inbox()
            .streams
            .values()
            .any(|s| s.highest_sequence() > Some(90))
    }));
    let inbox = fleet.client(id).inbox();
    assert!((2..25).contains(&inbox.lost()), "{} lost", inbox.lost());
    assert_eq!(inbox.arrived, inbox.accepted);
}
