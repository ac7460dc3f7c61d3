//! One datagram out, many in: the system calls, with what the kernel tells beside each datagram.

use std::io;
use std::mem::zeroed;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use crate::lean::socket_option;

/// Datagrams taken in one `recvmmsg`.
const BATCH: usize = 256;
const DATAGRAM_BYTES: usize = 2048;
/// Room for packet info, time stamp and drop counter.
const CONTROL_BYTES: usize = 128;

/// Asks the kernel to tell, of each datagram, where it came to, when, and how many found no room.
pub fn ask_for_facts(socket: &UdpSocket) -> io::Result<()> {
    for (level, name) in [
        (libc::IPPROTO_IP, libc::IP_PKTINFO),
        (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS),
        (libc::SOL_SOCKET, libc::SO_RXQ_OVFL),
    ] {
        socket_option::set(socket, level, name, 1)?;
    }
    Ok(())
}

/// As large as asked for with the right to it (CAP_NET_ADMIN), else as large as `net.core.rmem_max` allows.
pub fn enlarge(socket: &UdpSocket, bytes: libc::c_int) -> io::Result<()> {
    socket_option::set(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, bytes)
        .or_else(|_| socket_option::set(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, bytes))
}

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_BYTES]);

/// Buffers for one `recvmmsg`, kept.
pub struct Inbox {
    datagrams: Box<[[u8; DATAGRAM_BYTES]]>,
    controls: Box<[Control]>,
}

impl Inbox {
    pub fn new() -> Self {
        Self {
            datagrams: vec![[0; DATAGRAM_BYTES]; BATCH].into_boxed_slice(),
            controls: vec![Control([0; CONTROL_BYTES]); BATCH].into_boxed_slice(),
        }
    }

    /// One `recvmmsg`; false when it did not fill up.
    pub fn receive(
        &mut self,
        socket: &UdpSocket,
        mut take: impl FnMut(Ipv4Addr, u64, Option<u32>, &[u8]),
    ) -> bool {
        // SAFETY: all zeroes is a valid iovec and a valid mmsghdr.
        let mut vectors: [libc::iovec; BATCH] = unsafe { zeroed() };
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { zeroed() };
        let buffers = self.datagrams.iter_mut().zip(&mut self.controls);
        for ((vector, header), (datagram, control)) in
            vectors.iter_mut().zip(&mut headers).zip(buffers)
        {
            vector.iov_base = datagram.as_mut_ptr().cast();
            vector.iov_len = DATAGRAM_BYTES;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL_BYTES;
        }
        // SAFETY: every header points to buffers of `self` and of this frame, which outlive the call.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        // An error is "nothing left" or an ICMP message about an earlier datagram; neither ends the others.
        let received = usize::try_from(received).unwrap_or(0);
        for (header, datagram) in headers.iter().zip(&self.datagrams).take(received) {
            let facts = Facts::read(&header.msg_hdr);
            let datagram = datagram.get(..header.msg_len as usize).unwrap_or_default();
            take(facts.to, facts.at_ns, facts.dropped, datagram);
        }
        received == BATCH
    }
}

/// What the control messages say.
struct Facts {
    to: Ipv4Addr,
    at_ns: u64,
    dropped: Option<u32>,
}

impl Facts {
    fn read(header: &libc::msghdr) -> Self {
        let mut facts = Self {
            to: Ipv4Addr::UNSPECIFIED,
            at_ns: 0,
            dropped: None,
        };
        // SAFETY: the kernel filled the header; the CMSG functions stay within the control buffer it describes.
        unsafe {
            let mut message = libc::CMSG_FIRSTHDR(header);
            while let Some(fact) = message.as_ref() {
                let data = libc::CMSG_DATA(message);
                match (fact.cmsg_level, fact.cmsg_type) {
                    (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                        let info: libc::in_pktinfo = std::ptr::read_unaligned(data.cast());
                        facts.to = Ipv4Addr::from_bits(u32::from_be(info.ipi_addr.s_addr));
                    }
                    (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                        let at: libc::timespec = std::ptr::read_unaligned(data.cast());
                        facts.at_ns = at.tv_sec as u64 * 1_000_000_000 + at.tv_nsec as u64;
                    }
                    (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                        facts.dropped = Some(std::ptr::read_unaligned(data.cast()));
                    }
                    _ => {}
                }
                message = libc::CMSG_NXTHDR(header, message);
            }
        }
        facts
    }
}

/// Sends, or drops; `from` one of this machine's addresses.
pub fn send(socket: &UdpSocket, from: Option<Ipv4Addr>, to: SocketAddrV4, datagram: &[u8]) {
    let mut name = crate::raw::to_c(to);
    let mut vector = libc::iovec {
        iov_base: datagram.as_ptr().cast_mut().cast(),
        iov_len: datagram.len(),
    };
    let mut control = Control([0; CONTROL_BYTES]);
    // SAFETY: every pointer is into this frame or into `datagram`, which the kernel only reads; the control buffer has
    // room for one packet-info message.
    unsafe {
        let mut header: libc::msghdr = zeroed();
        header.msg_name = std::ptr::from_mut(&mut name).cast();
        header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        header.msg_iov = &raw mut vector;
        header.msg_iovlen = 1;
        if let Some(from) = from {
            let len = size_of::<libc::in_pktinfo>() as libc::c_uint;
            header.msg_control = control.0.as_mut_ptr().cast();
            header.msg_controllen = libc::CMSG_SPACE(len) as usize;
            let message = libc::CMSG_FIRSTHDR(&raw const header);
            (*message).cmsg_level = libc::IPPROTO_IP;
            (*message).cmsg_type = libc::IP_PKTINFO;
            (*message).cmsg_len = libc::CMSG_LEN(len) as usize;
            let mut info: libc::in_pktinfo = zeroed();
            info.ipi_spec_dst.s_addr = from.to_bits().to_be();
            std::ptr::write_unaligned(libc::CMSG_DATA(message).cast(), info);
        }
        libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT);
    }
}
