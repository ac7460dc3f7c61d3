//! Tens of thousands of lean listeners on one thread.

mod counted;
mod options;
mod turns;

use std::collections::VecDeque;
use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};

use super::arrivals::Lateness;
use super::delay::Ear;
use super::handshake;
use super::listener::Listener;
use super::sdp::{self, Remote};
use super::sockets::{Arrival, Home, Sockets};
use crate::LoadError;
use turns::Turns;

pub use counted::Counted;
pub use options::CrowdOptions;

/// Tokens from here on are not sockets of listeners.
pub const FIRST_FOREIGN_TOKEN: usize = 1 << 40;
/// Timers of listeners that connect are looked at this often.
const TIMER_STEP: Duration = Duration::from_millis(20);
/// Batches taken from one socket before others have their turn.
const BATCHES_A_TURN: usize = 64;
/// So many of the first listeners keep what they hear: of each group of a packed room there are some.
const EARS: usize = 24;

/// Listeners, their sockets and their timers. Nothing happens but inside a call.
pub struct Crowd {
    options: CrowdOptions,
    sockets: Sockets,
    poll: Poll,
    events: Events,
    listeners: Vec<Listener>,
    /// Sockets with more to take.
    ready: VecDeque<usize>,
    /// Listeners with a handshake to look after.
    connecting: Vec<usize>,
    timers_at: Instant,
    consent: Turns,
    lateness: Lateness,
    dropped_before: u64,
    /// What the first listeners hear, while it is kept.
    ears: Vec<Vec<Ear>>,
}

impl Crowd {
    pub fn new(home: Home, options: CrowdOptions) -> Result<Self, LoadError> {
        handshake::prepare()?;
        let now = Instant::now();
        Ok(Self {
            options,
            sockets: Sockets::new(home),
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            listeners: Vec::new(),
            ready: VecDeque::new(),
            connecting: Vec::new(),
            timers_at: now,
            consent: Turns::new(now, options.consent_every),
            lateness: Lateness::default(),
            dropped_before: 0,
            ears: Vec::new(),
        })
    }

    /// A new listener; gives its number.
    pub fn add(&mut self) -> Result<usize, LoadError> {
        let number = self.listeners.len();
        let registry = self.poll.registry();
        self.sockets
            .open(number, |token, socket| register(registry, token, socket))?;
        self.listeners.push(Listener::new(number, Instant::now()));
        Ok(number)
    }

    /// Another listener in the place of this one, which says nothing any more.
    pub fn renew(&mut self, number: usize) {
        if let Some(listener) = self.listeners.get_mut(number) {
            *listener = Listener::new(number, Instant::now());
            self.connecting.retain(|&other| other != number);
        }
    }

    /// The SDP offer of a listener.
    pub fn offer(&self, number: usize) -> Result<String, LoadError> {
        sdp::offer(number, self.options.lines)
    }

    /// A listener's answer to a server that offered.
    pub fn answer(&self, number: usize, offered: &str) -> Result<String, LoadError> {
        sdp::answer(number, offered, self.sockets.place(number)?)
    }

    /// The server's transport is known: the listener connects.
    pub fn connect(&mut self, number: usize, remote: Remote) {
        let now = Instant::now();
        if let Some(listener) = self.listeners.get_mut(number) {
            listener.connect(remote, now, &self.sockets);
            self.connecting.push(number);
        }
    }

    pub fn listener(&self, number: usize) -> Option<&Listener> {
        self.listeners.get(number)
    }

    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// The address of a listener, where it has one of its own.
    pub fn address(&self, number: usize) -> Option<std::net::Ipv4Addr> {
        self.sockets.address(number)
    }

    /// Starts to count anew; with `keep_first` everything the first listeners hear is kept.
    pub fn restart(&mut self, keep_first: bool) {
        for listener in &mut self.listeners {
            listener.streams.restart();
            (listener.decrypted, listener.not_decrypted) = (0, 0);
        }
        self.lateness.clear();
        self.dropped_before = self.sockets.dropped();
        self.ears = if keep_first {
            vec![Vec::new(); EARS]
        } else {
            Vec::new()
        };
    }

    /// What was counted since then.
    pub fn counted(&self) -> Counted {
        let now = Instant::now();
        let dropped = self.sockets.dropped() - self.dropped_before;
        Counted::of(&self.listeners, dropped, now)
    }

    pub fn lateness(&self) -> &Lateness {
        &self.lateness
    }

    /// What each of the first listeners heard since counting began.
    pub fn ears(&self) -> &[Vec<Ear>] {
        &self.ears
    }

    pub fn run_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.turn(Duration::from_millis(5), &mut Vec::new());
        }
    }

    /// One round: waits at most `patience`, takes what has come, does what is due. Tokens that are not the crowd's go to
    /// `foreign`.
    pub fn turn(&mut self, patience: Duration, foreign: &mut Vec<Token>) {
        let patience = if self.ready.is_empty() {
            patience
        } else {
            Duration::ZERO
        };
        if let Err(error) = self.poll.poll(&mut self.events, Some(patience)) {
            // An interrupted wait is a short one.
            assert_eq!(
                error.kind(),
                io::ErrorKind::Interrupted,
                "epoll works on sockets of our own"
            );
        }
        for event in &self.events {
            match event.token() {
                Token(socket) if socket < FIRST_FOREIGN_TOKEN => self.ready.push_back(socket),
                other => foreign.push(other),
            }
        }
        let now = Instant::now();
        self.receive(now);
        self.ask_for_consent(now);
        if now >= self.timers_at {
            self.timers_at = now + TIMER_STEP;
            self.ring(now);
        }
    }

    fn receive(&mut self, now: Instant) {
        for _ in 0..self.ready.len() {
            let Some(socket) = self.ready.pop_front() else {
                return;
            };
            let mut left = BATCHES_A_TURN;
            while left > 0 && self.receive_batch(socket, now) {
                left -= 1;
            }
            if left == 0 {
                self.ready.push_back(socket);
            }
        }
    }

    fn receive_batch(&mut self, socket: usize, now: Instant) -> bool {
        // The listeners answer through the sockets while these hand out a batch: control datagrams wait for its end.
        let mut control: Vec<(usize, Vec<u8>)> = Vec::new();
        let Self {
            sockets,
            listeners,
            lateness,
            options,
            ears,
            ..
        } = self;
        let more = sockets.receive(socket, |arrival| {
            let number = arrival.listener;
            let Some(listener) = listeners.get_mut(number) else {
                return;
            };
            if !matches!(arrival.datagram.first(), Some(128..=191)) {
                control.push((number, arrival.datagram.to_vec()));
            } else {
                let mut ear = ears.get_mut(number);
                let opens = ear.is_some() || is_one_in(number, options.decrypt_one_in);
                let heard = hear(listener, &arrival, lateness, opens, now);
                if let (Some(ear), Some(heard)) = (&mut ear, heard) {
                    ear.push(heard);
                }
            }
        });
        for (number, datagram) in control {
            if let Some(listener) = self.listeners.get_mut(number) {
                listener.handle_control(&datagram, self.options.dtls, now, &self.sockets);
            }
        }
        more
    }

    fn ask_for_consent(&mut self, now: Instant) {
        for number in self.consent.due(now, self.listeners.len()) {
            let Some(listener) = self.listeners.get_mut(number) else {
                return;
            };
            if listener.connected_at.is_some() && listener.failure.is_none() {
                listener.check(&self.sockets);
                if is_one_in(number, self.options.report_one_in) {
                    listener.report(&self.sockets);
                }
            }
        }
    }

    fn ring(&mut self, now: Instant) {
        let Self {
            connecting,
            listeners,
            sockets,
            ..
        } = self;
        connecting.retain(|&number| {
            let Some(listener) = listeners.get_mut(number) else {
                return false;
            };
            listener.handle_timeout(now, sockets);
            listener.is_settling(now)
        });
    }
}

fn hear(
    listener: &mut Listener,
    arrival: &Arrival<'_>,
    lateness: &mut Lateness,
    opens: bool,
    now: Instant,
) -> Option<Ear> {
    let packet = listener.note(arrival.datagram, now)?;
    let header = packet.header;
    let moment = (header.ssrc, header.rtp_ts, arrival.datagram.len());
    lateness.note(moment, arrival.at_ns);
    if !opens {
        return None;
    }
    let opus = listener.open(&packet, arrival.datagram)?;
    Some(Ear { moment, opus })
}

fn is_one_in(number: usize, step: usize) -> bool {
    step > 0 && number.is_multiple_of(step)
}

fn register(registry: &Registry, token: usize, socket: &UdpSocket) -> io::Result<()> {
    let fd = socket.as_raw_fd();
    registry.register(&mut SourceFd(&fd), Token(token), Interest::READABLE)
}
