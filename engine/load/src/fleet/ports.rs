//! The sockets of a fleet.

use std::collections::HashMap;
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};

/// Room for the bursts of a big room; the kernel grants what `net.core.rmem_max` allows.
const RECEIVE_BUFFER_BYTES: usize = 32 << 20;
/// No datagram of a WebRTC audio session is longer.
const DATAGRAM_BYTES: usize = 2048;
/// The first client's address on loopback. Everything in 127.0.0.0/8 is this machine.
const FIRST_LOOPBACK: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 0);

/// Where a client sends from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local {
    pub address: SocketAddr,
    socket: usize,
}

struct Port {
    socket: mio::net::UdpSocket,
    state: UdpSocketState,
    port: u16,
}

enum Reach {
    /// One socket, an address per client.
    Loopback,
    /// A socket per client, all at the address the route to the server has.
    Routed(IpAddr),
}

/// The sockets, and which client is behind which address.
pub(crate) struct Ports {
    reach: Reach,
    ports: Vec<Port>,
    owners: HashMap<(usize, IpAddr), usize>,
    poll: Poll,
    events: Events,
    buffers: Box<[[u8; DATAGRAM_BYTES]; BATCH_SIZE]>,
}

impl Ports {
    pub fn toward(server: IpAddr) -> io::Result<Self> {
        let reach = if server.is_loopback() {
            Reach::Loopback
        } else {
            Reach::Routed(route_to(server)?)
        };
        Ok(Self {
            reach,
            ports: Vec::new(),
            owners: HashMap::new(),
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            buffers: Box::new([[0; DATAGRAM_BYTES]; BATCH_SIZE]),
        })
    }

    /// An address for the client with this index.
    pub fn open(&mut self, index: usize) -> io::Result<Local> {
        let (ip, socket) = match self.reach {
            Reach::Loopback if self.ports.is_empty() => (
                loopback(index).into(),
                self.bind(Ipv4Addr::UNSPECIFIED.into())?,
            ),
            Reach::Loopback => (loopback(index).into(), 0),
            Reach::Routed(ip) => (ip, self.bind(ip)?),
        };
        self.owners.insert((socket, ip), index);
        Ok(Local {
            address: SocketAddr::new(ip, self.ports[socket].port),
            socket,
        })
    }

    /// Leaves out of the answer the candidates that this fleet's addresses cannot reach.
    pub fn reachable_candidates(&self, answer_sdp: &str) -> String {
        let loopback = matches!(self.reach, Reach::Loopback);
        let reachable = |line: &&str| {
            candidate_address(line).is_none_or(|ip| ip.is_ipv4() && ip.is_loopback() == loopback)
        };
        answer_sdp
            .lines()
            .filter(reachable)
            .flat_map(|line| [line, "\r\n"])
            .collect()
    }

    /// Waits until something has come, at most that long.
    pub fn wait(&mut self, patience: Duration) {
        // An interrupted wait is a short one.
        if let Err(error) = self.poll.poll(&mut self.events, Some(patience)) {
            assert_eq!(
                error.kind(),
                ErrorKind::Interrupted,
                "epoll works on sockets of our own"
            );
        }
    }

    /// Takes everything that has come: `deliver(client, from, datagram)`.
    pub fn receive(&mut self, mut deliver: impl FnMut(usize, SocketAddr, &[u8])) {
        for event in self.events.iter() {
            let socket = event.token().0;
            let Some(port) = self.ports.get(socket) else {
                continue;
            };
            while port.receive_batch(&mut self.buffers[..], |from, to, datagram| {
                if let Some(&index) = self.owners.get(&(socket, to)) {
                    deliver(index, from, datagram);
                }
            }) {}
        }
    }

    /// Sends, or drops when the kernel has no room: the network would do the same.
    pub fn send(&mut self, local: Local, to: SocketAddr, datagram: &[u8]) {
        let Some(port) = self.ports.get(local.socket) else {
            return;
        };
        let src_ip = Some(local.address.ip());
        let transmit = Transmit {
            destination: to,
            ecn: None,
            contents: datagram,
            segment_size: None,
            src_ip,
        };
        let _dropped_like_on_a_network = port
            .state
            .try_send(UdpSockRef::from(&port.socket), &transmit);
    }

    fn bind(&mut self, ip: IpAddr) -> io::Result<usize> {
        let std_socket = UdpSocket::bind((ip, 0))?;
        socket2::SockRef::from(&std_socket).set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        let state = UdpSocketState::new(UdpSockRef::from(&std_socket))?;
        let port = std_socket.local_addr()?.port();
        let mut socket = mio::net::UdpSocket::from_std(std_socket);
        let index = self.ports.len();
        self.poll
            .registry()
            .register(&mut socket, Token(index), Interest::READABLE)?;
        self.ports.push(Port {
            socket,
            state,
            port,
        });
        Ok(index)
    }
}

impl Port {
    /// One `recvmmsg`; false when there was nothing left.
    fn receive_batch(
        &self,
        buffers: &mut [[u8; DATAGRAM_BYTES]],
        mut take: impl FnMut(SocketAddr, IpAddr, &[u8]),
    ) -> bool {
        let mut metas = [RecvMeta::default(); BATCH_SIZE];
        let received = {
            let mut slices = buffers.iter_mut().map(|b| IoSliceMut::new(b));
            let mut slices: [IoSliceMut; BATCH_SIZE] =
                std::array::from_fn(|_| slices.next().unwrap_or(IoSliceMut::new(&mut [])));
            self.state
                .recv(UdpSockRef::from(&self.socket), &mut slices, &mut metas)
        };
        // An error here is "nothing left" or an ICMP message about an earlier datagram; neither ends the others.
        let Ok(received) = received else { return false };
        for (buffer, meta) in buffers.iter().zip(&metas).take(received) {
            let to = meta.dst_ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            for datagram in buffer
                .get(..meta.len)
                .unwrap_or_default()
                .chunks(meta.stride.max(1))
            {
                take(meta.addr, to, datagram);
            }
        }
        true
    }
}

/// The address of a client on loopback.
pub(crate) fn loopback(index: usize) -> Ipv4Addr {
    // 127.1.0.0 leaves room for sixteen million clients.
    Ipv4Addr::from_bits(FIRST_LOOPBACK.to_bits() + index as u32)
}

/// The local address that packets to `server` leave from.
fn route_to(server: IpAddr) -> io::Result<IpAddr> {
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    // Connecting a datagram socket sends nothing; any port will do.
    probe.connect((server, 9))?;
    Ok(probe.local_addr()?.ip())
}

/// The address in `a=candidate:foundation component transport priority address port …` (RFC 8839 §5.1).
fn candidate_address(line: &str) -> Option<IpAddr> {
    line.strip_prefix("a=candidate:")?
        .split_ascii_whitespace()
        .nth(4)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_fleet_leaves_out_candidates_elsewhere() {
        let ports = Ports::toward(Ipv4Addr::LOCALHOST.into()).expect("an epoll of our own");
        let near = "a=candidate:1 1 udp 1 127.0.0.1 8082 typ host";
        let answer = format!("v=0\r\n{near}\r\na=candidate:2 1 udp 1 192.0.2.7 8082 typ host\r\n");
        assert_eq!(
            ports.reachable_candidates(&answer),
            format!("v=0\r\n{near}\r\n")
        );
    }
}
