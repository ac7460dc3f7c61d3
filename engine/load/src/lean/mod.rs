//! Listeners that cost almost nothing: tens of thousands of them on one core.
//!
//! A lean listener is a real one as far as the server can see: WHEP, connectivity checks, DTLS, consent, receiver
//! reports. What it receives it only counts; a sample is authenticated and decrypted. Nothing here is shared with the
//! engine, and [`crate::Client`] on str0m stays the judge of what is right.

mod arrivals;
mod churn;
mod crowd;
pub mod delay;
mod event_stream;
mod flood;
mod handshake;
mod http;
mod janus;
mod join;
mod listener;
mod private_key;
mod sdp;
mod signal;
mod sink;
pub(crate) mod socket_option;
mod sockets;
mod srtp;
mod streams;
mod stun;
mod verifier;
mod watch;

pub use arrivals::Lateness;
pub use churn::{Churn, ChurnOptions, Churned};
pub use crowd::{Counted, Crowd, CrowdOptions};
pub use flood::{Flood, FloodOptions, Flooded};
pub use handshake::DtlsVersion;
pub use janus::Janus;
pub use join::{CrowdJoined, Entry, JoinOptions};
pub use sink::Sink;
pub use sockets::Home;
pub use watch::{Watch, Watched};

/// Nanoseconds since 1970: the clock of the kernel's receive timestamps.
pub fn realtime_ns() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    // A clock before 1970 would be as wrong as zero.
    now.map_or(0, |since| since.as_nanos() as u64)
}
