//! Where the listeners of a crowd live.

use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// One address for all, or one for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// One socket; the listener with number n has the n-th address from this one on. The addresses must lead to this
    /// machine: all of 127.0.0.0/8 does, others after `ip route add local 10.77.0.0/16 dev lo`.
    Addresses(Ipv4Addr),
    /// A socket each, all at this address: for servers elsewhere that know no way to more addresses.
    Ports(Ipv4Addr),
}

impl Home {
    /// A socket each, at the address the route to `server` has.
    pub fn toward(server: IpAddr) -> io::Result<Self> {
        let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        // Connecting a datagram socket sends nothing; any port will do.
        probe.connect((server, 9))?;
        match probe.local_addr()?.ip() {
            IpAddr::V4(ip) => Ok(Self::Ports(ip)),
            IpAddr::V6(_) => Err(io::Error::other("the server has no IPv4 address")),
        }
    }
}

/// The n-th address from `first` on.
pub fn nth(first: Ipv4Addr, number: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(first.to_bits().wrapping_add(number as u32))
}
