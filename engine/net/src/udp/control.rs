//! Control messages: to which own address a datagram came, and from which one an answer is to leave (ip(7), ipv6(7)).
//! A machine with several addresses would otherwise answer from another one than was asked, which ICE refuses. And when
//! it came: it may have waited in the socket. And how many before it found no room there.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::address::to_v6;
use super::option;

/// Space for one packet-info message of either family (40 bytes), a time stamp (32) and a count (24), aligned as the kernel
/// wants it.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub(super) struct Control(pub [u8; 96]);

impl Control {
    pub const EMPTY: Self = Self([0; 96]);
}

/// Turns the packet-info messages on.
pub(super) fn ask_for_local_address(socket: &impl AsRawFd, v6: bool) -> io::Result<()> {
    if v6 {
        option::set(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)
    } else {
        option::set(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)
    }
}

/// Turns the time stamps on (socket(7)).
pub(super) fn ask_for_arrival(socket: &impl AsRawFd) -> io::Result<()> {
    option::set(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
}

/// What the control messages of a received datagram say.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The own address it came to.
    pub local: Option<IpAddr>,
    /// When the kernel got it, since 1970.
    pub arrived: Option<Duration>,
    /// Datagrams that had found no room in the socket by then, modulo 2^32; None for none.
    pub overflowed: Option<u32>,
}

impl Facts {
    pub fn of(header: &libc::msghdr) -> Self {
        let mut facts = Self::default();
        // SAFETY: the kernel filled the header; the CMSG functions stay within the control buffer it describes.
        unsafe {
            let mut message = libc::CMSG_FIRSTHDR(header);
            while let Some(fact) = message.as_ref() {
                let data = libc::CMSG_DATA(message);
                match (fact.cmsg_level, fact.cmsg_type) {
                    (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                        let info: libc::in_pktinfo = std::ptr::read_unaligned(data.cast());
                        let ip = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
                        facts.local = Some(ip.into());
                    }
                    (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                        let info: libc::in6_pktinfo = std::ptr::read_unaligned(data.cast());
                        let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                        facts.local = Some(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4));
                    }
                    (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                        let at: libc::timespec = std::ptr::read_unaligned(data.cast());
                        facts.arrived = duration(at);
                    }
                    (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                        facts.overflowed = Some(std::ptr::read_unaligned(data.cast()));
                    }
                    _ => {}
                }
                message = libc::CMSG_NXTHDR(header, message);
            }
        }
        facts
    }
}

fn duration(at: libc::timespec) -> Option<Duration> {
    let (seconds, nanoseconds) = (u64::try_from(at.tv_sec), u32::try_from(at.tv_nsec));
    Some(Duration::new(seconds.ok()?, nanoseconds.ok()?))
}

/// Makes a datagram leave from `local`; returns the length in bytes of the control messages.
pub(super) fn write_local_address(local: IpAddr, v6: bool, out: &mut Control) -> usize {
    match (v6, local) {
        (false, IpAddr::V4(v4)) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from(v4).to_be(),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            write(libc::IPPROTO_IP, libc::IP_PKTINFO, &info, out)
        }
        // An IPv4 socket has no IPv6 address to leave from.
        (false, IpAddr::V6(_)) => 0,
        (true, ip) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: to_v6(ip).octets(),
                },
                ipi6_ifindex: 0,
            };
            write(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &info, out)
        }
    }
}

fn write<T>(level: libc::c_int, kind: libc::c_int, info: &T, out: &mut Control) -> usize {
    let size = size_of::<T>() as libc::c_uint;
    // SAFETY: CMSG_SPACE of the larger message is 40 bytes; the buffer has 96 and the alignment of a cmsghdr.
    unsafe {
        let message = out.0.as_mut_ptr().cast::<libc::cmsghdr>();
        (*message).cmsg_level = level;
        (*message).cmsg_type = kind;
        (*message).cmsg_len = libc::CMSG_LEN(size) as _;
        std::ptr::write_unaligned(libc::CMSG_DATA(message).cast::<T>(), std::ptr::read(info));
        libc::CMSG_SPACE(size) as usize
    }
}
