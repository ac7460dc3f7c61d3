//! `palabre-load janus`: the same lean listeners at Janus's streaming plugin, to compare with.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use clap::Args;
use palabre_load::LoadError;
use palabre_load::lean::{Crowd, CrowdOptions, DtlsVersion, Home, Janus};
use serde_json::json;

use crate::crowd::figures;
use crate::report::{Progress, event};

/// Phases: `joined`, `measuring`, `measured`.
#[derive(Args)]
pub struct JanusCommand {
    /// Its HTTP API.
    #[arg(long, default_value = "http://127.0.0.1:8088/janus")]
    url: String,
    /// The mountpoint to watch.
    #[arg(long, default_value_t = 1)]
    mountpoint: u32,
    #[arg(long, default_value_t = 100)]
    listeners: usize,
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// As of `crowd`.
    #[arg(long, default_value = "127.1.0.0")]
    addresses: Ipv4Addr,
    /// Where Janus is.
    #[arg(long, default_value = "127.0.0.1")]
    server: IpAddr,
    /// One listener in so many authenticates and decrypts.
    #[arg(long, default_value_t = 100)]
    decrypt_one_in: usize,
}

impl JanusCommand {
    pub fn run(&self) -> Result<(), LoadError> {
        let options = CrowdOptions {
            dtls: DtlsVersion::V1_2,
            decrypt_one_in: self.decrypt_one_in,
            ..CrowdOptions::default()
        };
        let mut crowd = Crowd::new(Home::Addresses(self.addresses), options)?;
        let janus = Janus::new(&self.url, self.mountpoint);
        let start = Instant::now();
        let mut progress = Progress::of("joined", self.listeners);
        for done in 0..self.listeners {
            janus.bring(&mut crowd, self.server)?;
            crowd.turn(Duration::ZERO, &mut Vec::new());
            progress.at(done);
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while !all_hear(&crowd) && Instant::now() < deadline {
            crowd.run_for(Duration::from_millis(50));
        }
        let joined = crowd
            .listeners()
            .iter()
            .filter(|l| l.first_packet_at.is_some())
            .count();
        let failure = crowd.listeners().iter().find_map(|l| l.failure.as_ref());
        event(
            "joined",
            &json!({
                "joined": joined,
                "failed": self.listeners - joined,
                "first_failure": failure.map(ToString::to_string),
                "seconds": start.elapsed().as_secs_f64(),
            }),
        )?;
        crowd.restart(false);
        event("measuring", &json!({}))?;
        crowd.run_for(Duration::from_secs_f64(self.seconds));
        event("measured", &figures(&crowd, self.seconds, None)?)
    }
}

fn all_hear(crowd: &Crowd) -> bool {
    crowd
        .listeners()
        .iter()
        .all(|l| l.first_packet_at.is_some())
}
