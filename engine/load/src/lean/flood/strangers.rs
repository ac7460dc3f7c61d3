//! Datagrams of those who prove nothing.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, UdpSocket};

use super::super::sdp::Remote;
use super::super::stun;
use super::{Flooded, Media};

/// One socket for all of them.
pub(super) struct Strangers {
    socket: UdpSocket,
    hello: Vec<Vec<u8>>,
    /// The session that was opened last.
    known: Option<Remote>,
    answers: usize,
}

impl Strangers {
    pub fn new(from: Ipv4Addr, hello: Vec<Vec<u8>>) -> io::Result<Self> {
        Ok(Self {
            socket: socket(from)?,
            hello,
            known: None,
            answers: 0,
        })
    }

    pub fn know_where(&self) -> bool {
        self.known.is_some()
    }

    pub fn learn(&mut self, remote: Remote) {
        self.known = Some(remote);
    }

    /// One attempt of a kind, 0 to 2.
    pub fn send(&mut self, kind: usize, counted: &mut Flooded) -> io::Result<()> {
        let Some(remote) = &self.known else {
            return Ok(());
        };
        let check = |ufrag: &str| {
            stun::check(
                transaction(),
                &format!("{ufrag}:flood"),
                "a guessed password",
            )
        };
        match kind {
            0 => {
                counted.unknown_checks += 1;
                let guess = format!("{}{:016x}", first_two(&remote.ufrag), fastrand::u64(..));
                send(&self.socket, remote.address, &check(&guess))
            }
            1 => {
                counted.forged_checks += 1;
                send(&self.socket, remote.address, &check(&remote.ufrag))
            }
            _ => {
                counted.bare_hellos += 1;
                let mut hello = self.hello.iter();
                hello.try_for_each(|datagram| send(&self.socket, remote.address, datagram))
            }
        }
    }

    /// What came back until now.
    pub fn answers(&mut self) -> io::Result<usize> {
        loop {
            match self.socket.recv(&mut [0; 2048]) {
                Ok(_) => self.answers += 1,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(self.answers),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Palabre's names of sessions begin with their shard's: a guess has that right.
fn first_two(ufrag: &str) -> &str {
    ufrag.get(..2).unwrap_or_default()
}

pub(super) fn transaction() -> stun::TransactionId {
    let mut transaction = [0; 12];
    transaction[..8].copy_from_slice(&fastrand::u64(..).to_be_bytes());
    transaction
}

pub(super) fn socket(from: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((from, 0))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// What the kernel has no room for is lost, as on a network.
pub(super) fn send(socket: &UdpSocket, to: Media, datagram: &[u8]) -> io::Result<()> {
    match socket.send_to(datagram, to) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
