//! Palabre's engine, the part that owns sockets, threads and the clock.

mod command;
mod event_fd;
mod events;
mod interfaces;
mod media;
mod outlet;
mod routes;
mod udp;
mod worker;
mod writer;

pub use command::{Command, Reply};
pub use event_fd::EventFd;
pub use events::{EngineEvent, EventDoor, EventQueue};
pub use media::{Busy, Media, MediaConfig, MediaError};
pub use outlet::SpeakingHook;
