//! Whose an address is, where requests and sessions are counted.

use std::net::{IpAddr, Ipv6Addr};

/// The part of an IPv6 address that names a network: whoever has one address of it may have all 2^64 (RFC 7934, section 6).
const NETWORK: u128 = !(u64::MAX as u128);

/// What all addresses of one network count as: of IPv6 the first 64 bits, of IPv4 the address itself.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & NETWORK).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_one(one: &str, other: &str) -> bool {
        network_of(one.parse().unwrap()) == network_of(other.parse().unwrap())
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        assert!(are_one("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!are_one("2001:db8:1:2::1", "2001:db8:1:3::1"));
    }

    #[test]
    fn each_ipv4_address_counts_for_itself_however_it_is_written() {
        assert!(are_one("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!are_one("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
    }
}
