//! The doors' refusals and the ways of a session, over real HTTP.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;

use common::{KEY, PATIENCE, ROOM, Talk, World, limit, offer, ticket, ticket_of, tone};
use palabre_core::shard::{Door, Limits};
use palabre_load::Plan;
use palabre_net::{EngineEvent, EventDoor};
use ureq::http::Response;
use ureq::{Agent, Body};

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

fn post(world: &World, path: &str, token: &str, kind: &str, body: &str) -> Response<Body> {
    let request = agent()
        .post(world.url(path))
        .header("Authorization", format!("Bearer {token}"));
    request.header("Content-Type", kind).send(body).unwrap()
}

/// Status and code of the answer.
fn refusal(mut response: Response<Body>) -> (u16, String) {
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let body = response.body_mut().read_to_string().unwrap();
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.len() > 10),
        "{problem}"
    );
    (
        response.status().as_u16(),
        problem["code"].as_str().unwrap().to_owned(),
    )
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

#[test]
fn expired_forged_and_foreign_tickets_open_nothing() {
    let world = World::start();
    world.admit("ann", 11, true);
    let whip = |token: &str| refusal(post(&world, "whip", token, SDP, &offer()));
    assert_eq!(whip(&ticket("ann", -60)), is(401, "TICKET_EXPIRED"));
    assert_eq!(whip("rubbish"), is(401, "TICKET_INVALID"));
    let room = format!("room:{ROOM}");
    assert_eq!(
        whip(&ticket_of(&[8; 32], &room, Some("ann"), 60)),
        is(401, "TICKET_INVALID")
    );
    assert_eq!(
        whip(&ticket_of(&KEY, "room:other", Some("ann"), 60)),
        is(404, "NOT_IN_ROOM")
    );
    assert_eq!(
        whip(&ticket_of(&KEY, "chat:1", Some("ann"), 60)),
        is(404, "NOT_IN_ROOM")
    );
    assert_eq!(
        whip(&ticket_of(&KEY, &room, None, 60)),
        is(404, "NOT_IN_ROOM")
    );
    let bare = agent()
        .post(world.url("whip"))
        .header("Content-Type", SDP)
        .send(offer())
        .unwrap();
    assert_eq!(refusal(bare), is(401, "TICKET_MISSING"));
}

#[test]
fn who_may_not_speak_or_is_not_in_the_room_gets_no_microphone() {
    let world = World::start();
    world.admit("bob", 12, false);
    let whip = |who| refusal(post(&world, "whip", &ticket(who, 60), SDP, &offer()));
    assert_eq!(whip("bob"), is(403, "NOT_ALLOWED_TO_SPEAK"));
    assert_eq!(whip("nobody"), is(404, "NOT_IN_ROOM"));
    world
        .engine
        .remove(ROOM.into(), "bob".into(), "REMOVED_FROM_ROOM")
        .unwrap();
    assert_eq!(whip("bob"), is(404, "NOT_IN_ROOM"));
}

#[test]
fn offers_that_are_none_are_refused_each_with_its_reason() {
    let world = World::start();
    world.admit("ann", 11, true);
    let whip =
        |kind: &str, body: &str| refusal(post(&world, "whip", &ticket("ann", 60), kind, body));
    assert_eq!(
        whip("text/plain", &offer()),
        is(415, "UNSUPPORTED_MEDIA_TYPE")
    );
    for body in ["", "hello", "v=0\r\n", &"v=0\r\n".repeat(1_000)] {
        let (status, _) = whip(SDP, body);
        assert!(matches!(status, 400 | 422), "{body:.20}: {status}");
    }
    assert_eq!(whip(SDP, &"a".repeat(70_000)), is(413, "BODY_TOO_LARGE"));
    assert_eq!(
        whip(SDP, &offer().replace("opus/48000/2", "speex/8000")),
        is(422, "NO_AUDIO")
    );
    assert_eq!(
        whip(SDP, &offer().replace("a=sendonly", "a=recvonly")),
        is(422, "NO_AUDIO")
    );
    let picky = agent()
        .post(world.url("whip"))
        .header("Authorization", format!("Bearer {}", ticket("ann", 60)));
    let picky = picky
        .header("Content-Type", SDP)
        .header("Accept", "text/html")
        .send(offer())
        .unwrap();
    assert_eq!(refusal(picky), is(406, "NOT_ACCEPTABLE"));
}

#[test]
fn a_session_is_created_patched_and_deleted_as_rfc_9725_says() {
    let world = World::start();
    world.admit("ann", 11, true);
    let offer = offer();
    let mut created = post(&world, "whip", &ticket("ann", 60), SDP, &offer);
    assert_eq!(
        (
            created.status().as_u16(),
            created.headers()["content-type"].to_str().unwrap()
        ),
        (201, SDP)
    );
    let answer = created.body_mut().read_to_string().unwrap();
    assert!(
        answer.contains("a=ice-lite") && answer.contains("a=recvonly"),
        "{answer}"
    );
    let location = created.headers()["location"].to_str().unwrap().to_owned();
    let etag = created.headers()["etag"].to_str().unwrap().to_owned();
    let session = world.url(location.strip_prefix("/edge/v1/").unwrap());
    let patch = |if_match: Option<&str>, body: &str| {
        let request = agent().patch(&session).header("Content-Type", FRAGMENT);
        let request = if_match
            .into_iter()
            .fold(request, |request, tag| request.header("If-Match", tag));
        request.send(body).unwrap()
    };
    let of_offer = |name: &str| {
        offer
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    let same = format!(
        "{}\r\n{}\r\n",
        of_offer("a=ice-ufrag"),
        of_offer("a=ice-pwd")
    );
    let fresh = "a=ice-ufrag:newu\r\na=ice-pwd:0123456789012345678901\r\n";
    assert_eq!(patch(Some(&etag), &same).status(), 204);
    assert_eq!(
        refusal(patch(None, &same)),
        is(428, "PRECONDITION_REQUIRED")
    );
    assert_eq!(
        refusal(patch(Some("\"old\""), &same)),
        is(412, "PRECONDITION_FAILED")
    );
    assert_eq!(
        refusal(patch(Some(&etag), "rubbish")),
        is(400, "BAD_FRAGMENT")
    );
    let mut restarted = patch(Some("*"), fresh);
    assert_eq!(restarted.status(), 200);
    assert!(
        restarted
            .body_mut()
            .read_to_string()
            .unwrap()
            .contains("a=ice-ufrag:")
    );
    assert_ne!(restarted.headers()["etag"], etag);
    assert_eq!(
        refusal(patch(Some(&etag), fresh)),
        is(412, "PRECONDITION_FAILED")
    );
    assert_eq!(agent().delete(&session).call().unwrap().status(), 200);
    assert_eq!(
        refusal(agent().delete(&session).call().unwrap()),
        is(404, "SESSION_NOT_FOUND")
    );
    assert_eq!(
        refusal(agent().delete(world.url("sessions/etc")).call().unwrap()),
        is(404, "SESSION_NOT_FOUND")
    );
}

/// The head of the answer to a request that announces a body and never sends one, once the connection is closed.
fn silent(world: &World, line: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(world.engine.edge_address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE / 2)).unwrap();
    let head = format!("{line} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap().to_owned()
}

#[test]
fn whoever_has_nothing_here_is_refused_before_a_body_is_waited_for() {
    let world = World::start();
    world.admit("ann", 11, true);
    let created = post(&world, "whip", &ticket("ann", 60), SDP, &offer());
    let location = created.headers()["location"].to_str().unwrap();
    let nobodys = format!("/edge/v1/sessions/00{}", "0".repeat(32));
    let kind = format!("Content-Type: {FRAGMENT}\r\n");
    let whole = format!("{kind}If-Match: *\r\n");
    for (line, headers, status) in [
        (format!("PATCH {nobodys}"), whole.as_str(), 404),
        ("PATCH /edge/v1/sessions/etc".into(), &whole, 404),
        (format!("PATCH {location}"), "", 415),
        (format!("PATCH {location}"), &kind, 428),
        (format!("DELETE {nobodys}"), "", 404),
        ("POST /edge/v1/whip".into(), "", 401),
        ("POST /edge/v1/whep".into(), "", 401),
        ("POST /edge/v1/health".into(), "", 405),
    ] {
        let answer = silent(&world, &line, headers);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{line}: {answer}"
        );
    }
    let room = format!("room:{ROOM}");
    let nowhere = ticket_of(&KEY, &room, None, 60);
    let headers = format!("Authorization: Bearer {nowhere}\r\nContent-Type: {SDP}\r\n");
    let answer = silent(&world, "POST /edge/v1/whip", &headers);
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[test]
fn full_is_an_answer_that_names_the_limit_and_says_when_to_come_back() {
    let most = Limits::default();
    for (limits, name) in [
        (Limits { links: 1, ..most }, "sessions"),
        (
            Limits {
                links_per_room: 1,
                ..most
            },
            "sessions_in_room",
        ),
        (
            Limits {
                half_open: 1,
                ..most
            },
            "sessions_opening",
        ),
        (
            Limits {
                asked_per_address: 1,
                ..most
            },
            "sessions_opening_per_address",
        ),
    ] {
        let world = World::with_limits(limits, 0);
        for (who, csrc) in [("ann", 1), ("bob", 2)] {
            world.admit(who, csrc, true);
        }
        let first = post(&world, "whip", &ticket("ann", 60), SDP, &offer());
        assert_eq!(first.status(), 201);
        let second = post(&world, "whip", &ticket("bob", 60), SDP, &offer());
        assert_eq!(limit(second), (503, name.to_owned(), 1));
        let stream = agent().get(world.url("events"));
        let stream = stream.header("Authorization", format!("Bearer {}", ticket("ann", 60)));
        let refused = limit(stream.call().unwrap());
        assert_eq!(refused, (503, "event_streams".to_owned(), 0));
    }
}

#[test]
fn pages_of_other_origins_may_use_the_doors_and_read_their_headers() {
    let world = World::start();
    let request = ureq::http::Request::builder()
        .method("OPTIONS")
        .uri(world.url("whip"));
    let request = request
        .header("Origin", "https://example.org")
        .header("Access-Control-Request-Method", "POST");
    let answer = agent().run(request.body(()).unwrap()).unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    let refused = agent()
        .get(world.url("nowhere"))
        .header("Origin", "https://example.org")
        .call()
        .unwrap();
    let exposed = refused.headers()["access-control-expose-headers"]
        .to_str()
        .unwrap()
        .to_ascii_lowercase();
    for name in ["location", "etag", "link", "accept-patch"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    assert_eq!(refusal(refused), is(404, "NOT_FOUND"));
    assert_eq!(
        refusal(agent().get(world.url("whip")).call().unwrap()),
        is(405, "METHOD_NOT_ALLOWED")
    );
}

#[test]
fn a_second_session_replaces_the_first_without_a_word_to_python() {
    let mut world = World::start();
    let mut talk = Talk::start(&world);
    world.expect_connected("ann", Door::Whip);
    let again = Plan::speak(tone(1.0)).repeating();
    let second = talk.fleet.join(&world.door("whip", "ann"), again).unwrap();
    talk.fleet.take_inbox(talk.bob);
    talk.bob_hears(25);
    let old = talk.fleet.session(talk.ann).unwrap().url.clone();
    assert_eq!(
        refusal(agent().delete(&old).call().unwrap()),
        is(404, "SESSION_NOT_FOUND")
    );
    talk.fleet.leave(second).unwrap();
    let gone = world.expect("the end", |event| {
        !matches!(event, EngineEvent::StartedSpeaking { .. })
    });
    let expected = EngineEvent::Disconnected {
        room: ROOM.into(),
        participant: "ann".into(),
        door: EventDoor::Media(Door::Whip),
        reason: "closed",
    };
    assert_eq!(gone, expected);
}

#[test]
fn health_and_metrics_are_readable() {
    let world = World::start();
    let get = |path| {
        agent()
            .get(world.url(path))
            .call()
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap()
    };
    assert_eq!(get("health"), "ok\n");
    let metrics = get("metrics");
    for name in [
        "event_streams",
        "media_datagrams_dropped{why=\"full\"}",
        "media_datagrams_dropped{why=\"receive_buffer\"}",
        "media_datagrams_dropped{why=\"crowded\"}",
        "media_late_seconds_bucket{le=\"0.02\"}",
        "media_cpu_seconds{shard=\"0\"}",
        "media_sessions_refused_late",
    ] {
        assert!(metrics.contains(&format!("palabre_{name} ")), "{name}");
    }
}
