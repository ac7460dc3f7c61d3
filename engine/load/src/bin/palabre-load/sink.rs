//! `palabre-load sink`.

use std::io::Read;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use palabre_load::LoadError;
use palabre_load::lean::{Home, Sink};
use serde_json::json;

use crate::report::event;

/// Phases: `receiving` with the port, then, when its standard input ends, `received`.
#[derive(Args)]
pub struct SinkCommand {
    /// The first listener's address.
    #[arg(long, default_value = "127.1.0.0")]
    addresses: Ipv4Addr,
}

impl SinkCommand {
    pub fn run(&self) -> Result<(), LoadError> {
        let mut sink = Sink::new(Home::Addresses(self.addresses))?;
        event("receiving", &json!({ "port": sink.port() }))?;
        let over = Arc::new(AtomicBool::new(false));
        let told = over.clone();
        std::thread::spawn(move || {
            // An error is an end too.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            told.store(true, Ordering::Relaxed);
        });
        while !over.load(Ordering::Relaxed) {
            sink.turn();
        }
        let figures = json!({ "received": sink.received(), "dropped": sink.dropped() });
        event("received", &figures)
    }
}
