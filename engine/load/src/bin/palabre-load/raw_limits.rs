//! `palabre-load raw-handshakes` and `palabre-load raw-streams`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use palabre_load::LoadError;
use palabre_load::raw::{StreamOptions, Streams, measure_handshakes};
use serde_json::json;

use crate::report::event;

/// Phase: `measured`.
#[derive(Args)]
pub struct RawHandshakes {
    /// CPU seconds to spend.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

impl RawHandshakes {
    pub fn run(&self, core: Option<usize>) -> Result<(), LoadError> {
        let time = Duration::from_secs_f64(self.seconds);
        event("measured", &measure_handshakes(time, core)?)
    }
}

/// Phases: `listening` with the port, then, when all streams have been told everything, `told`.
#[derive(Args)]
pub struct RawStreams {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    bind: SocketAddr,
    /// So many readers come.
    #[arg(long, default_value_t = 100)]
    streams: usize,
    /// So many events are told, one each 0.7 s.
    #[arg(long, default_value_t = 10)]
    events: u64,
    /// Bytes of each event.
    #[arg(long, default_value_t = 300)]
    bytes: usize,
}

impl RawStreams {
    pub fn run(&self, core: Option<usize>) -> Result<(), LoadError> {
        let options = StreamOptions {
            streams: self.streams,
            events: self.events,
            bytes: self.bytes,
            core,
        };
        let mut streams = Streams::bind(self.bind, options)?;
        event("listening", &json!({ "port": streams.address()?.port() }))?;
        streams.open_all()?;
        event("told", &json!({ "begun_ns": streams.tell_all()? }))
    }
}
