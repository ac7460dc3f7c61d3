//! A whole engine on loopback, and tickets for it.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use palabre_core::shard::Limits;
use palabre_edge::http::limits::HttpLimits;
use palabre_edge::{Engine, EngineConfig, Pinning};
use palabre_load::{Client, ClientId, Door, Fleet, Plan, Speech};
use palabre_net::{EngineEvent, EventDoor};
use serde_json::json;
use ureq::Body;
use ureq::http::Response;

pub const KEY: [u8; 32] = [7; 32];
pub const ROOM: &str = "room_1";
/// Nothing on loopback takes longer.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub struct World {
    pub engine: Engine,
    seen: VecDeque<EngineEvent>,
}

impl World {
    /// One open room.
    pub fn start() -> Self {
        Self::with_shards(1)
    }

    pub fn with_shards(shards: u8) -> Self {
        Self::with(EngineConfig { shards, ..config() })
    }

    /// One that holds only so much.
    pub fn with_limits(media: Limits, max_streams: usize) -> Self {
        Self::with(EngineConfig {
            media,
            max_streams,
            ..config()
        })
    }

    /// For benches, whose many clients share an address.
    pub fn with_room_for(streams: usize) -> Self {
        Self::with(EngineConfig {
            http: HttpLimits {
                connections_per_address: u32::MAX,
                requests_per_s: 100_000,
                burst: 100_000,
                ..HttpLimits::default()
            },
            max_streams: streams,
            ..config()
        })
    }

    pub fn with_http(http: HttpLimits, proxies: Vec<IpAddr>) -> Self {
        Self::with(EngineConfig {
            http,
            proxies,
            ..config()
        })
    }

    pub fn with(config: EngineConfig) -> Self {
        let engine = Engine::start(&config).unwrap();
        engine.open_room(ROOM.into()).unwrap();
        Self {
            engine,
            seen: VecDeque::new(),
        }
    }

    pub fn admit(&self, participant: &str, csrc: u32, may_speak: bool) {
        self.engine
            .admit(ROOM.into(), participant.into(), csrc, "listener", may_speak)
            .unwrap();
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/edge/v1/{path}", self.engine.edge_address())
    }

    pub fn door(&self, path: &str, participant: &str) -> Door {
        Door::new(self.url(path), ticket(participant, 60))
    }

    /// Waits until such an event has come; what came before it is forgotten.
    pub fn expect(&mut self, what: &str, wanted: impl Fn(&EngineEvent) -> bool) -> EngineEvent {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.seen.extend(self.engine.events().drain());
            while let Some(event) = self.seen.pop_front() {
                if wanted(&event) {
                    return event;
                }
            }
            assert!(Instant::now() < deadline, "no event: {what}");
            std::thread::yield_now();
        }
    }

    pub fn expect_connected(&mut self, participant: &str, door: palabre_core::shard::Door) {
        let wanted = EngineEvent::Connected {
            room: ROOM.into(),
            participant: participant.into(),
            door: EventDoor::Media(door),
        };
        self.expect("connected", |event| *event == wanted);
    }
}

/// Ann speaks without end, and Bob, who listens to the slots, has heard her.
pub struct Talk {
    pub fleet: Fleet,
    pub ann: ClientId,
    pub bob: ClientId,
}

impl Talk {
    pub fn start(world: &World) -> Self {
        world.admit("ann", 11, true);
        world.admit("bob", 12, false);
        let mut fleet = fleet();
        let ear = Plan::listen().lines(3);
        let bob = fleet.join(&world.door("whep", "bob"), ear).unwrap();
        let voice = Plan::speak(tone(1.0)).repeating();
        let ann = fleet.join(&world.door("whip", "ann"), voice).unwrap();
        let mut talk = Self { fleet, ann, bob };
        talk.bob_hears(10);
        talk
    }

    /// Waits until Bob has heard so many packets.
    pub fn bob_hears(&mut self, packets: u64) {
        let bob = self.bob;
        let heard = |fleet: &Fleet| fleet.client(bob).inbox().received() >= packets;
        assert!(self.fleet.run_until(PATIENCE, heard));
    }
}

pub fn config() -> EngineConfig {
    EngineConfig {
        edge_bind: "127.0.0.1:0".into(),
        media_bind: "127.0.0.1:0".into(),
        media_addresses: Vec::new(),
        shards: 1,
        media: Limits::default(),
        pinning: Pinning::Never,
        ticket_key: KEY.to_vec(),
        cors_origins: Vec::new(),
        http: HttpLimits::default(),
        proxies: Vec::new(),
        metrics_for: vec!["127.0.0.1/32".parse().unwrap()],
        max_streams: 100,
    }
}

/// What a client that speaks offers.
pub fn offer() -> String {
    let address = "127.0.0.1:9".parse().unwrap();
    Client::offer(Plan::speak(tone(0.1)), address, Instant::now())
        .unwrap()
        .1
}

/// Status, and the name and value of the limit, in a refusal that says when to come back.
pub fn limit(mut response: Response<Body>) -> (u16, String, u64) {
    let status = response.status().as_u16();
    let seconds: u32 = response.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(seconds >= 1);
    let body = response.body_mut().read_to_string().unwrap();
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    let (name, most) = problem["limit"].as_object().unwrap().iter().next().unwrap();
    (status, name.clone(), most.as_u64().unwrap())
}

pub fn ticket(participant: &str, expires_in_s: i64) -> String {
    ticket_of(
        &KEY,
        &format!("room:{ROOM}"),
        Some(participant),
        expires_in_s,
    )
}

pub fn ticket_of(key: &[u8], topic: &str, participant: Option<&str>, expires_in_s: i64) -> String {
    let exp = jsonwebtoken::get_current_timestamp() as i64 + expires_in_s;
    let claims = json!({
        "aud": "palabre-edge", "exp": exp, "jti": "1", "topic": topic, "view": "listener", "participant": participant,
    });
    encode(
        &Header::new(Algorithm::HS256),
        &claims,
        &EncodingKey::from_secret(key),
    )
    .unwrap()
}

pub fn fleet() -> Fleet {
    Fleet::new(Ipv4Addr::LOCALHOST.into()).unwrap()
}

pub fn tone(seconds: f64) -> Arc<Speech> {
    Arc::new(Speech::tone(440.0, seconds).unwrap())
}
