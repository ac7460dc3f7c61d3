//! Palabre's engine, the part that owns sockets, threads and the clock.

mod command;
mod counters;
mod cpu;
mod door;
mod event_fd;
mod events;
mod interfaces;
mod last_resort;
mod measure;
mod media;
mod outlet;
mod overload;
mod parcels;
mod reports;
mod routes;
pub mod udp;
mod worker;
mod writer;

// Only one allocator counts, and only in tests.
#[cfg(test)]
#[path = "../../core/tests/counting/mod.rs"]
mod counting;

pub use command::{Command, Reply};
pub use cpu::Pinning;
pub use event_fd::EventFd;
pub use events::{EngineEvent, EventDoor, EventQueue};
pub use measure::send_cost;
pub use media::{Busy, Media, MediaConfig, MediaError};
pub use outlet::SpeakingHook;
pub use routes::Standing;
