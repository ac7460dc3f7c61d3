//! `palabre-load crowd`.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use clap::Args;
use palabre_load::lean::{Crowd, CrowdJoined, CrowdOptions, DtlsVersion, Entry, Home, JoinOptions};
use palabre_load::{Entrance, LoadError, Milestone};
use serde_json::{Map, Value, json};

use crate::listen::{Who, server_of};
use crate::report::{Progress, event, percentiles};
use crate::speaker::{Speaker, SpeakerArgs};

/// Lean listeners, tens of thousands on one core. Phases: `joined`, `measuring`, `measured`, `left`.
#[derive(Args)]
pub struct CrowdCommand {
    #[command(flatten)]
    who: Who,
    /// How long to count.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Listeners n has the n-th address from this one on; they must lead to this machine (`ip route add local
    /// 10.77.0.0/16 dev lo`) and the server must know the way. Without it: 127.1.0.0 towards this machine, else one
    /// socket for each listener.
    #[arg(long)]
    addresses: Option<Ipv4Addr>,
    /// Audio lines to offer: 1 for the mix, 3 for slots, 4 for both.
    #[arg(long, default_value_t = 1)]
    lines: usize,
    /// One listener in so many authenticates and decrypts; 0 for none.
    #[arg(long, default_value_t = 100)]
    decrypt_one_in: usize,
    /// One listener in so many sends receiver reports; 0 for none.
    #[arg(long, default_value_t = 10)]
    report_one_in: usize,
    /// Seconds between two checks of one listener.
    #[arg(long, default_value_t = 5.0)]
    consent_every: f64,
    /// Joins on their way at once.
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// At most so many joins begin in a second; 0 for as many as go.
    #[arg(long, default_value_t = 0.0)]
    joins_per_second: f64,
    /// HTTP connections to the API, and as many to the edge.
    #[arg(long, default_value_t = 32)]
    lanes: usize,
    /// A join is complete with the first packet heard, not with the connection.
    #[arg(long)]
    until_heard: bool,
    /// Offer DTLS 1.2 instead of 1.3.
    #[arg(long)]
    dtls12: bool,
    /// Join only so many at first; after each measurement a line on standard input says how many more. Takes --entrances
    /// from a file.
    #[arg(long)]
    first: Option<usize>,
    #[command(flatten)]
    speaker: SpeakerArgs,
    /// Let everybody settle for so long before counting.
    #[arg(long, default_value_t = 1.0)]
    settle: f64,
}

impl CrowdCommand {
    pub fn run(&self) -> Result<(), LoadError> {
        let mut entrances: VecDeque<Entrance> = self.who.entrances()?.into();
        let server = match entrances.front() {
            Some(first) => server_of(first)?,
            None => return event("left", &json!({ "left": 0 })),
        };
        let mut crowd = Crowd::new(home(self.addresses, server)?, self.options())?;
        let mut entry = Entry::new(self.entry_options(), server);
        let speaker = Speaker::start(&self.speaker, server)?;
        let mut wanted = self.first.unwrap_or(entrances.len());
        while wanted > 0 {
            let next: Vec<_> = entrances.drain(..wanted.min(entrances.len())).collect();
            crowd.restart(speaker.is_some());
            let mut progress = Progress::of("joined", next.len());
            let joined = entry.join_all(&mut crowd, next, |done| progress.at(done))?;
            let heard = figures(&crowd, joined.time.as_secs_f64(), speaker.as_ref())?;
            event("joined", &join_figures(&joined, &crowd, heard))?;
            self.measure(&mut crowd, speaker.as_ref())?;
            wanted = if self.first.is_some() { ask()? } else { 0 };
        }
        event("left", &json!({ "left": entry.leave(&mut crowd) }))
    }

    fn measure(&self, crowd: &mut Crowd, speaker: Option<&Speaker>) -> Result<(), LoadError> {
        crowd.run_for(Duration::from_secs_f64(self.settle));
        crowd.restart(speaker.is_some());
        event("measuring", &json!({}))?;
        crowd.run_for(Duration::from_secs_f64(self.seconds));
        event("measured", &figures(crowd, self.seconds, speaker)?)
    }

    fn options(&self) -> CrowdOptions {
        CrowdOptions {
            dtls: if self.dtls12 {
                DtlsVersion::V1_2
            } else {
                DtlsVersion::V1_3
            },
            lines: self.lines,
            decrypt_one_in: self.decrypt_one_in,
            report_one_in: self.report_one_in,
            consent_every: Duration::from_secs_f64(self.consent_every),
        }
    }

    fn entry_options(&self) -> JoinOptions {
        JoinOptions {
            lanes: self.lanes,
            in_flight: self.in_flight,
            per_second: self.joins_per_second,
            patience: Duration::from_secs(20),
            until: if self.until_heard {
                Milestone::FirstPacket
            } else {
                Milestone::Connected
            },
        }
    }
}

/// Where listeners live: from `first` on where it is given, else towards `server`.
pub fn home(first: Option<Ipv4Addr>, server: IpAddr) -> Result<Home, LoadError> {
    Ok(match (first, server) {
        (Some(first), _) => Home::Addresses(first),
        (None, IpAddr::V4(ip)) if ip.is_loopback() => Home::Addresses(Ipv4Addr::new(127, 1, 0, 0)),
        (None, _) => Home::toward(server)?,
    })
}

/// How many more are to join, from standard input; 0 at its end.
fn ask() -> Result<usize, LoadError> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().parse().unwrap_or(0))
}

/// How the joins went, and what those who were in already heard meanwhile.
fn join_figures(joined: &CrowdJoined, crowd: &Crowd, mut heard: Map<String, Value>) -> Value {
    let seconds = joined.time.as_secs_f64();
    let joins = json!({
        "joined": joined.joined,
        "listeners": crowd.listeners().len(),
        "failed": joined.failures.len(),
        "first_failure": joined.failures.first().map(ToString::to_string),
        "joins_per_second": joined.joined as f64 / seconds,
        "join_ms": percentiles(joined.join_ms.clone()),
    });
    if let Value::Object(joins) = joins {
        heard.extend(joins);
    }
    Value::Object(heard)
}

/// What a crowd received, and how late.
pub fn figures(
    crowd: &Crowd,
    seconds: f64,
    speaker: Option<&Speaker>,
) -> Result<Map<String, Value>, LoadError> {
    let counted = crowd.counted();
    let lost = 100.0 * counted.lost as f64 / (counted.received + counted.lost).max(1) as f64;
    let mut figures = Map::new();
    if let Value::Object(counted) = json!(counted) {
        figures.extend(counted);
    }
    figures.insert("seconds".into(), json!(seconds));
    figures.insert("lost_percent".into(), json!(lost));
    let spread = percentiles(crowd.lateness().spreads_ms());
    figures.insert("last_listener_after_first_ms".into(), spread);
    if let Some(speaker) = speaker {
        figures.extend(speaker.figures(crowd)?);
    }
    Ok(figures)
}
