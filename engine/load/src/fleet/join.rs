//! Many joins at once: HTTP on a few threads, WebRTC on the fleet's.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::{ClientId, Fleet};
use crate::LoadError;
use crate::client::Plan;
use crate::signalling::{Entrance, Session, Signalling};

/// When a client counts as joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// ICE and DTLS are done.
    Connected,
    /// The first audio packet was heard; somebody has to speak for that.
    FirstPacket,
}

/// Joins a queue of clients, so many at a time.
#[derive(Debug, Clone, Copy)]
pub struct Joiner {
    /// Threads that talk HTTP.
    pub http_threads: usize,
    /// Clients on their way: more would only measure the server's queue.
    pub in_flight: usize,
    /// A client that has not joined after this long has failed.
    pub patience: Duration,
    pub until: Milestone,
}

impl Default for Joiner {
    fn default() -> Self {
        Self {
            http_threads: 4,
            in_flight: 32,
            patience: Duration::from_secs(20),
            until: Milestone::Connected,
        }
    }
}

/// What became of a queue of joins.
#[derive(Debug)]
pub struct Joined {
    pub clients: Vec<ClientId>,
    pub failures: Vec<LoadError>,
    /// From the first offer to the last client's milestone.
    pub time: Duration,
}

struct Errand {
    id: ClientId,
    entrance: Entrance,
    offer: String,
}

type Reply = (ClientId, Result<Session, LoadError>);

impl Joiner {
    /// Joins one client per entrance; `plan` says by the client's number what it does, `progress` hears how many are done.
    pub fn join_all(
        &self,
        fleet: &mut Fleet,
        entrances: Vec<Entrance>,
        plan: impl Fn(usize) -> Plan,
        mut progress: impl FnMut(usize),
    ) -> Result<Joined, LoadError> {
        let (errands, replies) = self.hire_carriers(&fleet.signalling);
        let start = Instant::now();
        let mut queue: VecDeque<(usize, Entrance)> = entrances.into_iter().enumerate().collect();
        let mut pending = Pending::default();
        while !(queue.is_empty() && pending.is_empty()) {
            while pending.len() < self.in_flight.max(1) {
                let Some((number, entrance)) = queue.pop_front() else {
                    break;
                };
                let (id, offer) = fleet.offer(plan(number))?;
                pending.at_http += 1;
                // Cannot fail: the carriers wait for errands until `errands` is dropped.
                let _ = errands.send(Errand {
                    id,
                    entrance,
                    offer,
                });
            }
            pending.take_replies(fleet, &replies);
            fleet.turn(Duration::from_millis(1));
            pending.settle(fleet, self);
            progress(pending.clients.len());
        }
        Ok(Joined {
            clients: pending.clients,
            failures: pending.failures,
            time: start.elapsed(),
        })
    }

    /// The carriers leave when the errands' sender is gone.
    fn hire_carriers(&self, signalling: &Signalling) -> (Sender<Errand>, Receiver<Reply>) {
        let (errands, waiting) = channel::<Errand>();
        let (reply, replies) = channel::<Reply>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..self.http_threads.max(1) {
            let (signalling, waiting, reply) = (signalling.clone(), waiting.clone(), reply.clone());
            thread::spawn(move || carry(&signalling, &waiting, &reply));
        }
        (errands, replies)
    }
}

/// Takes errands until there are no more.
fn carry(signalling: &Signalling, waiting: &Mutex<Receiver<Errand>>, reply: &Sender<Reply>) {
    loop {
        let next = waiting.lock().map(|queue| queue.recv());
        let Ok(Ok(Errand {
            id,
            entrance,
            offer,
        })) = next
        else {
            return;
        };
        let session = signalling
            .enter(entrance)
            .and_then(|door| signalling.offer(&door, &offer));
        if reply.send((id, session)).is_err() {
            return;
        }
    }
}

#[derive(Default)]
struct Pending {
    at_http: usize,
    connecting: Vec<ClientId>,
    clients: Vec<ClientId>,
    failures: Vec<LoadError>,
}

impl Pending {
    fn len(&self) -> usize {
        self.at_http + self.connecting.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take_replies(&mut self, fleet: &mut Fleet, replies: &Receiver<Reply>) {
        while let Ok((id, session)) = replies.try_recv() {
            self.at_http -= 1;
            match session.and_then(|session| fleet.answer(id, session)) {
                Ok(()) => self.connecting.push(id),
                Err(error) => self.failures.push(error),
            }
        }
    }

    fn settle(&mut self, fleet: &mut Fleet, joiner: &Joiner) {
        for id in std::mem::take(&mut self.connecting) {
            if fleet.has_reached(id, joiner.until) {
                self.clients.push(id);
            } else if let Some(error) = fleet.gave_up(id, joiner.patience) {
                self.failures.push(error);
            } else {
                self.connecting.push(id);
            }
        }
    }
}

impl Fleet {
    fn has_reached(&self, id: ClientId, milestone: Milestone) -> bool {
        match milestone {
            Milestone::Connected => self.client(id).is_connected(),
            Milestone::FirstPacket => self.client(id).milestones().first_packet_at.is_some(),
        }
    }

    /// Why a client that is still on its way will not arrive, if so; it is closed then.
    fn gave_up(&mut self, id: ClientId, patience: Duration) -> Option<LoadError> {
        let seat = &mut self.seats[id.0];
        let late = seat.client.milestones().offered_at.elapsed() > patience;
        if !late && !seat.client.is_closed() {
            return None;
        }
        seat.client.close();
        Some(
            seat.failure
                .take()
                .unwrap_or(LoadError::NotConnected { after: patience }),
        )
    }
}
