//! `palabre-load listen`.

use std::fs;
use std::io::Read;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use palabre_load::{
    ClientId, Door, Entrance, Fleet, Inbox, Joined, Joiner, LoadError, Milestone, Plan,
    SAMPLE_RATE_HZ,
};
use serde_json::{Value, json};

use crate::report::{Progress, event, percentiles};

/// Phases: `joined` (everybody is in), `measuring`, `measured` (with the figures), then everybody leaves.
#[derive(Args)]
pub struct Listen {
    #[command(flatten)]
    who: Who,
    /// How long to count.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Audio lines to offer: 1 for the mix, 2 or 3 for slots, 4 for whichever the server chooses.
    #[arg(long, default_value_t = 1)]
    lines: usize,
    /// One listener in so many decrypts what it receives; the others read headers only.
    #[arg(long, default_value_t = 1)]
    decrypt_one_in: usize,
    /// Joins on their way at once.
    #[arg(long, default_value_t = 32)]
    in_flight: usize,
    /// A join is complete with the first packet heard, not with the connection.
    #[arg(long)]
    until_heard: bool,
}

/// Who is to listen, and where.
#[derive(Args)]
pub struct Who {
    /// The WHEP endpoint.
    #[arg(long, required_unless_present = "entrances", requires = "token")]
    whep: Option<String>,
    /// The bearer token, the same for all listeners.
    #[arg(long)]
    token: Option<String>,
    /// How many listeners.
    #[arg(long, default_value_t = 1)]
    listeners: usize,
    /// Instead of --whep: a file with one listener a line, {"url", "token"} or {"join_url", "session", "body"}; - is stdin.
    #[arg(long, conflicts_with = "whep")]
    entrances: Option<PathBuf>,
}

impl Who {
    pub fn entrances(&self) -> Result<Vec<Entrance>, LoadError> {
        if let Some(path) = &self.entrances {
            return read_entrances(path);
        }
        let door = Door::new(
            self.whep.clone().unwrap_or_default(),
            self.token.clone().unwrap_or_default(),
        );
        Ok(vec![Entrance::Door(door); self.listeners])
    }
}

impl Listen {
    pub fn run(&self) -> Result<(), LoadError> {
        let entrances = self.who.entrances()?;
        let mut fleet = Fleet::new(server_of_all(&entrances)?)?;
        let joined = self.join(&mut fleet, entrances)?;
        event("joined", &join_figures(&fleet, &joined))?;
        for &id in &joined.clients {
            fleet.take_inbox(id);
        }
        event("measuring", &json!({}))?;
        fleet.run_for(Duration::from_secs_f64(self.seconds));
        event("measured", &self.figures(&mut fleet, &joined.clients))?;
        leave(&mut fleet, &joined.clients)
    }

    fn join(&self, fleet: &mut Fleet, entrances: Vec<Entrance>) -> Result<Joined, LoadError> {
        let until = if self.until_heard {
            Milestone::FirstPacket
        } else {
            Milestone::Connected
        };
        let joiner = Joiner {
            in_flight: self.in_flight,
            until,
            ..Joiner::default()
        };
        let mut progress = Progress::of("joined", entrances.len());
        joiner.join_all(
            fleet,
            entrances,
            |number| self.plan(number),
            |done| progress.at(done),
        )
    }

    fn plan(&self, number: usize) -> Plan {
        let plan = Plan::listen().lines(self.lines);
        if number.is_multiple_of(self.decrypt_one_in.max(1)) {
            plan
        } else {
            plan.only_counting()
        }
    }

    fn figures(&self, fleet: &mut Fleet, clients: &[ClientId]) -> Value {
        let inboxes: Vec<Inbox> = clients.iter().map(|&id| fleet.take_inbox(id)).collect();
        let sum = |f: fn(&Inbox) -> u64| inboxes.iter().map(f).sum::<u64>();
        let (received, lost) = (sum(Inbox::received), sum(Inbox::lost));
        let streams = || inboxes.iter().flat_map(|i| i.streams.values());
        let decrypting = || inboxes.iter().filter(|i| i.accepted > 0);
        json!({
            "seconds": self.seconds,
            "received": received,
            "lost": lost,
            "lost_percent": 100.0 * lost as f64 / (received + lost).max(1) as f64,
            "reordered": streams().map(|s| s.reordered).sum::<u64>(),
            "duplicates": streams().map(|s| s.duplicates).sum::<u64>(),
            "decrypted": sum(|i| i.accepted),
            "not_decrypted": decrypting().map(|i| i.arrived - i.accepted).sum::<u64>(),
            "silent_listeners": inboxes.iter().filter(|i| i.received() == 0).count(),
            "still_connected": clients.iter().filter(|&&id| fleet.client(id).is_connected()).count(),
            "jitter_ms": percentiles(streams().map(|s| s.jitter_samples * 1000.0 / f64::from(SAMPLE_RATE_HZ)).collect()),
            "longest_gap_ms": percentiles(streams().map(|s| s.longest_gap.as_secs_f64() * 1000.0).collect()),
        })
    }
}

fn read_entrances(path: &PathBuf) -> Result<Vec<Entrance>, LoadError> {
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        text
    } else {
        fs::read_to_string(path)?
    };
    let parse = |line: &str| serde_json::from_str(line).map_err(|e| LoadError::Network(e.into()));
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(parse)
        .collect()
}

/// All entrances are taken to lead to the machine of the first.
fn server_of_all(entrances: &[Entrance]) -> Result<IpAddr, LoadError> {
    match entrances.first() {
        Some(first) => server_of(first),
        None => Err(LoadError::BadUrl { url: String::new() }),
    }
}

/// The machine that an entrance leads to.
pub fn server_of(entrance: &Entrance) -> Result<IpAddr, LoadError> {
    let url = match entrance {
        Entrance::Door(door) => &door.url,
        Entrance::Room { join_url, .. } => join_url,
    };
    Ok(Door::new(url, "").address()?.ip())
}

fn join_figures(fleet: &Fleet, joined: &Joined) -> Value {
    let times = joined.clients.iter().filter_map(|&id| {
        let milestones = fleet.client(id).milestones();
        milestones
            .join_time()
            .or(milestones.connected_at.map(|at| at - milestones.offered_at))
    });
    json!({
        "joined": joined.clients.len(),
        "failed": joined.failures.len(),
        "first_failure": joined.failures.first().map(ToString::to_string),
        "seconds": joined.time.as_secs_f64(),
        "joins_per_second": joined.clients.len() as f64 / joined.time.as_secs_f64(),
        "join_ms": percentiles(times.map(|t| t.as_secs_f64() * 1000.0).collect()),
    })
}

fn leave(fleet: &mut Fleet, clients: &[ClientId]) -> Result<(), LoadError> {
    let mut progress = Progress::of("left", clients.len());
    for (done, &id) in clients.iter().enumerate() {
        fleet.leave(id)?;
        progress.at(done);
    }
    Ok(())
}
