//! A server that is full: everybody who comes has an answer, with when to come back.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use common::{PATIENCE, World, config, ticket};
use palabre_edge::EngineConfig;
use palabre_edge::http::limits::HttpLimits;
use palabre_edge::http::places::Places;
use palabre_load::Plan;

fn world(connections: usize, max_streams: usize) -> World {
    World::with(EngineConfig {
        http: HttpLimits {
            connections,
            ..HttpLimits::default()
        },
        max_streams,
        ..config()
    })
}

/// One connection, which stays open.
struct Line(TcpStream);

impl Line {
    fn open(world: &World) -> Self {
        let socket = TcpStream::connect(world.engine.edge_address()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    fn ask(&mut self, path: &str) {
        let request = format!("GET /edge/v1/{path} HTTP/1.1\r\nHost: a\r\n\r\n");
        self.0.write_all(request.as_bytes()).unwrap();
    }

    /// What comes next of an answer.
    fn piece(&mut self) -> String {
        let mut bytes = [0; 4096];
        let count = self.0.read(&mut bytes).unwrap();
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    }

    /// All that comes until the server closes.
    fn rest(&mut self) -> String {
        let mut text = String::new();
        self.0.read_to_string(&mut text).unwrap();
        text
    }
}

/// A connection that has a place: it has had an answer.
fn held(world: &World) -> Line {
    let mut line = Line::open(world);
    line.ask("health");
    assert!(line.piece().starts_with("HTTP/1.1 200 "));
    line
}

#[track_caller]
fn assert_sent_away(answer: &str, status: u16, limit: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    for part in [
        "\r\nretry-after: 5\r\n",
        "\r\ndate: ",
        "\"code\":\"TOO_MANY_CONNECTIONS\"",
        limit,
    ] {
        assert!(answer.contains(part), "{part} is not in {answer}");
    }
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("content-length: {}\r\n", body.len())),
        "{answer}"
    );
}

#[test]
fn a_server_full_of_event_streams_says_so_and_answers_everything_else() {
    let places = Places::within(50);
    let world = world(places.connections, places.streams);
    let stream = |number: usize| {
        let who = format!("p{number}");
        world.admit(&who, number as u32 + 1, false);
        let mut line = Line::open(&world);
        line.ask(&format!("events?ticket={}", ticket(&who, 60)));
        let head = line.piece();
        (line, head)
    };
    let open: Vec<_> = (0..places.streams).map(stream).collect();
    for (_, head) in &open {
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    }
    let (mut line, refused) = stream(places.streams);
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("TOO_MANY_STREAMS") && refused.contains("retry-after: 5"));
    for path in ["health", "metrics"] {
        line.ask(path);
        assert!(line.piece().starts_with("HTTP/1.1 200 "), "{path}");
    }
    let mut fleet = common::fleet();
    fleet
        .join(&world.door("whep", "p0"), Plan::listen())
        .unwrap();
}

#[test]
fn a_connection_that_the_server_has_no_place_for_is_told_when_to_come_back() {
    let world = world(1, 0);
    let held = held(&world);
    let mut late = Line::open(&world);
    late.ask("health");
    assert_sent_away(&late.rest(), 503, "\"limit\":{\"connections\":1}");
    drop(held);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut line = Line::open(&world);
        line.ask("health");
        if line.piece().starts_with("HTTP/1.1 200 ") {
            break;
        }
        assert!(Instant::now() < deadline, "the place is not free again");
    }
}

#[test]
fn an_address_with_all_its_connections_is_told_so() {
    let http = HttpLimits {
        connections_per_address: 1,
        ..HttpLimits::default()
    };
    let world = World::with_http(http, Vec::new());
    let _held = held(&world);
    let mut second = Line::open(&world);
    second.ask("health");
    assert_sent_away(
        &second.rest(),
        429,
        "\"limit\":{\"connections_of_address\":1}",
    );
}

#[test]
fn an_offer_on_its_way_is_answered_although_nobody_reads_it() {
    let world = world(1, 0);
    let _held = held(&world);
    let mut late = Line::open(&world);
    let body = "a".repeat(32 * 1024);
    let head = "POST /edge/v1/whep HTTP/1.1\r\nHost: a\r\nContent-Length: 32768\r\n\r\n";
    for part in [head, &body] {
        late.0.write_all(part.as_bytes()).unwrap();
    }
    assert_sent_away(&late.rest(), 503, "connections");
}

#[test]
fn of_hundreds_without_a_place_who_neither_ask_nor_go_everybody_is_told() {
    let world = world(1, 0);
    let mut held = held(&world);
    // More than are waited for at once.
    let mut lines: Vec<_> = (0..400).map(|_| Line::open(&world)).collect();
    for line in &mut lines {
        assert_sent_away(&line.rest(), 503, "connections");
    }
    held.ask("metrics");
    let metrics = held.piece();
    assert!(metrics.contains("palabre_connections 1\n"), "{metrics}");
    assert!(
        metrics.contains("palabre_connections_refused{why=\"server\"} 400\n"),
        "{metrics}"
    );
}
