//! Who may read the metrics.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use common::{PATIENCE, World, config};
use palabre_edge::EngineConfig;

/// The answer's status, and the first line of its body, for a request that a proxy sends for `sender`.
fn read_metrics(world: &World, sender: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut answer = agent
        .get(world.url("metrics"))
        .header("X-Forwarded-For", sender)
        .call()
        .unwrap();
    let body = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), body)
}

#[test]
fn metrics_are_for_the_networks_that_the_operator_named() {
    let world = World::with(EngineConfig {
        proxies: vec![Ipv4Addr::LOCALHOST.into()],
        metrics_for: vec!["192.0.2.0/24".parse().unwrap()],
        ..config()
    });
    let (status, body) = read_metrics(&world, "192.0.2.77");
    assert_eq!(status, 200);
    assert!(body.contains("palabre_media_sessions 0"), "{body}");
    let (status, body) = read_metrics(&world, "192.0.3.77");
    assert_eq!(status, 403);
    assert!(body.contains("PALABRE_METRICS_FOR"), "{body}");
    assert!(!body.contains("palabre_media_sessions"), "{body}");
}

#[test]
fn what_a_proxy_cannot_name_has_not_the_proxys_own_rights() {
    let world = World::with(EngineConfig {
        proxies: vec![Ipv4Addr::LOCALHOST.into()],
        ..config()
    });
    for sender in [
        &b"\xff, 203.0.113.5"[..],
        b"203.0.113.5:4711",
        b"unknown",
        b"\xff",
        b"",
    ] {
        let mut stream = TcpStream::connect(world.engine.edge_address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head =
            b"GET /edge/v1/metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: ";
        stream
            .write_all(&[head, sender, b"\r\n\r\n"].concat())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{sender:?}: {answer}");
    }
    let (status, _) = read_metrics(&world, "127.0.0.1");
    assert_eq!(status, 200, "the machine itself, by way of its proxy");
}
