//! Thousands of event streams (Server-Sent Events), and when each event reached them.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::http::{Request, Wire};
use super::realtime_ns;
use crate::LoadError;
use crate::signalling::Door;

/// A stream is open with its first snapshot; so many may be on their way at once.
const IN_FLIGHT: usize = 256;

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
    streams: Vec<Stream>,
    queue: VecDeque<Door>,
    first_address: Option<Ipv4Addr>,
    changes: BTreeMap<u64, Watched>,
    open: usize,
    closed: usize,
}

struct Stream {
    wire: Wire,
    /// The line that is not whole yet.
    line: Vec<u8>,
    /// The name of the event that is being read.
    name: Vec<u8>,
    is_open: bool,
}

impl Watch {
    /// Streams leave from addresses of their own, from `first_address` on, where it is given.
    pub fn new(doors: Vec<Door>, first_address: Option<Ipv4Addr>) -> Result<Self, LoadError> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(4096),
            streams: Vec::with_capacity(doors.len()),
            queue: doors.into(),
            first_address,
            changes: BTreeMap::new(),
            open: 0,
            closed: 0,
        })
    }

    /// Streams that have had their snapshot.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Streams that the server ended or refused.
    pub fn closed(&self) -> usize {
        self.closed
    }

    /// Opens all streams, within that time at most.
    pub fn open_all(
        &mut self,
        within: Duration,
        mut progress: impl FnMut(usize),
    ) -> Result<(), LoadError> {
        let deadline = Instant::now() + within;
        while (!self.queue.is_empty() || self.open + self.closed < self.streams.len())
            && Instant::now() < deadline
        {
            while self.streams.len() - self.open - self.closed < IN_FLIGHT {
                let Some(door) = self.queue.pop_front() else {
                    break;
                };
                self.begin(&door)?;
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

    fn begin(&mut self, door: &Door) -> Result<(), LoadError> {
        let number = self.streams.len();
        let nth = |first: Ipv4Addr| Ipv4Addr::from_bits(first.to_bits() + number as u32);
        let mut wire = Wire::new(Token(number), self.first_address.map(nth));
        let request = Request {
            method: "GET",
            url: &door.url,
            token: &door.token,
            content_type: "",
            body: "",
        };
        wire.ask(self.poll.registry(), door.address()?, &request)?;
        self.streams.push(Stream {
            wire,
            line: Vec::new(),
            name: Vec::new(),
            is_open: false,
        });
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
            let was_open = stream.is_open;
            let goes_on = stream.read(|id| note(changes, id, realtime_ns()));
            self.open += usize::from(stream.is_open && !was_open);
            if !goes_on {
                stream.wire.close();
                self.closed += 1;
                self.open -= usize::from(stream.is_open);
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

impl Stream {
    /// Takes what has come; false when the stream is over.
    fn read(&mut self, mut changed: impl FnMut(u64)) -> bool {
        let Self {
            wire,
            line,
            name,
            is_open,
        } = self;
        let goes_on = wire.take_stream(|bytes| {
            for &byte in bytes {
                if byte != b'\n' {
                    line.push(byte);
                    continue;
                }
                take_line(line, name, is_open, &mut changed);
                line.clear();
            }
        });
        goes_on.unwrap_or(false)
    }
}

/// The sizes of HTTP's chunks stand on lines of their own and mean nothing here.
fn take_line(line: &[u8], name: &mut Vec<u8>, is_open: &mut bool, changed: &mut impl FnMut(u64)) {
    if let Some(event) = line.strip_prefix(b"event: ") {
        event.clone_into(name);
        *is_open |= event == b"snapshot";
    } else if let Some(id) = line.strip_prefix(b"id: ").filter(|_| name == b"change")
        && let Some(id) = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok())
    {
        changed(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_their_id_and_a_snapshot_opens() {
        let (mut name, mut is_open, mut ids) = (Vec::new(), false, Vec::new());
        let text = "1f\nevent: snapshot\nid: 3\ndata: {}\n\nevent: change\nid: 4\ndata: {}\n\n";
        for line in text.lines() {
            take_line(line.as_bytes(), &mut name, &mut is_open, &mut |id| {
                ids.push(id)
            });
        }
        assert_eq!((ids, is_open), (vec![4], true));
    }
}
