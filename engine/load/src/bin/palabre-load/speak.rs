//! `palabre-load speak`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use palabre_load::{ClientId, Door, Fleet, LoadError, Plan, Speech};
use serde_json::json;

use crate::report::event;

const CONNECT_PATIENCE: Duration = Duration::from_secs(20);
/// Longer than anybody listens.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Phases: `speaking`, then `spoken` with the number of packets.
#[derive(Args)]
pub struct Speak {
    /// The WHIP endpoint.
    #[arg(long)]
    whip: String,
    /// The bearer token.
    #[arg(long)]
    token: String,
    /// Say the files again and again, for --seconds or until killed.
    #[arg(long)]
    repeat: bool,
    /// Stop after this long.
    #[arg(long)]
    seconds: Option<f64>,
    /// WAV files, 16 bit, said one after the other.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Speak {
    pub fn run(&self) -> Result<(), LoadError> {
        let door = Door::new(&self.whip, &self.token);
        let mut plan = Plan::speak(Arc::new(Speech::from_wavs(&self.files)?));
        if self.repeat {
            plan = plan.repeating();
        }
        let mut fleet = Fleet::new(door.address()?.ip())?;
        let id = fleet.join(&door, plan)?;
        if !fleet.run_until(CONNECT_PATIENCE, |f| f.client(id).is_connected()) {
            return Err(LoadError::NotConnected {
                after: CONNECT_PATIENCE,
            });
        }
        event("speaking", &json!({}))?;
        let over = fleet.run_until(self.time(), |f| is_over(f, id));
        event(
            "spoken",
            &json!({ "packets": fleet.client(id).talk().map(|t| t.sent()), "to_the_end": over }),
        )?;
        fleet.leave(id)
    }

    fn time(&self) -> Duration {
        self.seconds.map_or(FOREVER, Duration::from_secs_f64)
    }
}

fn is_over(fleet: &Fleet, id: ClientId) -> bool {
    let client = fleet.client(id);
    client.is_closed() || client.talk().is_none_or(|talk| talk.is_over())
}
