//! A room on the real engine, with tickets signed as Python signs them.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header, encode};
use palabre_core::shard::Limits;
use palabre_edge::http::limits::HttpLimits;
use palabre_edge::{Engine, EngineConfig, Pinning};
use palabre_load::{Door, Fleet};
use serde_json::json;

/// Nothing here takes a second; a loaded machine may take some.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const ROOM: &str = "room_stage";
const KEY: [u8; 32] = [42; 32];
const TICKET_SECONDS: u64 = 300;

pub struct Stage {
    pub engine: Engine,
}

impl Stage {
    pub fn open() -> Self {
        let config = EngineConfig {
            edge_bind: "127.0.0.1:0".into(),
            media_bind: "127.0.0.1:0".into(),
            media_addresses: vec![Ipv4Addr::LOCALHOST.into()],
            shards: 1,
            media: Limits::default(),
            pinning: Pinning::Never,
            ticket_key: KEY.to_vec(),
            cors_origins: Vec::new(),
            http: HttpLimits::default(),
            proxies: Vec::new(),
            metrics_for: Vec::new(),
            max_streams: 100,
        };
        let engine = Engine::start(&config).unwrap();
        engine.open_room(ROOM.into()).unwrap();
        Self { engine }
    }

    pub fn fleet(&self) -> Fleet {
        Fleet::new(Ipv4Addr::LOCALHOST.into()).unwrap()
    }

    pub fn admit(&self, name: &str, csrc: u32, may_speak: bool) {
        let view = if may_speak { "speaker" } else { "listener" };
        self.engine
            .admit(ROOM.into(), name.into(), csrc, view, may_speak)
            .unwrap();
    }

    /// One of the engine's counters.
    #[allow(dead_code, reason = "each test file uses a part of it")]
    pub fn metric(&self, name: &str) -> f64 {
        let all = self.engine.metrics();
        all.iter().find(|(known, _)| known == name).unwrap().1
    }

    pub fn whip(&self, name: &str) -> Door {
        self.door("whip", name)
    }

    pub fn whep(&self, name: &str) -> Door {
        self.door("whep", name)
    }

    pub fn door(&self, door: &str, name: &str) -> Door {
        Door::new(
            format!("http://{}/edge/v1/{door}", self.engine.edge_address()),
            ticket(name),
        )
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.engine.shutdown();
    }
}

fn ticket(participant: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let claims = json!({
        "aud": "palabre-edge",
        "exp": now + TICKET_SECONDS,
        "jti": participant,
        "topic": format!("room:{ROOM}"),
        "view": "listener",
        "participant": participant,
    });
    encode(&Header::default(), &claims, &EncodingKey::from_secret(&KEY)).unwrap()
}
