//! `palabre-load raw`.

use std::net::SocketAddrV4;
use std::time::Duration;

use clap::Args;
use palabre_load::LoadError;
use palabre_load::raw::{Options, measure, measure_toward};

use crate::report::event;

/// The sender runs on --core, the receiver on --receiver-core.
#[derive(Args)]
pub struct Raw {
    /// How many listeners, each with a key and an address of its own.
    #[arg(long, default_value_t = 500)]
    listeners: usize,
    /// How long to send.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Milliseconds between two packets of one listener.
    #[arg(long, default_value_t = 20)]
    packet_ms: u64,
    /// Bytes of each packet, with header and tag.
    #[arg(long, default_value_t = 128)]
    bytes: usize,
    /// Datagrams in one sendmmsg.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// The core that receives.
    #[arg(long)]
    receiver_core: Option<usize>,
    /// Send to listeners of `palabre-load sink` elsewhere: the first one's address, and the port.
    #[arg(long)]
    to: Option<SocketAddrV4>,
}

impl Raw {
    pub fn run(&self, sender_core: Option<usize>) -> Result<(), LoadError> {
        let options = Options {
            listeners: self.listeners,
            time: Duration::from_secs_f64(self.seconds),
            packet_time: Duration::from_millis(self.packet_ms),
            packet_bytes: self.bytes,
            batch: self.batch,
            sender_core,
            receiver_core: self.receiver_core,
        };
        let report = match self.to {
            Some(first) => measure_toward(options, first)?,
            None => measure(options)?,
        };
        event("measured", &report)
    }
}
