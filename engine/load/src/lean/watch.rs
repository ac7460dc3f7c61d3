//! Thousands of event streams (Server-Sent Events), and when each event reached them.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::event_stream::EventStream;
use super::realtime_ns;
use super::signal::Servers;
use crate::LoadError;
use crate::signalling::Entrance;

/// A stream is open with its first snapshot; so many may be on their way at once.
const IN_FLIGHT: usize = 64;

/// One event, as all streams saw it.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Watched {
    /// The room's version.
    pub id: u64,
    pub streams: u32,
    /// When the first and the last stream had it, nanoseconds since 1970.
    pub first_ns: u64,
    pub last_ns: u64,
}

/// Streams on one thread. Nothing happens but inside a call.
pub struct Watch {
    poll: Poll,
    events: Events,
    servers: Servers,
    streams: Vec<EventStream>,
    queue: VecDeque<Entrance>,
    first_address: Option<Ipv4Addr>,
    changes: BTreeMap<u64, Watched>,
    open: usize,
    /// Why each stream that is not open any more is not.
    closed: Vec<LoadError>,
}

impl Watch {
    /// Streams leave from addresses of their own, from `first_address` on, where it is given.
    pub fn new(
        entrances: Vec<Entrance>,
        first_address: Option<Ipv4Addr>,
    ) -> Result<Self, LoadError> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(4096),
            servers: Servers::default(),
            streams: Vec::with_capacity(entrances.len()),
            queue: entrances.into(),
            first_address,
            changes: BTreeMap::new(),
            open: 0,
            closed: Vec::new(),
        })
    }

    /// Streams that have had their snapshot.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Why streams were refused or ended by the server, one for each.
    pub fn closed(&self) -> &[LoadError] {
        &self.closed
    }

    /// Opens all streams, within that time at most. Those who come through the API join and open theirs at once: a
    /// participant without a door open is soon taken for gone.
    pub fn open_all(
        &mut self,
        within: Duration,
        mut progress: impl FnMut(usize),
    ) -> Result<(), LoadError> {
        let deadline = Instant::now() + within;
        while (!self.queue.is_empty() || self.on_the_way() > 0) && Instant::now() < deadline {
            while self.on_the_way() < IN_FLIGHT {
                let Some(entrance) = self.queue.pop_front() else {
                    break;
                };
                self.begin(entrance)?;
            }
            self.turn(Duration::from_millis(10));
            progress(self.open);
        }
        Ok(())
    }

    /// Watches for that long and says what came.
    pub fn run_for(&mut self, time: Duration) -> Vec<Watched> {
        self.changes.clear();
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.turn(Duration::from_millis(10));
        }
        self.changes.values().copied().collect()
    }

    fn on_the_way(&self) -> usize {
        self.streams.len() - self.open - self.closed.len()
    }

    fn begin(&mut self, entrance: Entrance) -> Result<(), LoadError> {
        let number = self.streams.len();
        let nth = |first: Ipv4Addr| Ipv4Addr::from_bits(first.to_bits() + number as u32);
        let from = self.first_address.map(nth);
        let (registry, servers) = (self.poll.registry(), &mut self.servers);
        let stream = EventStream::begin(registry, servers, Token(number), from, entrance)?;
        self.streams.push(stream);
        Ok(())
    }

    fn turn(&mut self, patience: Duration) {
        if self.poll.poll(&mut self.events, Some(patience)).is_err() {
            // Interrupted: the next turn waits again.
            return;
        }
        for event in &self.events {
            let Some(stream) = self.streams.get_mut(event.token().0) else {
                continue;
            };
            let changes = &mut self.changes;
            let was_open = stream.is_open();
            let note = |id| note(changes, id, realtime_ns());
            let advanced = stream.advance(self.poll.registry(), &mut self.servers, note);
            self.open += usize::from(stream.is_open() && !was_open);
            if let Err(why) = advanced {
                self.open -= usize::from(stream.is_open());
                stream.close();
                self.closed.push(why);
            }
        }
    }
}

fn note(changes: &mut BTreeMap<u64, Watched>, id: u64, at_ns: u64) {
    let change = changes.entry(id).or_insert(Watched {
        id,
        streams: 0,
        first_ns: at_ns,
        last_ns: at_ns,
    });
    change.streams += 1;
    change.last_ns = at_ns;
}
