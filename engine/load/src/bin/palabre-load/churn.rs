//! `palabre-load churn`.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use clap::Args;
use palabre_load::LoadError;
use palabre_load::lean::{Churn, ChurnOptions, Crowd, CrowdOptions};
use serde_json::json;

use crate::crowd::home;
use crate::listen::{Who, server_of};
use crate::report::event;

/// Lean listeners who come and go, with an event stream each. Each line of --entrances is an account that joins by the
/// API. Phases: `churning` (every few seconds), then all go: `emptied`.
#[derive(Args)]
pub struct ChurnCommand {
    #[command(flatten)]
    who: Who,
    /// How long they come and go.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// How long somebody stays, on average.
    #[arg(long, default_value_t = 60.0)]
    stay: f64,
    /// How long somebody stays away, on average.
    #[arg(long, default_value_t = 15.0)]
    away: f64,
    /// The same seed gives the same stays.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// As of `crowd`.
    #[arg(long)]
    addresses: Option<Ipv4Addr>,
    /// Audio lines to offer.
    #[arg(long, default_value_t = 4)]
    lines: usize,
    /// HTTP connections to the API, and as many to the edge.
    #[arg(long, default_value_t = 32)]
    lanes: usize,
    /// Seconds between two lines that say how it goes.
    #[arg(long, default_value_t = 10.0)]
    every: f64,
}

impl ChurnCommand {
    pub fn run(&self) -> Result<(), LoadError> {
        let entrances = self.who.entrances()?;
        let Some(first) = entrances.first() else {
            return event("emptied", &json!({}));
        };
        let server = server_of(first)?;
        let crowd = Crowd::new(home(self.addresses, server)?, self.options())?;
        let mut churn = Churn::new(self.churn_options(), crowd, server, entrances)?;
        let end = Instant::now() + Duration::from_secs_f64(self.seconds);
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            churn.run_for(left.min(Duration::from_secs_f64(self.every)))?;
            event("churning", &churn.counted())?;
        }
        churn.close(Duration::from_secs(60))?;
        event("emptied", &churn.counted())
    }

    fn options(&self) -> CrowdOptions {
        CrowdOptions {
            lines: self.lines,
            decrypt_one_in: 0,
            ..CrowdOptions::default()
        }
    }

    fn churn_options(&self) -> ChurnOptions {
        ChurnOptions {
            stay: Duration::from_secs_f64(self.stay),
            away: Duration::from_secs_f64(self.away),
            seed: self.seed,
            lanes: self.lanes,
            patience: Duration::from_secs(20),
        }
    }
}
