//! Limits for one address, when a proxy stands before the doors.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};

use common::{PATIENCE, World, config, limit, offer, ticket};
use palabre_core::shard::Limits;
use palabre_edge::EngineConfig;
use palabre_edge::http::limits::HttpLimits;

/// One connection and one request for each address an address may have.
fn world(proxies: Vec<IpAddr>) -> World {
    World::with_http(
        HttpLimits {
            connections_per_address: 1,
            requests_per_s: 1,
            burst: 1,
            ..HttpLimits::default()
        },
        proxies,
    )
}

/// A connection, held open, that asks once for somebody else; the status of the answer, None when there was none.
fn ask(edge: SocketAddr, sender: &str) -> (TcpStream, Option<String>) {
    let mut stream = TcpStream::connect(edge).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request =
        format!("GET /edge/v1/health HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {sender}\r\n\r\n");
    let mut answer = [0; 256];
    let read = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read(&mut answer));
    let status = read.ok().and_then(|count| {
        let text = String::from_utf8_lossy(&answer[..count]).into_owned();
        text.split(' ').nth(1).map(str::to_owned)
    });
    (stream, status)
}

#[test]
fn behind_a_proxy_everybody_has_a_rate_of_their_own_and_connections_are_the_proxys_affair() {
    let world = world(vec![Ipv4Addr::LOCALHOST.into()]);
    let ask = |sender| ask(world.engine.edge_address(), sender);
    let (_one, first) = ask("203.0.113.1");
    let (_two, second) = ask("203.0.113.2");
    let (_three, third) = ask("10.0.0.1, 203.0.113.2");
    assert_eq!(
        [first, second, third],
        ["200", "200", "429"].map(|status| Some(status.to_owned()))
    );
}

#[test]
fn without_a_proxy_nobody_gains_by_naming_somebody_else() {
    let world = world(Vec::new());
    let ask = |sender| ask(world.engine.edge_address(), sender);
    let (held, first) = ask("203.0.113.1");
    assert_eq!(first.as_deref(), Some("200"));
    let (_, second) = ask("203.0.113.2");
    assert_eq!(
        second.as_deref(),
        Some("429"),
        "one address has one connection"
    );
    drop(held);
}

#[test]
fn sessions_that_are_being_opened_count_for_whom_the_proxy_speaks_for() {
    let world = World::with(EngineConfig {
        media: Limits {
            asked_per_address: 1,
            ..Limits::default()
        },
        proxies: vec![Ipv4Addr::LOCALHOST.into()],
        ..config()
    });
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let open = |who: &str, sender: &str| {
        world.admit(who, 1, true);
        let request = agent
            .post(world.url("whip"))
            .header("Authorization", format!("Bearer {}", ticket(who, 60)))
            .header("Content-Type", "application/sdp")
            .header("X-Forwarded-For", sender);
        request.send(offer()).unwrap()
    };
    assert_eq!(open("ann", "203.0.113.1").status(), 201);
    let refused = limit(open("bob", "203.0.113.1"));
    assert_eq!(refused, (503, "sessions_opening_per_address".to_owned(), 1));
    assert_eq!(open("bob", "203.0.113.2").status(), 201);
}
