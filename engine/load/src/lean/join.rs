//! A storm of joins: a few lanes of HTTP, and handshakes on the crowd's own thread.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use mio::Token;

use super::crowd::{Crowd, FIRST_FOREIGN_TOKEN};
use super::sdp;
use super::signal::{Departure, Lane, Outcome, Servers};
use crate::signalling::Entrance;
use crate::{LoadError, Milestone};

/// A server that does not let go by then is not waited for.
const LEAVE_WITHIN: Duration = Duration::from_secs(30);

/// How a queue of listeners joins.
#[derive(Debug, Clone, Copy)]
pub struct JoinOptions {
    /// Connections to the API and as many to the edge.
    pub lanes: usize,
    /// Listeners on their way: more would only measure the server's queue.
    pub in_flight: usize,
    /// At most so many joins begin in a second; 0 for as many as go.
    pub per_second: f64,
    /// A listener that has not joined after this long has failed.
    pub patience: Duration,
    pub until: Milestone,
}

/// The way in, and out again: connections that are kept, and the sessions that were opened over them.
pub struct Entry {
    options: JoinOptions,
    server: IpAddr,
    lanes: Lanes,
}

/// What became of a queue of joins.
pub struct CrowdJoined {
    pub joined: usize,
    pub failures: Vec<LoadError>,
    /// From the first offer to the last listener's milestone.
    pub time: Duration,
    /// How long each took, from its offer to its milestone.
    pub join_ms: Vec<f64>,
}

#[derive(Default)]
struct Lanes {
    lanes: Vec<Lane>,
    servers: Servers,
    sessions: Vec<Departure>,
}

impl Entry {
    /// A way to the server at that address.
    pub fn new(options: JoinOptions, server: IpAddr) -> Self {
        Self {
            options,
            server,
            lanes: Lanes::default(),
        }
    }

    /// Joins one listener per entrance; `progress` hears how many are done.
    pub fn join_all(
        &mut self,
        crowd: &mut Crowd,
        entrances: Vec<Entrance>,
        mut progress: impl FnMut(usize),
    ) -> Result<CrowdJoined, LoadError> {
        let mut storm = Storm {
            options: self.options,
            start: Instant::now(),
            server: self.server,
            begun: 0,
            queue: entrances.into(),
            lanes: &mut self.lanes,
            pending: Vec::new(),
            failures: Vec::new(),
            join_ms: Vec::new(),
        };
        let mut ready = Vec::new();
        while !(storm.queue.is_empty() && storm.pending.is_empty()) {
            storm.begin(crowd)?;
            crowd.turn(Duration::from_millis(1), &mut ready);
            for token in ready.drain(..) {
                let outcome = storm.lanes.advance(crowd, token);
                storm.take(crowd, outcome);
            }
            storm.settle(crowd);
            progress(storm.join_ms.len());
        }
        Ok(CrowdJoined {
            joined: storm.join_ms.len(),
            failures: storm.failures,
            time: storm.start.elapsed(),
            join_ms: storm.join_ms,
        })
    }

    /// Everybody leaves politely; gives how many did.
    pub fn leave(mut self, crowd: &mut Crowd) -> usize {
        let mut queue: VecDeque<_> = std::mem::take(&mut self.lanes.sessions).into();
        let (mut on_the_way, mut left) = (0, 0);
        let mut ready = Vec::new();
        let give_up = Instant::now() + LEAVE_WITHIN;
        while (on_the_way > 0 || !queue.is_empty()) && Instant::now() < give_up {
            let Lanes { lanes, servers, .. } = &mut self.lanes;
            for lane in lanes.iter_mut().filter(|lane| lane.is_free()) {
                let Some(session) = queue.pop_front() else {
                    break;
                };
                let failed = lane.leave(crowd.registry(), servers, &session);
                on_the_way += usize::from(failed.is_none());
            }
            crowd.turn(Duration::from_millis(1), &mut ready);
            for token in ready.drain(..) {
                let outcome = self.lanes.advance(crowd, token);
                on_the_way -= usize::from(outcome.is_some());
                left += usize::from(matches!(outcome, Some(Outcome::Left)));
            }
        }
        left
    }
}

impl Lanes {
    /// Another lane. Each comes from an address of its own where there are many, as different people do.
    fn open(&mut self, crowd: &Crowd) {
        let n = self.lanes.len();
        let token = |n: usize| Token(FIRST_FOREIGN_TOKEN + n);
        let lane = Lane::new(token(2 * n), token(2 * n + 1), crowd.address(n));
        self.lanes.push(lane);
    }

    fn advance(&mut self, crowd: &Crowd, token: Token) -> Option<Outcome> {
        let lane = self.lanes.get_mut((token.0 - FIRST_FOREIGN_TOKEN) / 2)?;
        lane.advance(crowd.registry(), &mut self.servers)
    }
}

struct Storm<'a> {
    options: JoinOptions,
    start: Instant,
    server: IpAddr,
    begun: usize,
    queue: VecDeque<Entrance>,
    lanes: &'a mut Lanes,
    /// Numbers of those on their way.
    pending: Vec<usize>,
    failures: Vec<LoadError>,
    join_ms: Vec<f64>,
}

impl Storm<'_> {
    fn begin(&mut self, crowd: &mut Crowd) -> Result<(), LoadError> {
        while self.lanes.lanes.len() < self.options.lanes.max(1) {
            self.lanes.open(crowd);
        }
        for lane in 0..self.lanes.lanes.len() {
            if !self.lanes.lanes[lane].is_free() {
                continue;
            }
            if self.pending.len() >= self.options.in_flight.max(1) || !self.may_begin() {
                return Ok(());
            }
            let Some(entrance) = self.queue.pop_front() else {
                return Ok(());
            };
            let number = crowd.add()?;
            let offer = crowd.offer(number)?;
            self.begun += 1;
            self.pending.push(number);
            let Lanes { lanes, servers, .. } = &mut *self.lanes;
            let failed = lanes[lane].bring(crowd.registry(), servers, number, &entrance, offer);
            self.take(crowd, failed);
        }
        Ok(())
    }

    fn may_begin(&self) -> bool {
        let rate = self.options.per_second;
        rate <= 0.0 || (self.begun as f64) < rate * self.start.elapsed().as_secs_f64()
    }

    fn take(&mut self, crowd: &mut Crowd, outcome: Option<Outcome>) {
        match outcome {
            Some(Outcome::Answered {
                number,
                sdp,
                session,
            }) => match sdp::remote(&sdp, self.server) {
                Ok(remote) => {
                    self.lanes.sessions.push(session);
                    crowd.connect(number, remote);
                }
                Err(error) => self.fail(Some(number), error),
            },
            Some(Outcome::Failed(number, error)) => self.fail(number, error),
            Some(Outcome::Left) | None => {}
        }
    }

    fn fail(&mut self, number: Option<usize>, error: LoadError) {
        self.pending.retain(|&n| Some(n) != number);
        self.failures.push(error);
    }

    fn settle(&mut self, crowd: &Crowd) {
        let (options, now) = (self.options, Instant::now());
        let (failures, join_ms) = (&mut self.failures, &mut self.join_ms);
        self.pending.retain(|&number| {
            let Some(listener) = crowd.listener(number) else {
                return false;
            };
            let reached = match options.until {
                Milestone::Connected => listener.connected_at,
                Milestone::FirstPacket => listener.first_packet_at,
            };
            if let Some(at) = reached {
                join_ms.push((at - listener.offered_at).as_secs_f64() * 1e3);
            } else if let Some(failure) = &listener.failure {
                failures.push(LoadError::Dtls(failure.to_string()));
            } else if now > listener.offered_at + options.patience {
                failures.push(LoadError::NotConnected {
                    after: options.patience,
                });
            } else {
                return true;
            }
            false
        });
    }
}
