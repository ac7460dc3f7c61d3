//! Palabre's engine, the part that owns sockets, threads and the clock.

mod event_fd;
mod events;

pub use event_fd::EventFd;
pub use events::{EngineEvent, EventDoor, EventQueue};
