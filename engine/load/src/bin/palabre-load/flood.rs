//! `palabre-load flood`.

use std::net::Ipv4Addr;

use clap::Args;
use palabre_load::lean::{Flood, FloodOptions};
use palabre_load::{Entrance, LoadError};

use crate::listen::{Who, server_of};
use crate::report::event;

/// Connectivity checks of unknown sessions and under wrong passwords, ClientHellos without a check, and sessions that
/// are opened, checked, greeted and left alone. One phase: `flooded`.
#[derive(Args)]
pub struct FloodCommand {
    #[command(flatten)]
    who: Who,
    /// Attempts in all.
    #[arg(long, default_value_t = 100_000)]
    attempts: usize,
    /// At most so many in a second; 0 for as many as go.
    #[arg(long, default_value_t = 0.0)]
    per_second: f64,
    /// The address that all of it comes from; it must lead to this machine.
    #[arg(long, default_value_t = Ipv4Addr::new(127, 66, 0, 1))]
    from: Ipv4Addr,
    /// HTTP connections to the edge.
    #[arg(long, default_value_t = 32)]
    lanes: usize,
}

impl FloodCommand {
    pub fn run(&self) -> Result<(), LoadError> {
        let entrances = self.who.entrances()?;
        let Some(server) = entrances.first().map(server_of).transpose()? else {
            return Ok(());
        };
        // Who would have to join first has no door.
        let doors = entrances.into_iter().filter_map(|entrance| match entrance {
            Entrance::Door(door) => Some(door),
            Entrance::Room { .. } => None,
        });
        let doors = doors.collect();
        let options = FloodOptions {
            from: self.from,
            attempts: self.attempts,
            per_second: self.per_second,
            lanes: self.lanes,
        };
        event("flooded", &Flood::new(options, server, doors)?.run()?)
    }
}
