//! Many clients on one thread: real HTTP, real UDP, real time.

mod join;
mod ports;
mod seat;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

pub use join::{Joined, Joiner, Milestone};
pub(crate) use ports::{Ports, loopback};

use crate::client::{Client, Plan};
use crate::netem::Conditions;
use crate::signalling::{Door, Session, Signalling};
use crate::{Inbox, LoadError};
use seat::Seat;

/// Names a client of one fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(usize);

/// Clients, their sockets and their timers. Nothing happens but inside a call.
pub struct Fleet {
    signalling: Signalling,
    ports: Ports,
    seats: Vec<Seat>,
    /// When each seat wants to be woken; entries that no longer match their seat are skipped.
    alarms: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl Fleet {
    /// A fleet for servers at `server`. Towards loopback one socket plays every client, each with an address of its own
    /// (127.1.0.0 and up); elsewhere each client has a socket.
    pub fn new(server: IpAddr) -> Result<Self, LoadError> {
        Ok(Self {
            signalling: Signalling::default(),
            ports: Ports::toward(server)?,
            seats: Vec::new(),
            alarms: BinaryHeap::new(),
        })
    }

    /// Joins one client and returns as soon as its offer was answered. Blocks for the length of the HTTP exchange.
    pub fn join(&mut self, door: &Door, plan: Plan) -> Result<ClientId, LoadError> {
        let (id, offer) = self.offer(plan)?;
        let session = self.signalling.offer(door, &offer)?;
        self.answer(id, session)?;
        Ok(id)
    }

    /// A new client's offer, for callers that carry it to the server themselves.
    pub fn offer(&mut self, plan: Plan) -> Result<(ClientId, String), LoadError> {
        let index = self.seats.len();
        let local = self.ports.open(index)?;
        let (client, offer) = Client::offer(plan, local.address, Instant::now())?;
        self.seats.push(Seat::new(client, local));
        Ok((ClientId(index), offer))
    }

    /// The server's answer to that offer; connecting begins.
    pub fn answer(&mut self, id: ClientId, session: Session) -> Result<(), LoadError> {
        let answer = self.ports.reachable_candidates(&session.answer_sdp);
        let seat = &mut self.seats[id.0];
        seat.client.accept(&answer, Instant::now())?;
        seat.session = Some(session);
        self.service(id.0, Instant::now());
        Ok(())
    }

    /// Puts a bad network before one client, both ways.
    pub fn degrade(&mut self, id: ClientId, conditions: Conditions, seed: u64) {
        self.seats[id.0].degrade(conditions, seed);
    }

    /// Runs until `done` says so (true) or `at_most` has passed (false).
    pub fn run_until(&mut self, at_most: Duration, mut done: impl FnMut(&Self) -> bool) -> bool {
        let deadline = Instant::now() + at_most;
        while !done(self) {
            let now = Instant::now();
            if now >= deadline {
                return false;
            }
            self.turn(deadline - now);
        }
        true
    }

    /// Runs for that long.
    pub fn run_for(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    /// One round: waits at most `patience`, takes what has arrived, does what is due.
    pub fn turn(&mut self, patience: Duration) {
        let now = Instant::now();
        let until_alarm = self.alarms.peek().map_or(patience, |Reverse((at, _))| {
            at.saturating_duration_since(now)
        });
        self.ports.wait(until_alarm.min(patience));
        self.receive();
        self.ring_alarms();
    }

    /// Leaves politely: DELETE, then silence.
    pub fn leave(&mut self, id: ClientId) -> Result<(), LoadError> {
        let seat = &mut self.seats[id.0];
        seat.client.close();
        seat.session
            .take()
            .map_or(Ok(()), |session| self.signalling.delete(&session))
    }

    pub fn client(&self, id: ClientId) -> &Client {
        &self.seats[id.0].client
    }

    pub fn session(&self, id: ClientId) -> Option<&Session> {
        self.seats[id.0].session.as_ref()
    }

    /// Hands out what the client received so far; it counts anew.
    pub fn take_inbox(&mut self, id: ClientId) -> Inbox {
        self.seats[id.0].client.take_inbox()
    }

    /// Why the client failed, if it did.
    pub fn failure(&self, id: ClientId) -> Option<&LoadError> {
        self.seats[id.0].failure.as_ref()
    }

    pub fn signalling(&self) -> &Signalling {
        &self.signalling
    }

    fn receive(&mut self) {
        let seats = &mut self.seats;
        let mut touched = Vec::new();
        let now = Instant::now();
        self.ports.receive(|index, from, datagram| {
            if let Some(seat) = seats.get_mut(index) {
                seat.receive(now, from, datagram);
                touched.push(index);
            }
        });
        for index in touched {
            self.service(index, now);
        }
    }

    fn ring_alarms(&mut self) {
        let now = Instant::now();
        while let Some(&Reverse((at, index))) = self.alarms.peek() {
            if at > now {
                return;
            }
            self.alarms.pop();
            if self.seats[index].alarm == Some(at) {
                self.seats[index].alarm = None;
                self.seats[index].wake(now);
                self.service(index, now);
            }
        }
    }

    /// Sends what the seat has to send and sets its alarm.
    fn service(&mut self, index: usize, now: Instant) {
        let seat = &mut self.seats[index];
        let Some(next) = seat.poll(now, &mut self.ports) else {
            return;
        };
        // An earlier alarm stays: it rings once too often rather than filling the heap.
        if seat.alarm.is_none_or(|alarm| next < alarm) {
            seat.alarm = Some(next);
            self.alarms.push(Reverse((next, index)));
        }
    }
}
