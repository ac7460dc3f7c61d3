//! `palabre-load`: listeners, speakers and the raw limit, against any WHIP and WHEP server.
//!
//! Each command prints JSON lines on stdout: an `event` for each phase as it is reached, figures with the last one.
//! Progress and errors go to stderr.

mod churn;
mod crowd;
mod flood;
mod janus;
mod listen;
mod raw;
mod raw_limits;
mod report;
mod sink;
mod speak;
mod speaker;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use palabre_load::LoadError;

/// Listeners and speakers for WHIP and WHEP servers.
#[derive(Parser)]
#[command(name = "palabre-load")]
struct Cli {
    /// Run on this CPU core only.
    #[arg(long, global = true)]
    core: Option<usize>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Join listeners, then count what they receive.
    Listen(listen::Listen),
    /// The same with listeners that cost almost nothing: tens of thousands of them.
    Crowd(crowd::CrowdCommand),
    /// Listeners who come and go, for as long as one likes.
    Churn(churn::ChurnCommand),
    /// Half-open attempts from one address: all that can be begun and not finished.
    Flood(flood::FloodCommand),
    /// Join one speaker who says a WAV file.
    Speak(speak::Speak),
    /// Open event streams and see when each event reached them.
    Watch(watch::WatchCommand),
    /// Lean listeners at Janus's streaming plugin, to compare with.
    Janus(janus::JanusCommand),
    /// Listeners who only receive, for `raw --to`.
    Sink(sink::SinkCommand),
    /// The least a server has to do: encrypt for each listener and send.
    Raw(raw::Raw),
    /// The least of a handshake: its public-key cryptography.
    RawHandshakes(raw_limits::RawHandshakes),
    /// The least of telling event streams something: the same bytes into each socket.
    RawStreams(raw_limits::RawStreams),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("palabre-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), LoadError> {
    if let (Some(core), false) = (cli.core, matches!(cli.command, Command::Raw(_))) {
        palabre_load::cpu::pin_to_core(core)?;
    }
    match cli.command {
        Command::Listen(listen) => listen.run(),
        Command::Crowd(crowd) => crowd.run(),
        Command::Churn(churn) => churn.run(),
        Command::Flood(flood) => flood.run(),
        Command::Speak(speak) => speak.run(),
        Command::Watch(watch) => watch.run(),
        Command::Janus(janus) => janus.run(),
        Command::Sink(sink) => sink.run(),
        Command::Raw(raw) => raw.run(cli.core),
        Command::RawHandshakes(raw) => raw.run(cli.core),
        Command::RawStreams(raw) => raw.run(cli.core),
    }
}
