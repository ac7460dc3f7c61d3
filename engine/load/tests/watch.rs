//! Event streams against the real engine.

#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "nobody speaks or listens here")]
mod stage;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use palabre_load::lean::Watch;
use palabre_load::raw::{StreamOptions, Streams};
use palabre_load::{Door, Entrance};
use serde_json::json;
use stage::{PATIENCE, ROOM, Stage};

/// A room with something to see.
fn stage() -> (Stage, String) {
    let (stage, topic) = (Stage::open(), format!("room:{ROOM}"));
    stage.engine.hub().snapshot(&topic, "listener", 1, b"{}");
    (stage, topic)
}

/// An API with one room, which lets one person in and leads it to that door; gives its address.
fn api(door: &Door) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/rooms/r/join", listener.local_addr().unwrap());
    let edge = json!({ "whep": "http://unused", "events": door.url });
    let body = json!({ "ticket": door.token, "edge": edge }).to_string();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let len = socket.read(&mut request).unwrap();
        assert!(request[..len].starts_with(b"POST /rooms/r/join HTTP/1.1\r\n"));
        let head = format!(
            "HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all((head + &body).as_bytes()).unwrap();
    });
    url
}

#[test]
fn streams_open_through_the_door_and_through_the_api_and_see_each_change() {
    let (stage, topic) = stage();
    for (csrc, name) in (1..).zip(["anna", "ben"]) {
        stage.admit(name, csrc, false);
    }
    let entrances = vec![
        Entrance::Door(stage.door("events", "anna")),
        Entrance::Room {
            join_url: api(&stage.door("events", "ben")),
            session: "s".into(),
            body: json!({}),
        },
    ];
    let mut watch = Watch::new(entrances, None).unwrap();
    watch.open_all(PATIENCE, |_| {}).unwrap();
    assert_eq!((watch.open(), watch.closed().len()), (2, 0));
    let hub = stage.engine.hub();
    hub.publish(&topic, "listener", 1, 2, b"{}");
    let (deadline, mut seen) = (Instant::now() + PATIENCE, 0);
    while seen < 2 && Instant::now() < deadline {
        for change in watch.run_for(Duration::from_millis(20)) {
            assert_eq!(change.id, 2);
            seen += change.streams;
        }
    }
    assert_eq!(seen, 2);
}

#[test]
fn who_is_not_let_in_is_told_why_at_once() {
    let (stage, _) = stage();
    let entrances = vec![Entrance::Door(stage.door("events", "nobody"))];
    let mut watch = Watch::new(entrances, None).unwrap();
    let asked = Instant::now();
    watch.open_all(PATIENCE, |_| {}).unwrap();
    // The connection stays open for other requests: the refusal must not wait for its end.
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert_eq!(watch.open(), 0);
    assert!(watch.closed()[0].to_string().contains("answered 4"));
}

#[test]
fn streams_of_the_raw_limit_see_each_event_and_when_it_began() {
    let options = StreamOptions {
        streams: 3,
        events: 2,
        bytes: 120,
        core: None,
    };
    let mut raw = Streams::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
    let url = format!("http://{}/events", raw.address().unwrap());
    let serving = std::thread::spawn(move || {
        raw.open_all().unwrap();
        // The socket goes with `raw`: who watches has read everything by then.
        let begun = raw.tell_all().unwrap();
        (begun, raw)
    });
    let entrances = vec![Entrance::Door(Door::new(url, "")); 3];
    let mut watch = Watch::new(entrances, None).unwrap();
    watch.open_all(PATIENCE, |_| {}).unwrap();
    assert_eq!(watch.open(), 3);
    let mut seen = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while seen.len() < 2 && Instant::now() < deadline {
        seen.extend(watch.run_for(Duration::from_millis(300)));
    }
    let (begun, _raw) = serving.join().unwrap();
    let told: Vec<_> = seen.iter().map(|event| (event.id, event.streams)).collect();
    assert_eq!(told, [(1, 3), (2, 3)]);
    assert!(
        begun
            .iter()
            .zip(&seen)
            .all(|(at, event)| *at <= event.first_ns)
    );
}
