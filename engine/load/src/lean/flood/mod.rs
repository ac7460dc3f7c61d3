//! A flood of half-open attempts from one address: all that can be begun with a server and not finished, by a stranger
//! and by the bearer of tickets.

mod strangers;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::handshake::{DtlsVersion, Handshake};
use super::sdp::{self, Remote};
use super::signal::{Lane, Outcome, Servers};
use super::stun;
use crate::LoadError;
use crate::signalling::{Door, Entrance};
use strangers::Strangers;

/// Of so many attempts one opens a session; the others are datagrams.
const SESSION_ONE_IN: usize = 20;
/// Sockets of half-open sessions that are kept: their server repeats its answer to them. Older ones are closed.
const SOCKETS: usize = 256;
/// Datagrams sent before connections have their turn.
const DATAGRAMS_A_TURN: usize = 256;

/// How the flood comes.
#[derive(Debug, Clone, Copy)]
pub struct FloodOptions {
    /// Where all of it comes from.
    pub from: Ipv4Addr,
    /// Attempts in all.
    pub attempts: usize,
    /// At most so many in a second; 0 for as many as go.
    pub per_second: f64,
    /// HTTP connections to the edge at once.
    pub lanes: usize,
}

/// What was sent, and what came back.
#[derive(Debug, Default, Clone, PartialEq, serde::Serialize)]
pub struct Flooded {
    pub attempts: usize,
    /// Connectivity checks of a session that does not exist.
    pub unknown_checks: usize,
    /// Those of one that does, under another password than its own.
    pub forged_checks: usize,
    /// ClientHellos from an address that no check has proved.
    pub bare_hellos: usize,
    /// Sessions that were opened, checked, greeted with a ClientHello, and then left alone.
    pub sessions: usize,
    /// Sessions that were not opened, by what the server said.
    pub refused: BTreeMap<String, usize>,
    /// Datagrams that came back to whoever proved nothing.
    pub answers_to_strangers: usize,
    pub seconds: f64,
}

/// The flood itself. Nothing happens but inside a call.
pub struct Flood {
    options: FloodOptions,
    server: IpAddr,
    poll: Poll,
    lanes: Vec<Lane>,
    servers: Servers,
    doors: Vec<Door>,
    hello: Vec<Vec<u8>>,
    strangers: Strangers,
    sockets: VecDeque<UdpSocket>,
    /// Sessions that are still to be opened.
    owed: usize,
    counted: Flooded,
}

impl Flood {
    /// Its sessions are opened at these doors, one after the other and from the beginning again.
    pub fn new(options: FloodOptions, server: IpAddr, doors: Vec<Door>) -> Result<Self, LoadError> {
        let lane = |n| Lane::new(Token(2 * n), Token(2 * n + 1), Some(options.from));
        let hello = hello()?;
        Ok(Self {
            options,
            server,
            poll: Poll::new()?,
            lanes: (0..options.lanes.max(1)).map(lane).collect(),
            servers: Servers::default(),
            doors,
            strangers: Strangers::new(options.from, hello.clone())?,
            hello,
            sockets: VecDeque::new(),
            owed: 1,
            counted: Flooded::default(),
        })
    }

    /// Sends all of it; what time it took and what came back is in the answer.
    pub fn run(mut self) -> Result<Flooded, LoadError> {
        let start = Instant::now();
        let mut events = Events::with_capacity(1024);
        while self.counted.attempts < self.options.attempts || self.is_busy() {
            self.knock()?;
            let before = self.counted.attempts;
            self.send(start.elapsed())?;
            let patience = if self.counted.attempts > before {
                Duration::ZERO
            } else {
                Duration::from_millis(1)
            };
            // An interrupted wait is a short one.
            let _interrupted = self.poll.poll(&mut events, Some(patience));
            for event in &events {
                self.advance(event.token().0 / 2)?;
            }
        }
        let Flooded { seconds, .. } = &mut self.counted;
        *seconds = start.elapsed().as_secs_f64();
        self.counted.answers_to_strangers = self.strangers.answers()?;
        Ok(self.counted)
    }

    fn is_busy(&self) -> bool {
        self.owed > 0 || self.lanes.iter().any(|lane| !lane.is_free())
    }

    /// Opens the sessions that are owed, as far as lanes are free.
    fn knock(&mut self) -> Result<(), LoadError> {
        for free in 0..self.lanes.len() {
            let number = self.counted.sessions + self.counted.refused.values().sum::<usize>();
            let door = self.doors.get((number + free) % self.doors.len().max(1));
            let (Some(lane), Some(door)) = (self.lanes.get_mut(free), door) else {
                self.owed = 0;
                return Ok(());
            };
            if self.owed == 0 || !lane.is_free() {
                continue;
            }
            self.owed -= 1;
            let (entrance, offer) = (Entrance::Door(door.clone()), sdp::offer(free, 4)?);
            let (registry, servers) = (self.poll.registry(), &mut self.servers);
            let failed = lane.bring(registry, servers, free, &entrance, offer);
            self.take(failed)?;
        }
        Ok(())
    }

    /// The attempts that are due by now, at most a turn's.
    fn send(&mut self, elapsed: Duration) -> Result<(), LoadError> {
        if !self.strangers.know_where() {
            return Ok(());
        }
        let rate = self.options.per_second;
        let due = if rate > 0.0 {
            (rate * elapsed.as_secs_f64()) as usize
        } else {
            usize::MAX
        };
        let end = due
            .min(self.options.attempts)
            .min(self.counted.attempts + DATAGRAMS_A_TURN);
        while self.counted.attempts < end {
            let number = self.counted.attempts;
            self.counted.attempts += 1;
            match number % SESSION_ONE_IN {
                0 => self.owed += usize::from(number > 0),
                n => self.strangers.send(n % 3, &mut self.counted)?,
            }
        }
        Ok(())
    }

    fn advance(&mut self, lane: usize) -> Result<(), LoadError> {
        let registry = self.poll.registry();
        let lane = self.lanes.get_mut(lane);
        let outcome = lane.and_then(|lane| lane.advance(registry, &mut self.servers));
        self.take(outcome)
    }

    fn take(&mut self, outcome: Option<Outcome>) -> Result<(), LoadError> {
        match outcome {
            Some(Outcome::Answered { sdp, .. }) => {
                let remote = sdp::remote(&sdp, self.server)?;
                self.begin(&remote)?;
                self.strangers.learn(remote);
                self.counted.sessions += 1;
            }
            // Without one session there is nowhere to send the rest to.
            Some(Outcome::Failed(_, error)) if !self.strangers.know_where() => return Err(error),
            Some(Outcome::Failed(_, error)) => {
                *self.counted.refused.entry(error.to_string()).or_default() += 1;
            }
            Some(Outcome::Left) | None => {}
        }
        Ok(())
    }

    /// A check that holds, a ClientHello, and silence.
    fn begin(&mut self, remote: &Remote) -> Result<(), LoadError> {
        let socket = strangers::socket(self.options.from)?;
        let username = format!("{}:flood", remote.ufrag);
        let check = stun::check(strangers::transaction(), &username, &remote.password);
        strangers::send(&socket, remote.address, &check)?;
        for datagram in &self.hello {
            strangers::send(&socket, remote.address, datagram)?;
        }
        self.sockets.push_back(socket);
        if self.sockets.len() > SOCKETS {
            self.sockets.pop_front();
        }
        Ok(())
    }
}

/// A ClientHello; the same one does for all.
fn hello() -> Result<Vec<Vec<u8>>, LoadError> {
    let (mut datagrams, now) = (Vec::new(), Instant::now());
    let mut handshake = Handshake::new(DtlsVersion::V1_3, [0; 32], now)?;
    handshake.handle_timeout(now, |datagram| datagrams.push(datagram.to_vec()))?;
    Ok(datagrams)
}

/// Where the server's media is.
type Media = SocketAddrV4;
