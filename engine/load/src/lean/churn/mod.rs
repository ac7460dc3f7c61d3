//! People who come and go: joins, event streams, partings and silent deaths, at random and for as long as one likes.

mod errands;
mod fate;
mod seat;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use mio::Token;

use super::crowd::{Crowd, FIRST_FOREIGN_TOKEN};
use super::event_stream::EventStream;
use super::signal::{Lane, Servers};
use crate::LoadError;
use crate::signalling::Entrance;
use fate::Fate;
use seat::{Due, Seat, Stay};

/// Tokens from here on are event streams, by the number of the seat.
const FIRST_STREAM: usize = FIRST_FOREIGN_TOKEN + (1 << 20);
/// How often everybody's time is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How they come and go.
#[derive(Debug, Clone, Copy)]
pub struct ChurnOptions {
    /// How long they stay, and stay away, on average.
    pub stay: Duration,
    pub away: Duration,
    pub seed: u64,
    /// HTTP connections to the API and as many to the edge: so many may be on their way at once.
    pub lanes: usize,
    /// Who has not connected after this long has failed.
    pub patience: Duration,
}

/// What happened so far.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Churned {
    /// Present now.
    pub here: usize,
    /// Event streams that have had their snapshot and are read, now.
    pub streams: usize,
    pub joined: u64,
    /// Stays in which sound came.
    pub heard: u64,
    pub left: u64,
    pub hung_up: u64,
    pub vanished: u64,
    pub never_connected: u64,
    /// What went wrong, by its words.
    pub failures: BTreeMap<String, u64>,
}

/// The accounts, their listeners, and the connections they come in by.
pub struct Churn {
    options: ChurnOptions,
    server: IpAddr,
    fate: Fate,
    crowd: Crowd,
    seats: Vec<Seat>,
    /// Each with the seat that it works for.
    lanes: Vec<(Lane, Option<usize>)>,
    servers: Servers,
    counted: Churned,
    /// Nobody comes any more.
    closing: bool,
    look_at: Instant,
}

impl Churn {
    /// One seat for each entrance by the API; others are left out. Everybody is away at first.
    pub fn new(
        options: ChurnOptions,
        mut crowd: Crowd,
        server: IpAddr,
        entrances: Vec<Entrance>,
    ) -> Result<Self, LoadError> {
        let mut fate = Fate::new(options.seed, options.stay, options.away);
        let now = Instant::now();
        let mut seats = Vec::new();
        for entrance in entrances {
            if let Entrance::Room {
                join_url,
                session,
                body,
            } = entrance
            {
                crowd.add()?;
                seats.push(Seat {
                    join_url,
                    session,
                    body: body.to_string(),
                    stay: Stay::Away {
                        until: now + fate.first(),
                    },
                    departure: None,
                    stream: None,
                    reads: false,
                });
            }
        }
        let lanes = (0..options.lanes.max(1)).map(|n| (lane(n, &crowd), None));
        Ok(Self {
            lanes: lanes.collect(),
            options,
            server,
            fate,
            crowd,
            seats,
            servers: Servers::default(),
            counted: Churned::default(),
            closing: false,
            look_at: now,
        })
    }

    /// Lets them come and go for that long.
    pub fn run_for(&mut self, time: Duration) -> Result<(), LoadError> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.turn()?;
        }
        Ok(())
    }

    /// Everybody goes, each in the way that was drawn, and nobody comes any more; waits for it that long at most.
    pub fn close(&mut self, within: Duration) -> Result<(), LoadError> {
        self.closing = true;
        let now = Instant::now();
        for seat in &mut self.seats {
            if let Stay::Here { until, .. } = &mut seat.stay {
                *until = now;
            }
        }
        while Instant::now() < now + within && !self.is_empty() {
            self.turn()?;
        }
        Ok(())
    }

    /// What happened so far.
    pub fn counted(&self) -> Churned {
        let here = |seat: &&Seat| matches!(seat.stay, Stay::Here { .. });
        let reads =
            |seat: &&Seat| seat.reads && seat.stream.as_ref().is_some_and(EventStream::is_open);
        Churned {
            here: self.seats.iter().filter(here).count(),
            streams: self.seats.iter().filter(reads).count(),
            ..self.counted.clone()
        }
    }

    fn is_empty(&self) -> bool {
        self.seats.iter().all(Seat::is_away) && self.lanes.iter().all(|(lane, _)| lane.is_free())
    }

    fn turn(&mut self) -> Result<(), LoadError> {
        let mut ready = Vec::new();
        self.crowd.turn(Duration::from_millis(5), &mut ready);
        for Token(token) in ready {
            match token.checked_sub(FIRST_STREAM) {
                Some(seat) => self.read(seat),
                None => self.advance((token - FIRST_FOREIGN_TOKEN) / 2),
            }
        }
        let now = Instant::now();
        if now >= self.look_at {
            self.look_at = now + LOOK_EVERY;
            for number in 0..self.seats.len() {
                self.look_after(number, now)?;
            }
        }
        Ok(())
    }

    fn look_after(&mut self, number: usize, now: Instant) -> Result<(), LoadError> {
        self.settle(number, now);
        let Some(seat) = self.seats.get(number) else {
            return Ok(());
        };
        match seat.due(now, self.options.patience) {
            Due::Nothing => {}
            Due::Come if self.closing => {}
            Due::Come => self.come(number, now)?,
            Due::GiveUp => {
                let after = self.options.patience;
                self.fail(number, &LoadError::NotConnected { after });
            }
            Due::Go(parting) => self.go(number, parting, now),
        }
        Ok(())
    }

    /// Whoever is connected is here.
    fn settle(&mut self, number: usize, now: Instant) {
        let (Some(seat), Some(listener)) =
            (self.seats.get_mut(number), self.crowd.listener(number))
        else {
            return;
        };
        let Stay::Coming { parting, .. } = seat.stay else {
            return;
        };
        if let Some(failure) = &listener.failure {
            let failure = LoadError::Dtls(failure.to_string());
            return self.fail(number, &failure);
        }
        if listener.connected_at.is_some() {
            let stay = if self.closing {
                Duration::ZERO
            } else {
                self.fate.stay()
            };
            seat.stay = Stay::Here {
                until: now + stay,
                parting,
            };
            self.counted.joined += 1;
        }
    }
}

/// The lanes come from addresses of their own where there are many, as different people do.
fn lane(n: usize, crowd: &Crowd) -> Lane {
    let token = |n: usize| Token(FIRST_FOREIGN_TOKEN + n);
    Lane::new(token(2 * n), token(2 * n + 1), crowd.address(n))
}
