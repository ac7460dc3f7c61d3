//! Socket addresses between Rust and the kernel. An IPv6 socket carries IPv4 peers as mapped addresses.

use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Writes `address` for a socket of this family; returns the length in bytes.
pub(super) fn write(
    address: SocketAddr,
    v6: bool,
    out: &mut libc::sockaddr_in6,
) -> libc::socklen_t {
    let port = address.port().to_be();
    let (ip, scope) = match address {
        SocketAddr::V4(v4) if !v6 => {
            const _: () = assert!(
                mem::size_of::<libc::sockaddr_in6>() >= mem::size_of::<libc::sockaddr_in>()
            );
            let out = std::ptr::from_mut(out).cast::<libc::sockaddr_in>();
            // SAFETY: the larger structure has room and the alignment for the smaller one.
            unsafe {
                (*out).sin_family = libc::AF_INET as libc::sa_family_t;
                (*out).sin_port = port;
                (*out).sin_addr.s_addr = u32::from(*v4.ip()).to_be();
            }
            return mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;
        }
        SocketAddr::V4(v4) => (v4.ip().to_ipv6_mapped(), 0),
        SocketAddr::V6(v6) => (*v6.ip(), v6.scope_id()),
    };
    out.sin6_family = libc::AF_INET6 as libc::sa_family_t;
    out.sin6_port = port;
    out.sin6_flowinfo = 0;
    out.sin6_addr.s6_addr = ip.octets();
    out.sin6_scope_id = scope;
    mem::size_of::<libc::sockaddr_in6>() as libc::socklen_t
}

/// Reads what the kernel wrote; None for a family that is neither IPv4 nor IPv6.
pub(super) fn read(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    const _: () =
        assert!(mem::size_of::<libc::sockaddr_storage>() >= mem::size_of::<libc::sockaddr_in6>());
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that it is a sockaddr_in, which is smaller than the storage.
            let v4 = unsafe { &*std::ptr::from_ref(storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::new(ip.into(), u16::from_be(v4.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that it is a sockaddr_in6, which is smaller than the storage.
            let v6 = unsafe { &*std::ptr::from_ref(storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            let port = u16::from_be(v6.sin6_port);
            match ip.to_ipv4_mapped() {
                Some(v4) => Some(SocketAddr::new(v4.into(), port)),
                // The scope tells link-local addresses of two interfaces apart.
                None => Some(SocketAddrV6::new(ip, port, 0, v6.sin6_scope_id).into()),
            }
        }
        _ => None,
    }
}

/// The address on an IPv6 socket.
pub(super) fn to_v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, v6: bool) -> (libc::socklen_t, Option<SocketAddr>) {
        // SAFETY: zeros are valid for both.
        let (mut name, mut storage): (libc::sockaddr_in6, libc::sockaddr_storage) =
            unsafe { (mem::zeroed(), mem::zeroed()) };
        let len = write(text.parse().unwrap(), v6, &mut name);
        // SAFETY: a storage is larger than any address.
        unsafe {
            std::ptr::write(std::ptr::from_mut(&mut storage).cast(), name);
        }
        (len, read(&storage))
    }

    #[test]
    fn what_is_written_for_the_kernel_is_read_again() {
        for (text, v6, len) in [
            ("192.0.2.9:5", false, 16),
            ("192.0.2.9:5", true, 28),
            ("[2001:db8::1]:65535", true, 28),
            ("[fe80::1%7]:9", true, 28),
        ] {
            assert_eq!(written(text, v6), (len, text.parse().ok()), "{text}");
        }
    }
}
