//! WebRTC clients nobody shares code with: for tests of the engine and for load.
//!
//! A [`Client`] is one peer on str0m, without I/O. A [`Fleet`] drives thousands of them from one thread, over real HTTP
//! (WHIP, RFC 9725, and WHEP) and real UDP. [`Speech`] is what they say, [`Inbox`] what they heard, and [`netem`] the
//! bad network between. A [`lean::Crowd`] is many more listeners than str0m could play. The server is only ever addressed through its public doors, so the same fleet tests any server
//! that speaks WHIP and WHEP.

mod client;
pub mod cpu;
mod error;
mod fleet;
mod inbox;
pub mod lean;
pub mod netem;
pub mod raw;
mod rtp_header;
mod signalling;
mod speech;
mod statistics;

pub use client::{Client, Dtls, Milestones, Plan, Talk};
pub use error::LoadError;
pub use fleet::{ClientId, Fleet, Joined, Joiner, Milestone};
pub use inbox::{Heard, Inbox, StreamStats};
pub use signalling::{Door, Entrance, Session, Signalling};
pub use speech::{FRAME_MS, Frame, SAMPLE_RATE_HZ, Speech, energy_dbov};
pub use statistics::percentile;
