//! Lean listeners against the real engine.

#![allow(clippy::unwrap_used)]

mod stage;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use palabre_load::lean::{Crowd, CrowdOptions, DtlsVersion, Entry, Home, JoinOptions};
use palabre_load::{Entrance, Milestone, Plan, Speech};
use stage::{PATIENCE, Stage};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn joining() -> JoinOptions {
    JoinOptions {
        lanes: 4,
        in_flight: 16,
        per_second: 0.0,
        patience: PATIENCE,
        until: Milestone::FirstPacket,
    }
}

/// Forty lean listeners beside a speaker: everything that a sample decrypts is authentic, nothing is lost, all leave.
fn forty_listen(home: Home, dtls: DtlsVersion) {
    let stage = Stage::open();
    let mut fleet = stage.fleet();
    stage.admit("anna", 7, true);
    let speech = Arc::new(Speech::tone(440.0, 60.0).unwrap());
    fleet
        .join(&stage.whip("anna"), Plan::speak(speech))
        .unwrap();
    // The speaker talks on a thread of its own while the crowd runs here.
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let speaking = std::thread::spawn(move || {
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            fleet.turn(Duration::from_millis(10));
        }
    });
    let entrances = (0..40)
        .map(|n| {
            let name = format!("listener {n}");
            stage.admit(&name, 100 + n, false);
            Entrance::Door(stage.whep(&name))
        })
        .collect();
    let options = CrowdOptions {
        dtls,
        decrypt_one_in: 4,
        report_one_in: 4,
        consent_every: Duration::from_millis(200),
        ..CrowdOptions::default()
    };
    let mut crowd = Crowd::new(home, options).unwrap();
    let mut entry = Entry::new(joining(), HERE);
    let joined = entry.join_all(&mut crowd, entrances, |_| {}).unwrap();
    assert_eq!(
        (joined.joined, joined.failures.len()),
        (40, 0),
        "{:?}",
        joined.failures
    );
    crowd.restart(true);
    let deadline = Instant::now() + PATIENCE;
    while crowd.counted().received < 40 * 25 && Instant::now() < deadline {
        crowd.run_for(Duration::from_millis(20));
    }
    let counted = crowd.counted();
    assert!(counted.received >= 40 * 25, "{counted:?}");
    assert_eq!(
        (counted.lost, counted.duplicates, counted.silent_listeners),
        (0, 0, 0)
    );
    assert_eq!((counted.not_decrypted, counted.still_connected), (0, 40));
    assert!(counted.decrypted >= 10 * 20, "{counted:?}");
    assert!(
        crowd.ears().iter().any(|ear| !ear.is_empty()) && !crowd.lateness().spreads_ms().is_empty()
    );
    assert_eq!(entry.leave(&mut crowd), 40);
    drop(stop);
    speaking.join().unwrap();
}

#[test]
fn listeners_with_an_address_each_hear_everything_over_dtls_1_3() {
    forty_listen(
        Home::Addresses(Ipv4Addr::new(127, 3, 0, 0)),
        DtlsVersion::V1_3,
    );
}

#[test]
fn listeners_with_a_socket_each_hear_everything_over_dtls_1_2() {
    forty_listen(Home::Ports(Ipv4Addr::LOCALHOST), DtlsVersion::V1_2);
}

#[test]
fn a_refused_listener_is_a_failure_with_the_servers_code() {
    let stage = Stage::open();
    let mut crowd = Crowd::new(Home::Ports(Ipv4Addr::LOCALHOST), CrowdOptions::default()).unwrap();
    let mut entry = Entry::new(joining(), HERE);
    let nobody = Entrance::Door(stage.whep("nobody who was let in"));
    let joined = entry.join_all(&mut crowd, vec![nobody], |_| {}).unwrap();
    assert_eq!(joined.joined, 0);
    assert!(
        joined.failures[0].to_string().contains("answered 4"),
        "{:?}",
        joined.failures
    );
}
