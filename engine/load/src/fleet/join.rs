//! Many joins at once: HTTP on a few threads, WebRTC on the fleet's.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::{ClientId, Fleet};
use crate::client::Plan;
use crate::signalling::{Door, Session, Signalling};
use crate::{LoadError, client::Client};

/// Joins a queue of clients, so many at a time.
#[derive(Debug, Clone, Copy)]
pub struct Joiner {
    /// Threads that talk HTTP.
    pub http_threads: usize,
    /// Offers on their way, or answered and not yet connected: more would only measure the queue.
    pub in_flight: usize,
    /// A client that is not connected after this long has failed.
    pub patience: Duration,
}

struct Errand {
    id: ClientId,
    door: Door,
    offer: String,
}

type Reply = (ClientId, Result<Session, LoadError>);

impl Joiner {
    /// Joins one client per door. Gives those that connected and what became of the others.
    pub fn join_all(
        &self,
        fleet: &mut Fleet,
        doors: Vec<Door>,
        plan: impl Fn(usize) -> Plan,
    ) -> Result<(Vec<ClientId>, Vec<LoadError>), LoadError> {
        let (errands, waiting) = channel::<Errand>();
        let (reply, replies) = channel::<Reply>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..self.http_threads.max(1) {
            let (signalling, waiting, reply) =
                (fleet.signalling.clone(), waiting.clone(), reply.clone());
            thread::spawn(move || carry(&signalling, &waiting, &reply));
        }
        self.drive(fleet, doors.into(), plan, &errands, &replies)
    }

    fn drive(
        &self,
        fleet: &mut Fleet,
        mut doors: VecDeque<Door>,
        plan: impl Fn(usize) -> Plan,
        errands: &Sender<Errand>,
        replies: &Receiver<Reply>,
    ) -> Result<(Vec<ClientId>, Vec<LoadError>), LoadError> {
        let (mut asked, mut pending, mut connected, mut failed) =
            (0, Pending::default(), Vec::new(), Vec::new());
        while !(doors.is_empty() && pending.is_empty()) {
            while pending.len() < self.in_flight.max(1) {
                let Some(door) = doors.pop_front() else { break };
                let (id, offer) = fleet.offer(plan(asked))?;
                asked += 1;
                pending.at_http += 1;
                // The threads end only when this sender is gone.
                let _carriers_outlive_us = errands.send(Errand { id, door, offer });
            }
            pending.take_replies(fleet, replies, &mut failed);
            fleet.turn(Duration::from_millis(1));
            pending.settle(fleet, self.patience, &mut connected, &mut failed);
        }
        Ok((connected, failed))
    }
}

/// Takes errands until there are no more.
fn carry(signalling: &Signalling, waiting: &Mutex<Receiver<Errand>>, reply: &Sender<Reply>) {
    loop {
        let next = waiting.lock().map(|queue| queue.recv());
        let Ok(Ok(Errand { id, door, offer })) = next else {
            return;
        };
        if reply.send((id, signalling.offer(&door, &offer))).is_err() {
            return;
        }
    }
}

#[derive(Default)]
struct Pending {
    at_http: usize,
    connecting: Vec<ClientId>,
}

impl Pending {
    fn len(&self) -> usize {
        self.at_http + self.connecting.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take_replies(
        &mut self,
        fleet: &mut Fleet,
        replies: &Receiver<Reply>,
        failed: &mut Vec<LoadError>,
    ) {
        loop {
            let (id, session) = match replies.try_recv() {
                Ok(reply) => reply,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            };
            self.at_http -= 1;
            match session.and_then(|session| fleet.answer(id, session)) {
                Ok(()) => self.connecting.push(id),
                Err(error) => failed.push(error),
            }
        }
    }

    fn settle(
        &mut self,
        fleet: &mut Fleet,
        patience: Duration,
        connected: &mut Vec<ClientId>,
        failed: &mut Vec<LoadError>,
    ) {
        self.connecting.retain(|&id| {
            if fleet.client(id).is_connected() {
                connected.push(id);
                return false;
            }
            let Some(error) = why_not(fleet, id, patience) else {
                return true;
            };
            failed.push(error);
            false
        });
    }
}

fn why_not(fleet: &mut Fleet, id: ClientId, patience: Duration) -> Option<LoadError> {
    let seat = &mut fleet.seats[id.0];
    let late = Client::milestones(&seat.client).offered_at.elapsed() > patience;
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
