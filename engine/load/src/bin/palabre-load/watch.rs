//! `palabre-load watch`.

use std::net::Ipv4Addr;
use std::time::Duration;

use clap::Args;
use palabre_load::LoadError;
use palabre_load::lean::Watch;
use serde_json::{Value, json};

use crate::listen::Who;
use crate::report::{Progress, event};

/// Streams that are not open by then are not waited for.
const OPEN_WITHIN: Duration = Duration::from_secs(30);
/// The same, for each stream: joining through the API takes the server some milliseconds.
const OPEN_WITHIN_EACH: Duration = Duration::from_millis(20);

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
        let entrances = self.who.entrances()?;
        let within = OPEN_WITHIN + OPEN_WITHIN_EACH * entrances.len() as u32;
        let mut progress = Progress::of("streams", entrances.len());
        let mut watch = Watch::new(entrances, self.addresses)?;
        watch.open_all(within, |open| progress.at(open))?;
        event("watching", &figures(&watch))?;
        let changes = watch.run_for(Duration::from_secs_f64(self.seconds));
        let mut figures = figures(&watch);
        if let Some(figures) = figures.as_object_mut() {
            figures.insert("changes".into(), json!(changes));
        }
        event("watched", &figures)
    }
}

fn figures(watch: &Watch) -> Value {
    json!({
        "open": watch.open(),
        "closed": watch.closed().len(),
        "first_failure": watch.closed().first().map(ToString::to_string),
    })
}
