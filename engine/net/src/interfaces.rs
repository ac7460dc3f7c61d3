//! The machine's own addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Every address a peer may reach `bound` at: itself, or for a wildcard all of the machine's, loopback last.
///
/// # Errors
/// When the kernel does not tell.
pub fn media_addresses(bound: SocketAddr) -> io::Result<Vec<SocketAddr>> {
    if !bound.ip().is_unspecified() {
        return Ok(vec![bound]);
    }
    let mut addresses: Vec<IpAddr> = interface_addresses()?;
    addresses.retain(|ip| usable(*ip) && (bound.is_ipv6() || ip.is_ipv4()));
    addresses.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6(), *ip));
    addresses.dedup();
    Ok(addresses
        .into_iter()
        .map(|ip| SocketAddr::new(ip, bound.port()))
        .collect())
}

/// Link-local addresses mean nothing without the name of an interface.
fn usable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !v4.is_link_local() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}

fn interface_addresses() -> io::Result<Vec<IpAddr>> {
    let mut first: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: getifaddrs writes a list that stays ours until freeifaddrs.
    if unsafe { libc::getifaddrs(&raw mut first) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut addresses = Vec::new();
    let mut next = first;
    // SAFETY: the list ends with a null pointer, and is not used after it is freed.
    unsafe {
        while let Some(interface) = next.as_ref() {
            let up = interface.ifa_flags & libc::IFF_UP as libc::c_uint != 0;
            addresses.extend(interface.ifa_addr.as_ref().filter(|_| up).and_then(ip_of));
            next = interface.ifa_next;
        }
        libc::freeifaddrs(first);
    }
    Ok(addresses)
}

fn ip_of(address: &libc::sockaddr) -> Option<IpAddr> {
    let raw = std::ptr::from_ref(address);
    // SAFETY: the family says which of the two structures the kernel wrote there.
    unsafe {
        match i32::from(address.sa_family) {
            libc::AF_INET => {
                let v4 = std::ptr::read_unaligned(raw.cast::<libc::sockaddr_in>());
                Some(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)).into())
            }
            libc::AF_INET6 => {
                let v6 = std::ptr::read_unaligned(raw.cast::<libc::sockaddr_in6>());
                Some(Ipv6Addr::from(v6.sin6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_reachable_at_loopback_too() {
        let bound = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 5);
        let addresses = media_addresses(bound).unwrap();
        assert_eq!(
            addresses.last(),
            Some(&SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 5))
        );
    }

    #[test]
    fn a_given_address_is_the_only_one() {
        let bound = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 5);
        assert_eq!(media_addresses(bound).unwrap(), [bound]);
    }
}
