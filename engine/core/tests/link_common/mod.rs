//! A `Link` and a str0m peer on a seeded bad network, in virtual time.

#![allow(dead_code, unused_imports, reason = "every test file uses its part")]
#![allow(
    clippy::disallowed_methods,
    reason = "virtual time begins at some real moment"
)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod peer;
mod world;

pub use peer::{PEER_SSRC, Peer, PeerRole};
pub use world::{Report, World, WorldConfig};

use std::net::SocketAddr;

/// SSRC the engine speaks with.
pub const ENGINE_SSRC: u32 = 2222;

/// Where the engine listens.
pub fn engine_address() -> SocketAddr {
    ([192, 0, 2, 1], 8082).into()
}

/// Where the peer is at first.
pub fn peer_address() -> SocketAddr {
    ([198, 51, 100, 7], 40_000).into()
}
