//! Datagrams of a whole crowd: received by the hundred, each with the address it came to and the kernel's time.

mod home;
mod message;

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use home::nth;
use message::{Inbox, ask_for_facts, enlarge, send};

pub use home::Home;

/// A burst to 20,000 listeners is some 25 MB in the kernel's books.
const CROWD_BUFFER_BYTES: libc::c_int = 256 << 20;
const OWN_BUFFER_BYTES: libc::c_int = 256 << 10;

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
        ask_for_facts(&socket)?;
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
