//! One reader of events, over one connection at a time: through the API for a ticket, then at the edge.

use std::net::Ipv4Addr;

use mio::{Registry, Token};

use super::http::{Request, Wire};
use super::signal::{Servers, accepted, ask};
use crate::LoadError;
use crate::signalling::{Door, Entrance, Ticket};

/// A stream from the request to its end.
pub struct EventStream {
    wire: Wire,
    step: Step,
    lines: Lines,
}

enum Step {
    /// Waits for a ticket.
    Joining {
        join_url: String,
    },
    /// Reads what the stream at this address says.
    Reading {
        url: String,
    },
    Closed,
}

/// What has been read so far.
#[derive(Default)]
struct Lines {
    /// The line that is not whole yet.
    line: Vec<u8>,
    /// The name of the event that is being read.
    name: Vec<u8>,
    /// The answer's status, once its first line is there.
    status: Option<u16>,
    is_open: bool,
}

impl EventStream {
    /// Joins first where the entrance leads through the API; requests leave from `from` where it is given.
    pub fn begin(
        registry: &Registry,
        servers: &mut Servers,
        token: Token,
        from: Option<Ipv4Addr>,
        entrance: Entrance,
    ) -> Result<Self, LoadError> {
        let mut stream = Self {
            wire: Wire::new(token, from),
            step: Step::Closed,
            lines: Lines::default(),
        };
        match entrance {
            Entrance::Door(door) => stream.knock(registry, servers, door)?,
            Entrance::Room {
                join_url,
                session,
                body,
            } => {
                let body = body.to_string();
                let request = Request::join(&join_url, &session, &body);
                ask(&mut stream.wire, registry, servers, &request)?;
                stream.step = Step::Joining { join_url };
            }
        }
        Ok(stream)
    }

    /// It has had its snapshot.
    pub fn is_open(&self) -> bool {
        self.lines.is_open
    }

    /// Goes on when the connection is ready: `changed` hears the version of each change that was read.
    pub fn advance(
        &mut self,
        registry: &Registry,
        servers: &mut Servers,
        changed: impl FnMut(u64),
    ) -> Result<(), LoadError> {
        match &self.step {
            Step::Joining { join_url } => {
                let Some(reply) = self.wire.advance()? else {
                    return Ok(());
                };
                let ticket = Ticket::read(join_url, accepted(join_url, &reply)?)?;
                self.wire.close();
                self.knock(registry, servers, ticket.events())
            }
            Step::Reading { url } => {
                let lines = &mut self.lines;
                let goes_on = lines.read(&mut self.wire, changed)?;
                match lines.status {
                    Some(status) if status != 200 => Err(LoadError::Refused {
                        url: url.clone(),
                        status,
                        code: String::new(),
                    }),
                    _ if goes_on => Ok(()),
                    _ => Err(LoadError::StreamEnded { url: url.clone() }),
                }
            }
            Step::Closed => Ok(()),
        }
    }

    pub fn close(&mut self) {
        self.wire.close();
        self.step = Step::Closed;
        self.lines.is_open = false;
    }

    fn knock(
        &mut self,
        registry: &Registry,
        servers: &mut Servers,
        door: Door,
    ) -> Result<(), LoadError> {
        let request = Request {
            method: "GET",
            url: &door.url,
            token: &door.token,
            content_type: "",
            body: "",
        };
        ask(&mut self.wire, registry, servers, &request)?;
        self.step = Step::Reading { url: door.url };
        Ok(())
    }
}

impl Lines {
    /// Takes what has come; false when the stream is over.
    fn read(&mut self, wire: &mut Wire, mut changed: impl FnMut(u64)) -> std::io::Result<bool> {
        wire.take_stream(|bytes| {
            for &byte in bytes {
                if byte == b'\n' {
                    let line = std::mem::take(&mut self.line);
                    self.take_line(&line, &mut changed);
                    self.line = line;
                    self.line.clear();
                } else {
                    self.line.push(byte);
                }
            }
        })
    }

    /// The sizes of HTTP's chunks stand on lines of their own and mean nothing here.
    fn take_line(&mut self, line: &[u8], changed: &mut impl FnMut(u64)) {
        if self.status.is_none() {
            self.status = Some(status(line));
        } else if let Some(event) = line.strip_prefix(b"event: ") {
            event.clone_into(&mut self.name);
            self.is_open |= event == b"snapshot";
        } else if let Some(id) = line
            .strip_prefix(b"id: ")
            .filter(|_| self.name == b"change")
            && let Some(id) = number(id)
        {
            changed(id);
        }
    }
}

/// Of a status line (RFC 9112 §4); 0 when it is none.
fn status(line: &[u8]) -> u16 {
    let code = line.strip_prefix(b"HTTP/1.1 ").and_then(|l| l.get(..3));
    code.and_then(number).unwrap_or(0)
}

fn number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Lines, Vec<u64>) {
        let (mut lines, mut ids) = (Lines::default(), Vec::new());
        for line in text.lines() {
            lines.take_line(line.as_bytes(), &mut |id| ids.push(id));
        }
        (lines, ids)
    }

    #[test]
    fn changes_are_told_by_their_id_and_a_snapshot_opens() {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        let events = "1f\nevent: snapshot\nid: 3\ndata: {}\n\nevent: change\nid: 4\ndata: {}\n\n";
        let (lines, ids) = read(&format!("{head}{events}"));
        assert_eq!((ids, lines.is_open), (vec![4], true));
        assert_eq!(lines.status, Some(200));
    }

    #[test]
    fn a_refusal_is_known_by_its_first_line() {
        let (lines, _) = read("HTTP/1.1 403 Forbidden\r\n");
        assert_eq!((lines.status, lines.is_open), (Some(403), false));
    }
}
