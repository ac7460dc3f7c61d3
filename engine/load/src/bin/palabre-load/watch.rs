//! `palabre-load watch`.

use std::net::Ipv4Addr;
use std::time::Duration;

use clap::Args;
use palabre_load::lean::Watch;
use palabre_load::{Entrance, LoadError};
use serde_json::json;

use crate::listen::Who;
use crate::report::{Progress, event};

/// Event streams. Phases: `watching` (all are open), then `watched` with the times of each change.
#[derive(Args)]
pub struct WatchCommand {
    /// `--whep` is the address of the event stream here.
    #[command(flatten)]
    who: Who,
    /// How long to watch.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Stream n comes from the n-th address from this one on: servers limit what one address may open.
    #[arg(long)]
    addresses: Option<Ipv4Addr>,
}

impl WatchCommand {
    pub fn run(&self) -> Result<(), LoadError> {
        let doors: Vec<_> = self.who.entrances()?.into_iter().filter_map(door).collect();
        let mut progress = Progress::of("streams", doors.len());
        let mut watch = Watch::new(doors, self.addresses)?;
        watch.open_all(Duration::from_secs(60), |open| progress.at(open))?;
        event(
            "watching",
            &json!({ "open": watch.open(), "closed": watch.closed() }),
        )?;
        let changes = watch.run_for(Duration::from_secs_f64(self.seconds));
        let figures = json!({ "open": watch.open(), "closed": watch.closed(), "changes": changes });
        event("watched", &figures)
    }
}

fn door(entrance: Entrance) -> Option<palabre_load::Door> {
    match entrance {
        Entrance::Door(door) => Some(door),
        Entrance::Room { .. } => None,
    }
}
