//! What each of them does: comes, goes, watches, fails.

use std::time::Instant;

use mio::Token;

use super::fate::Parting;
use super::seat::Stay;
use super::{Churn, FIRST_STREAM};
use crate::LoadError;
use crate::lean::event_stream::EventStream;
use crate::lean::listener::Listener;
use crate::lean::sdp::{self, Remote};
use crate::lean::signal::{Departure, Outcome};
use crate::signalling::{Door, Entrance};

impl Churn {
    /// Begins a stay, when a lane is free.
    pub(super) fn come(&mut self, number: usize, now: Instant) -> Result<(), LoadError> {
        let Some(free) = self.free_lane() else {
            return Ok(());
        };
        self.crowd.renew(number);
        let offer = self.crowd.offer(number)?;
        let parting = self.fate.parting();
        let (Some(seat), Some((lane, works_for))) =
            (self.seats.get_mut(number), self.lanes.get_mut(free))
        else {
            return Ok(());
        };
        seat.stay = Stay::Coming {
            since: now,
            parting,
        };
        if seat.reads {
            seat.stream = None;
        }
        let entrance = Entrance::Room {
            join_url: seat.join_url.clone(),
            session: seat.session.clone(),
            body: serde_json::from_str(&seat.body).unwrap_or_default(),
        };
        *works_for = Some(number);
        let registry = self.crowd.registry();
        let failed = lane.bring(registry, &mut self.servers, number, &entrance, offer);
        self.take(Some(number), failed);
        Ok(())
    }

    pub(super) fn go(&mut self, number: usize, parting: Parting, now: Instant) {
        let free = match parting {
            Parting::Leaves | Parting::HangsUp => match self.free_lane() {
                Some(free) => Some(free),
                None => return,
            },
            Parting::Vanishes | Parting::NeverConnects => None,
        };
        let heard = |listener: &Listener| {
            listener.connected_at.is_some() && listener.first_packet_at.is_some()
        };
        self.counted.heard += u64::from(self.crowd.listener(number).is_some_and(heard));
        match parting {
            Parting::Leaves => self.counted.left += 1,
            Parting::HangsUp => self.counted.hung_up += 1,
            Parting::Vanishes => self.counted.vanished += 1,
            Parting::NeverConnects => self.counted.never_connected += 1,
        }
        let until = now + self.fate.away();
        let Some(seat) = self.seats.get_mut(number) else {
            return;
        };
        seat.stay = Stay::Away { until };
        seat.reads = parting == Parting::Leaves;
        let departure = seat.departure.take();
        if parting == Parting::HangsUp {
            seat.stream = None;
        }
        let (join_url, session) = (seat.join_url.clone(), seat.session.clone());
        self.crowd.renew(number);
        let lane = free.and_then(|free| self.lanes.get_mut(free));
        if let (Some((lane, works_for)), Some(departure)) = (lane, departure) {
            *works_for = None;
            let (registry, servers) = (self.crowd.registry(), &mut self.servers);
            let failed = if parting == Parting::Leaves {
                lane.part(registry, servers, &join_url, &session)
            } else {
                lane.leave(registry, servers, &departure)
            };
            self.take(None, failed);
        }
    }

    pub(super) fn advance(&mut self, number: usize) {
        let Some((lane, works_for)) = self.lanes.get_mut(number) else {
            return;
        };
        let works_for = *works_for;
        let outcome = lane.advance(self.crowd.registry(), &mut self.servers);
        self.take(works_for, outcome);
    }

    fn take(&mut self, works_for: Option<usize>, outcome: Option<Outcome>) {
        match outcome {
            Some(Outcome::Answered {
                number,
                sdp,
                session,
            }) => match sdp::remote(&sdp, self.server) {
                Ok(remote) => {
                    self.watch(number, session.events.clone());
                    self.begin(number, session, remote);
                }
                Err(error) => self.fail(number, &error),
            },
            Some(Outcome::Failed(_, error)) => match works_for {
                Some(number) => self.fail(number, &error),
                None => self.note(&error),
            },
            Some(Outcome::Left) | None => {}
        }
    }

    /// The server has answered: the handshake begins, or never does.
    fn begin(&mut self, number: usize, session: Departure, remote: Remote) {
        let Some(seat) = self.seats.get_mut(number) else {
            return;
        };
        seat.departure = Some(session);
        let Stay::Coming { parting, .. } = seat.stay else {
            return;
        };
        if parting == Parting::NeverConnects {
            self.go(number, parting, Instant::now());
        } else {
            self.crowd.connect(number, remote);
        }
    }

    /// Opens the event stream; the one before, if it is still there, was left by a stay that ended without a word.
    fn watch(&mut self, number: usize, door: Option<Door>) {
        let (Some(door), Some(seat)) = (door, self.seats.get_mut(number)) else {
            return;
        };
        seat.stream = None;
        let token = Token(FIRST_STREAM + number);
        let from = self.crowd.address(number);
        let (registry, servers) = (self.crowd.registry(), &mut self.servers);
        match EventStream::begin(registry, servers, token, from, Entrance::Door(door)) {
            Ok(stream) => (seat.stream, seat.reads) = (Some(stream), true),
            Err(error) => self.note(&error),
        }
    }

    pub(super) fn read(&mut self, number: usize) {
        let Some(seat) = self.seats.get_mut(number).filter(|seat| seat.reads) else {
            return;
        };
        let (registry, servers) = (self.crowd.registry(), &mut self.servers);
        let Some(stream) = seat.stream.as_mut() else {
            return;
        };
        if let Err(error) = stream.advance(registry, servers, |_| {}) {
            seat.stream = None;
            // Whoever has left is told so.
            if !seat.is_away() {
                self.note(&error);
            }
        }
    }

    /// Somebody did not get in, and comes again later.
    pub(super) fn fail(&mut self, number: usize, error: &LoadError) {
        self.note(error);
        self.crowd.renew(number);
        let until = Instant::now() + self.fate.away();
        if let Some(seat) = self.seats.get_mut(number) {
            seat.stay = Stay::Away { until };
            (seat.stream, seat.departure) = (None, None);
        }
    }

    fn note(&mut self, error: &LoadError) {
        *self.counted.failures.entry(error.to_string()).or_default() += 1;
    }

    fn free_lane(&self) -> Option<usize> {
        self.lanes.iter().position(|(lane, _)| lane.is_free())
    }
}
