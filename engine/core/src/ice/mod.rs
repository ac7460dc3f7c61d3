//! The lite side of ICE (RFC 8445 §2.5) with consent (RFC 7675): the peer checks and nominates, the engine
//! answers, and asks back where the peer moves.

mod agent;
mod credentials;
mod probe;

pub use agent::{Agent, CONSENT_LIFETIME, Replies};
pub use credentials::IceCredentials;

use std::net::{IpAddr, SocketAddr};

/// Where datagrams of a link come from and go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    /// The peer's address as the socket sees it.
    pub remote: SocketAddr,
    /// The own address the datagram arrived at, when the socket tells; answers leave from it.
    pub local: Option<IpAddr>,
}

impl Path {
    /// A path on which the kernel chooses the own address.
    pub fn to(remote: SocketAddr) -> Self {
        Self {
            remote,
            local: None,
        }
    }
}
