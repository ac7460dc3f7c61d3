//! One client's place in the fleet: its address, its session and the network before it.

use std::net::SocketAddr;
use std::time::Instant;

use super::ports::{Local, Ports};
use crate::LoadError;
use crate::client::Client;
use crate::netem::{Conditions, Netem};
use crate::signalling::Session;

pub(super) struct Seat {
    pub client: Client,
    pub session: Option<Session>,
    pub failure: Option<LoadError>,
    /// The alarm that counts; others in the heap are stale.
    pub alarm: Option<Instant>,
    local: Local,
    path: Option<BadPath>,
}

/// A datagram with the server's address.
type Datagram = (SocketAddr, Vec<u8>);

struct BadPath {
    up: Netem<Datagram>,
    down: Netem<Datagram>,
}

impl Seat {
    pub fn new(client: Client, local: Local) -> Self {
        Self {
            client,
            session: None,
            failure: None,
            alarm: None,
            local,
            path: None,
        }
    }

    pub fn degrade(&mut self, conditions: Conditions, seed: u64) {
        // Two seeds, so that both ways do not lose the same datagrams.
        self.path = Some(BadPath {
            up: Netem::new(conditions, seed),
            down: Netem::new(conditions, !seed),
        });
    }

    /// A datagram came from the network.
    pub fn receive(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        match &mut self.path {
            Some(path) => path.down.push(now, (from, datagram.to_vec())),
            None => self.deliver(now, from, datagram),
        }
    }

    /// Time passed: what was delayed arrives, what is due is done.
    pub fn wake(&mut self, now: Instant) {
        while let Some((from, datagram)) = self.path.as_mut().and_then(|path| path.down.pop(now)) {
            self.deliver(now, from, &datagram);
        }
        let result = self.client.handle_timeout(now);
        self.note(result);
    }

    /// Sends what is due; says when to wake the seat, or `None` when it is over.
    pub fn poll(&mut self, now: Instant, ports: &mut Ports) -> Option<Instant> {
        if self.client.is_closed() {
            return None;
        }
        let (path, local) = (&mut self.path, self.local);
        let polled = self.client.poll(now, |transmit| match path {
            Some(path) => path
                .up
                .push(now, (transmit.destination, transmit.contents.to_vec())),
            None => ports.send(local, transmit.destination, &transmit.contents),
        });
        let client_wants = match polled {
            Ok(at) => at,
            Err(error) => {
                self.note(Err(error));
                return None;
            }
        };
        Some(
            self.flush(now, ports)
                .map_or(client_wants, |at| at.min(client_wants)),
        )
    }

    /// Lets out what the bad path has let through; says when the next datagram leaves or arrives.
    fn flush(&mut self, now: Instant, ports: &mut Ports) -> Option<Instant> {
        let path = self.path.as_mut()?;
        while let Some((to, datagram)) = path.up.pop(now) {
            ports.send(self.local, to, &datagram);
        }
        [path.up.next_arrival(), path.down.next_arrival()]
            .into_iter()
            .flatten()
            .min()
    }

    fn deliver(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let result = self
            .client
            .handle_datagram(now, from, self.local.address, datagram);
        self.note(result);
    }

    fn note(&mut self, result: Result<(), LoadError>) {
        if let Err(error) = result {
            self.client.close();
            self.failure.get_or_insert(error);
        }
    }
}
