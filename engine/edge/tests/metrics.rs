//! Who may read the metrics.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::net::Ipv4Addr;

use common::{World, config};
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
