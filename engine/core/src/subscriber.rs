//! Whom an address belongs to, where requests and sessions are counted.

use std::net::{IpAddr, Ipv6Addr};

/// The part of an IPv6 address that names a link; whoever has one has all 2^64 addresses of it (RFC 7934, section 6).
const LINK: u128 = !(u64::MAX as u128);

/// The address that all of one subscriber's count as: of IPv6 the first 64 bits, of IPv4 the address itself.
#[must_use]
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & LINK).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_one(one: &str, other: &str) -> bool {
        subscriber(one.parse().unwrap()) == subscriber(other.parse().unwrap())
    }

    #[test]
    fn addresses_of_one_ipv6_link_are_one_subscriber() {
        assert!(are_one("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!are_one("2001:db8:1:2::1", "2001:db8:1:3::1"));
    }

    #[test]
    fn each_ipv4_address_is_one_however_it_is_written() {
        assert!(are_one("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!are_one("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
    }
}
