//! Event streams over real HTTP.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::{BufRead, BufReader};

use common::{PATIENCE, ROOM, World, fleet, ticket, tone};
use palabre_load::Plan;
use palabre_net::{EngineEvent, EventDoor};
use ureq::Agent;

const TOPIC: &str = "room:room_1";

/// An open stream, read one event at a time.
struct Stream(Box<dyn BufRead>);

impl Stream {
    fn open(world: &World, query: &str) -> Self {
        let agent: Agent = Agent::config_builder()
            .timeout_recv_body(Some(PATIENCE))
            .build()
            .into();
        let response = agent
            .get(format!("{}?{query}", world.url("events")))
            .call()
            .unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self(Box::new(BufReader::new(response.into_body().into_reader())))
    }

    /// The fields of the next event in one line; empty at the end of the stream.
    fn next(&mut self) -> String {
        let mut fields = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            match line.trim_end() {
                "" => return fields.join("|"),
                field => fields.push(field.to_owned()),
            }
        }
    }
}

fn query(participant: &str) -> String {
    format!("ticket={}", ticket(participant, 60))
}

#[test]
fn a_stream_begins_with_the_snapshot_goes_on_with_changes_and_ends_with_goodbye() {
    let mut world = World::start();
    world.admit("bob", 12, false);
    let mut stream = Stream::open(&world, &query("bob"));
    let connected = world.expect("bob connected", |event| {
        matches!(event, EngineEvent::Connected { .. })
    });
    assert!(matches!(
        connected,
        EngineEvent::Connected {
            door: EventDoor::Events,
            ..
        }
    ));
    let hub = world.engine.hub();
    hub.snapshot(TOPIC, "listener", 3, b"{\"version\":3}");
    hub.publish(TOPIC, "listener", 3, 4, b"{\"version\":4}");
    assert_eq!(stream.next(), "event: snapshot|id: 3|data: {\"version\":3}");
    assert_eq!(stream.next(), "event: change|id: 4|data: {\"version\":4}");
    world.engine.close_room(ROOM.into(), "ROOM_ENDED").unwrap();
    assert_eq!(stream.next(), "event: bye|data: {\"code\":\"ROOM_ENDED\"}");
    assert_eq!(stream.next(), "");
}

#[test]
fn a_stream_goes_on_where_the_client_stopped_reading() {
    let world = World::start();
    world.admit("bob", 12, false);
    let hub = world.engine.hub();
    hub.snapshot(TOPIC, "listener", 3, b"{}");
    hub.publish(TOPIC, "listener", 3, 4, b"{}");
    hub.publish(TOPIC, "listener", 4, 5, b"{}");
    let mut stream = Stream::open(&world, &format!("{}&last_event_id=4", query("bob")));
    assert_eq!(stream.next(), "event: change|id: 5|data: {}");
}

#[test]
fn a_client_that_goes_is_reported() {
    let mut world = World::start();
    world.admit("bob", 12, false);
    drop(Stream::open(&world, &query("bob")));
    let gone = world.expect("bob gone", |event| {
        matches!(event, EngineEvent::Disconnected { .. })
    });
    assert!(matches!(
        gone,
        EngineEvent::Disconnected {
            door: EventDoor::Events,
            ..
        }
    ));
}

#[test]
fn who_speaks_is_told_by_the_engine_alone() {
    let world = World::start();
    world.admit("ann", 11, true);
    world.admit("bob", 12, false);
    world.engine.hub().snapshot(TOPIC, "listener", 3, b"{}");
    let mut stream = Stream::open(&world, &query("bob"));
    assert!(stream.next().starts_with("event: snapshot"));
    let mut fleet = fleet();
    let ann = fleet
        .join(&world.door("whip", "ann"), Plan::speak(tone(0.5)))
        .unwrap();
    assert!(fleet.run_until(PATIENCE, |fleet| {
        fleet.client(ann).talk().is_some_and(|talk| talk.is_over())
    }));
    assert_eq!(
        stream.next(),
        "event: speaking|data: {\"speaking\":[\"ann\"]}"
    );
    assert_eq!(stream.next(), "event: speaking|data: {\"speaking\":[]}");
}
