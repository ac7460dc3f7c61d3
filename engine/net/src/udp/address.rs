//! Socket addresses between Rust and the kernel. An IPv6 socket carries IPv4 peers as mapped addresses.

use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Writes `address` for a socket of this family; returns the length in bytes.
pub(super) fn write(
    address: SocketAddr,
    v6: bool,
    out: &mut libc::sockaddr_storage,
) -> libc::socklen_t {
    let address = match (v6, address) {
        (true, SocketAddr::V4(v4)) => {
            SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into()
        }
        (_, other) => other,
    };
    let raw = socket2::SockAddr::from(address);
    // SAFETY: SockAddr holds a valid sockaddr of its length, which is at most that of sockaddr_storage.
    unsafe {
        let from = raw.as_ptr().cast::<u8>();
        let to = std::ptr::from_mut(out).cast::<u8>();
        std::ptr::copy_nonoverlapping(from, to, raw.len() as usize);
    }
    raw.len()
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
