//! `palabre-load`: listeners, speakers and the raw limit, against any WHIP and WHEP server.
//!
//! Each command prints JSON lines on stdout: an `event` for each phase as it is reached, figures with the last one.
//! Progress and errors go to stderr.

mod listen;
mod raw;
mod report;
mod speak;

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
    /// Join one speaker who says a WAV file.
    Speak(speak::Speak),
    /// The least a server has to do: encrypt for each listener and send.
    Raw(raw::Raw),
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
        Command::Speak(speak) => speak.run(),
        Command::Raw(raw) => raw.run(cli.core),
    }
}
