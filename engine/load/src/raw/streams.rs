//! What no server can leave out of telling thousands of streams something: the same bytes written to each socket.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::LoadError;
use crate::cpu::pin_to_core;
use crate::lean::realtime_ns;

/// A reader that sends no whole request within this is not waited for.
const REQUEST_WITHIN: Duration = Duration::from_secs(5);
const LONGEST_REQUEST: usize = 4096;
const BETWEEN: Duration = Duration::from_millis(700);

/// What to write, and to how many.
#[derive(Debug, Clone, Copy)]
pub struct StreamOptions {
    pub streams: usize,
    pub events: u64,
    /// Of one event.
    pub bytes: usize,
    pub core: Option<usize>,
}

/// Event streams (Server-Sent Events) without anything that decides.
pub struct Streams {
    options: StreamOptions,
    listener: TcpListener,
    open: Vec<TcpStream>,
}

impl Streams {
    pub fn bind(at: SocketAddr, options: StreamOptions) -> Result<Self, LoadError> {
        options.core.map_or(Ok(()), pin_to_core)?;
        Ok(Self {
            options,
            listener: TcpListener::bind(at)?,
            open: Vec::with_capacity(options.streams),
        })
    }

    pub fn address(&self) -> Result<SocketAddr, LoadError> {
        Ok(self.listener.local_addr()?)
    }

    /// Waits until all have come, and gives each its first event.
    pub fn open_all(&mut self) -> Result<(), LoadError> {
        while self.open.len() < self.options.streams {
            let (mut stream, _) = self.listener.accept()?;
            stream.set_read_timeout(Some(REQUEST_WITHIN))?;
            stream.set_nodelay(true)?;
            read_request(&mut stream)?;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
            stream.write_all(format!("{head}event: snapshot\nid: 0\ndata: {{}}\n\n").as_bytes())?;
            stream.set_nonblocking(true)?;
            self.open.push(stream);
        }
        Ok(())
    }

    /// Writes the events one after the other to everybody, the first when all readers have had time to see that all are
    /// open; when each began, nanoseconds since 1970.
    pub fn tell_all(&mut self) -> Result<Vec<u64>, LoadError> {
        let (start, mut begun) = (Instant::now(), Vec::new());
        for id in 1..=self.options.events {
            let head = format!("event: change\nid: {id}\ndata: ");
            let filled = self.options.bytes.saturating_sub(head.len() + 2);
            let event = format!("{head}{}\n\n", "x".repeat(filled));
            let due = start + BETWEEN * u32::try_from(id).unwrap_or(u32::MAX);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            begun.push(realtime_ns());
            for stream in &mut self.open {
                write(stream, event.as_bytes())?;
            }
        }
        Ok(begun)
    }
}

fn read_request(stream: &mut TcpStream) -> io::Result<()> {
    let (mut request, mut piece) = (Vec::new(), [0; 512]);
    while !request.ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut piece)?;
        request.extend_from_slice(piece.get(..read).unwrap_or_default());
        if read == 0 || request.len() > LONGEST_REQUEST {
            return Err(io::Error::other("a stream began with no request"));
        }
    }
    Ok(())
}

/// A socket whose buffer is full would make this a measurement of its reader.
fn write(stream: &mut TcpStream, event: &[u8]) -> io::Result<()> {
    match stream.write(event) {
        Ok(written) if written == event.len() => Ok(()),
        Ok(_) => Err(io::Error::other("a reader is too slow to measure with")),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            Err(io::Error::other("a reader is too slow to measure with"))
        }
        Err(error) => Err(error),
    }
}
