//! A media thread that is late with most of what it does: what its doors answer.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::time::{Duration, Instant};

use common::{PATIENCE, Talk, World, config, ticket, tone};
use palabre_core::shard::Limits;
use palabre_edge::EngineConfig;
use palabre_load::{Client, Plan};
use ureq::Body;
use ureq::http::Response;

fn post(world: &World, path: &str, plan: Plan) -> Response<Body> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let address = "127.0.0.1:9".parse().unwrap();
    let (_, offer) = Client::offer(plan, address, Instant::now()).unwrap();
    let request = agent
        .post(world.url(path))
        .header("Authorization", format!("Bearer {}", ticket("cy", 60)))
        .header("Content-Type", "application/sdp");
    request.send(offer).unwrap()
}

#[test]
fn who_wants_to_listen_where_sound_is_late_is_told_when_to_come_back_and_who_speaks_is_let_in() {
    // Later than not at all: every deadline is.
    let media = Limits {
        late: Some(Duration::ZERO),
        ..Limits::default()
    };
    let world = World::with(EngineConfig { media, ..config() });
    let mut talk = Talk::start(&world);
    world.admit("cy", 13, true);
    let deadline = Instant::now() + PATIENCE;
    let mut refused = loop {
        let answer = post(&world, "whep", Plan::listen());
        if answer.status() == 503 {
            break answer;
        }
        assert!(Instant::now() < deadline, "{}", answer.status());
        talk.fleet.run_for(Duration::from_millis(100));
    };
    let whip = post(&world, "whip", Plan::speak(tone(0.1)));
    assert_eq!(whip.status(), 201);
    assert_eq!(refused.headers()["retry-after"], "30");
    let body = refused.body_mut().read_to_string().unwrap();
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["code"], "FULL");
    assert_eq!(problem["limit"], serde_json::json!({ "late_ms": 0 }));
    let metrics = world.engine.metrics();
    let (_, sent_away) = metrics
        .iter()
        .find(|(name, _)| name == "media_sessions_refused_late")
        .unwrap();
    assert!(*sent_away >= 1.0);
}
