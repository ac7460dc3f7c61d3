//! An attack on the real engine: half-open attempts from one address, over real sockets, while others listen.

#![allow(clippy::unwrap_used)]

mod stage;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use palabre_load::lean::{
    Crowd, CrowdOptions, Entry, Flood, FloodOptions, Flooded, Home, JoinOptions,
};
use palabre_load::{Entrance, Milestone, Plan, Speech, percentile};
use stage::{PATIENCE, Stage};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const FIRST_LISTENER: Ipv4Addr = Ipv4Addr::new(127, 4, 0, 0);
const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 66, 0, 1);
/// More than one address may have half open.
const TICKETS: u32 = 300;
/// Some seconds of it here; `palabre-load flood` sends 100,000.
const ATTEMPTS: usize = 20_000;
const PER_SECOND: f64 = 10_000.0;
/// Sound that comes so late is still played: the listeners' own buffers hold as much.
const UNNOTICED_MS: f64 = 100.0;

/// Listeners who are let in and join now.
fn join(stage: &Stage, crowd: &mut Crowd, entry: &mut Entry, names: std::ops::Range<u32>) -> usize {
    let let_in = |number: u32| {
        let name = format!("listener {number}");
        stage.admit(&name, 1_000 + number, false);
        Entrance::Door(stage.whep(&name))
    };
    let joined = entry.join_all(crowd, names.map(let_in).collect(), |_| {});
    joined.unwrap().joined
}

fn joining() -> JoinOptions {
    JoinOptions {
        lanes: 4,
        in_flight: 16,
        per_second: 0.0,
        patience: PATIENCE,
        until: Milestone::FirstPacket,
    }
}

/// The attacker has tickets of his own, as anybody may who joins.
fn attack(stage: &Stage) -> JoinHandle<Flooded> {
    let options = FloodOptions {
        from: ATTACKER,
        attempts: ATTEMPTS,
        per_second: PER_SECOND,
        lanes: 8,
    };
    let doors = (0..TICKETS).map(|number| {
        let name = format!("attacker {number}");
        stage.admit(&name, 10_000 + number, false);
        stage.whep(&name)
    });
    let flood = Flood::new(options, HERE, doors.collect()).unwrap();
    thread::spawn(move || flood.run().unwrap())
}

#[test]
fn who_listens_notices_nothing_of_a_flood_and_who_joins_from_elsewhere_gets_in() {
    let stage = Stage::open();
    stage.admit("anna", 7, true);
    let mut fleet = stage.fleet();
    let speech = Arc::new(Speech::tone(440.0, 60.0).unwrap());
    fleet
        .join(&stage.whip("anna"), Plan::speak(speech))
        .unwrap();
    let (stop, stopped) = channel::<()>();
    let speaking = thread::spawn(move || {
        while stopped.try_recv() == Err(TryRecvError::Empty) {
            fleet.turn(Duration::from_millis(5));
        }
    });
    let home = Home::Addresses(FIRST_LISTENER);
    let mut crowd = Crowd::new(home, CrowdOptions::default()).unwrap();
    let mut entry = Entry::new(joining(), HERE);
    assert_eq!(join(&stage, &mut crowd, &mut entry, 0..40), 40);

    crowd.restart(false);
    let flood = attack(&stage);
    crowd.run_for(Duration::from_millis(500));
    assert_eq!(
        join(&stage, &mut crowd, &mut entry, 40..60),
        20,
        "honest ones get in"
    );
    let mut most_waiting = 0.0f64;
    while !flood.is_finished() {
        crowd.run_for(Duration::from_millis(20));
        most_waiting = most_waiting.max(stage.metric("media_sessions_opening"));
    }
    let flooded = flood.join().unwrap();
    crowd.run_for(Duration::from_millis(200));

    let counted = crowd.counted();
    assert_eq!((counted.lost, counted.not_decrypted), (0, 0), "{counted:?}");
    assert_eq!(
        (counted.silent_listeners, counted.still_connected),
        (0, 60),
        "{counted:?}"
    );
    let late = percentile(&mut crowd.lateness().spreads_ms(), 0.99).unwrap();
    assert!(late < UNNOTICED_MS, "{late} ms");
    assert_eq!(flooded.attempts, ATTEMPTS);
    assert_eq!(flooded.answers_to_strangers, 0, "{flooded:?}");
    assert!(flooded.sessions > 300, "{flooded:?}");
    assert!(
        (1.0..=f64::from(TICKETS)).contains(&most_waiting),
        "{most_waiting} half open"
    );
    drop(stop);
    speaking.join().unwrap();
}
