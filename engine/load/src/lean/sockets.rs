//! Datagrams of a whole crowd: received by the hundred, each with the address it came to and the kernel's time.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

/// Datagrams taken in one `recvmmsg`.
const BATCH: usize = 256;
const DATAGRAM_BYTES: usize = 2048;
/// Room for packet info, time stamp and drop counter.
const CONTROL_BYTES: usize = 128;
/// A burst to 20,000 listeners is some 25 MB in the kernel's books.
const CROWD_BUFFER_BYTES: libc::c_int = 256 << 20;
const OWN_BUFFER_BYTES: libc::c_int = 256 << 10;

/// Where the listeners live.
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

/// One datagram as it came.
pub struct Arrival<'a> {
    pub listener: usize,
    pub datagram: &'a [u8],
    /// When the kernel got it, nanoseconds since 1970. Between two network namespaces that is when it left the sender.
    pub at_ns: u64,
}

/// The sockets of a crowd.
pub struct Sockets {
    home: Home,
    sockets: Vec<Socket>,
    inbox: Inbox,
}

struct Socket {
    socket: UdpSocket,
    /// Datagrams the kernel had no room for, in all.
    dropped: u32,
}

impl Sockets {
    pub fn new(home: Home) -> Self {
        Self {
            home,
            sockets: Vec::new(),
            inbox: Inbox::new(),
        }
    }

    /// Makes the place of the listener with this number, the next one; a new socket is handed to `register`.
    pub fn open(
        &mut self,
        number: usize,
        register: impl FnOnce(usize, &UdpSocket) -> io::Result<()>,
    ) -> io::Result<()> {
        let (ip, bytes) = match self.home {
            Home::Addresses(_) if !self.sockets.is_empty() => return Ok(()),
            Home::Addresses(_) => (Ipv4Addr::UNSPECIFIED, CROWD_BUFFER_BYTES),
            Home::Ports(ip) => (ip, OWN_BUFFER_BYTES),
        };
        let socket = UdpSocket::bind((ip, 0))?;
        socket.set_nonblocking(true)?;
        enlarge(&socket, bytes)?;
        for (level, name) in [
            (libc::IPPROTO_IP, libc::IP_PKTINFO),
            (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS),
            (libc::SOL_SOCKET, libc::SO_RXQ_OVFL),
        ] {
            set(&socket, level, name, 1)?;
        }
        register(number, &socket)?;
        self.sockets.push(Socket { socket, dropped: 0 });
        Ok(())
    }

    /// Where the listener with this number is.
    pub fn place(&self, number: usize) -> io::Result<SocketAddrV4> {
        let which = match self.home {
            Home::Addresses(_) => 0,
            Home::Ports(_) => number,
        };
        let socket = self.sockets.get(which).map(|s| &s.socket);
        let socket = socket.ok_or_else(|| io::Error::other("the listener has no socket yet"))?;
        let port = socket.local_addr()?.port();
        Ok(SocketAddrV4::new(
            match self.home {
                Home::Addresses(first) => nth(first, number),
                Home::Ports(ip) => ip,
            },
            port,
        ))
    }

    /// The address of the listener with this number, where it has one of its own.
    pub fn address(&self, number: usize) -> Option<Ipv4Addr> {
        match self.home {
            Home::Addresses(first) => Some(nth(first, number)),
            Home::Ports(_) => None,
        }
    }

    /// Takes at most one batch from socket `which`; false when nothing was left.
    pub fn receive(&mut self, which: usize, mut take: impl FnMut(Arrival<'_>)) -> bool {
        let Some(Socket { socket, dropped }) = self.sockets.get_mut(which) else {
            return false;
        };
        let home = self.home;
        self.inbox.receive(socket, |to, at_ns, overflow, datagram| {
            *dropped = overflow.unwrap_or(*dropped);
            let listener = match home {
                Home::Addresses(first) => (to.to_bits()).wrapping_sub(first.to_bits()) as usize,
                Home::Ports(_) => which,
            };
            take(Arrival {
                listener,
                datagram,
                at_ns,
            });
        })
    }

    /// Sends, or drops when the kernel has no room: the network would do the same.
    pub fn send(&self, number: usize, to: SocketAddrV4, datagram: &[u8]) {
        let (which, from) = match self.home {
            Home::Addresses(first) => (0, Some(nth(first, number))),
            Home::Ports(_) => (number, None),
        };
        if let Some(place) = self.sockets.get(which) {
            send(&place.socket, from, to, datagram);
        }
    }

    /// Datagrams that reached this machine and found the sockets full.
    pub fn dropped(&self) -> u64 {
        self.sockets.iter().map(|s| u64::from(s.dropped)).sum()
    }
}

fn nth(first: Ipv4Addr, number: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(first.to_bits().wrapping_add(number as u32))
}

/// As large as asked for with the right to it (CAP_NET_ADMIN), else as large as `net.core.rmem_max` allows.
fn enlarge(socket: &UdpSocket, bytes: libc::c_int) -> io::Result<()> {
    set(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, bytes)
        .or_else(|_| set(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, bytes))
}

fn set(socket: &UdpSocket, level: i32, name: i32, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the option's value is an int, and the length says so.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            std::ptr::from_ref(&value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_BYTES]);

/// Buffers for one `recvmmsg`, kept.
struct Inbox {
    datagrams: Box<[[u8; DATAGRAM_BYTES]]>,
    controls: Box<[Control]>,
}

impl Inbox {
    fn new() -> Self {
        Self {
            datagrams: vec![[0; DATAGRAM_BYTES]; BATCH].into_boxed_slice(),
            controls: vec![Control([0; CONTROL_BYTES]); BATCH].into_boxed_slice(),
        }
    }

    /// One `recvmmsg`; false when it did not fill up.
    fn receive(
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

fn send(socket: &UdpSocket, from: Option<Ipv4Addr>, to: SocketAddrV4, datagram: &[u8]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_comes_with_its_listener_and_the_kernels_time() {
        let mut sockets = Sockets::new(Home::Addresses(Ipv4Addr::new(127, 9, 0, 0)));
        let mut port = 0;
        let note_port = |_, socket: &UdpSocket| {
            port = socket.local_addr()?.port();
            Ok(())
        };
        sockets.open(0, note_port).unwrap();
        let before = super::super::realtime_ns();
        sockets.send(
            300,
            SocketAddrV4::new(Ipv4Addr::new(127, 9, 1, 1), port),
            b"hello",
        );
        let mut seen = Vec::new();
        while seen.is_empty() {
            sockets.receive(0, |arrival| {
                seen.push((arrival.listener, arrival.at_ns, arrival.datagram.to_vec()));
            });
        }
        let (listener, at_ns, datagram) = seen.remove(0);
        assert_eq!((listener, datagram), (257, b"hello".to_vec()));
        assert!((before..=super::super::realtime_ns()).contains(&at_ns));
        assert_eq!(sockets.dropped(), 0);
    }
}
