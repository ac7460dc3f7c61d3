//! What an event stream holds, and how long an event takes to the last of many: bytes of heap per open stream, and
//! milliseconds from the hub to the last reader's socket, over loopback.
//!
//! `cargo bench -p palabre-edge --bench streams [-- count]`.

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use common::{KEY, ROOM, World, ticket_of};

const TOPIC: &str = "room:room_1";
/// What a page of participants and its counts look like.
const SNAPSHOT_BYTES: usize = 20_000;
const CHANGE_BYTES: usize = 300;
const ROUNDS: u64 = 12;
/// Streams opened before the first of them is waited for.
const AT_ONCE: usize = 64;

fn heap() -> usize {
    // SAFETY: it only reads the allocator's counters.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}

/// Both ends of every stream are in this process. Raising the hard limit takes root.
fn raise_descriptors(wanted: usize) {
    let wanted = wanted as libc::rlim_t;
    let limit = libc::rlimit {
        rlim_cur: wanted,
        rlim_max: wanted,
    };
    // SAFETY: the structure lives for the call.
    let raised = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!(
        raised, 0,
        "{wanted} descriptors are needed: raise `ulimit -n`"
    );
}

struct Reader {
    socket: TcpStream,
    /// The end of what was read.
    tail: Vec<u8>,
    read: usize,
}

impl Reader {
    fn open(address: SocketAddr, who: &str) -> Self {
        let mut socket = TcpStream::connect(address).unwrap();
        let ticket = ticket_of(&KEY, TOPIC, Some(who), 3_600);
        // As long as a browser's.
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0";
        let request = format!(
            "GET /edge/v1/events?ticket={ticket} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {agent}\r\n\
             Accept: text/event-stream\r\nCache-Control: no-cache\r\nOrigin: https://voice.example\r\n\
             Referer: https://voice.example/\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
             Accept-Language: fr-FR,fr;q=0.9,en;q=0.8\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self {
            socket,
            tail: Vec::new(),
            read: 0,
        }
    }

    /// Reads what is there; true when it ends with the event `id`.
    fn has(&mut self, id: &[u8]) -> bool {
        let mut buffer = [0; 64 * 1024];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => panic!("closed"),
                Ok(len) => {
                    self.read += len;
                    self.tail = buffer[..len].to_vec();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let found = self.tail.windows(id.len()).any(|window| window == id);
        if found {
            self.tail = Vec::new();
        }
        found
    }
}

/// How long until every reader has the event: half of them, the last one.
fn wait(readers: &mut [Reader], version: u64, since: Instant) -> (Duration, Duration) {
    let id = format!("id: {version}\n").into_bytes();
    let mut waiting: Vec<&mut Reader> = readers.iter_mut().collect();
    let (all, mut half) = (waiting.len(), None);
    while !waiting.is_empty() {
        waiting.retain_mut(|reader| !reader.has(&id));
        if waiting.len() * 2 <= all {
            half.get_or_insert(since.elapsed());
        }
        assert!(since.elapsed() < Duration::from_secs(60));
    }
    (half.unwrap(), since.elapsed())
}

fn main() {
    let count = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(10_000);
    raise_descriptors(2 * count + 100);
    let world = World::with_room_for(count);
    let engine = &world.engine;
    let people: Vec<String> = (0..count).map(|n| format!("p_{n:022}")).collect();
    for (csrc, who) in (0..).zip(&people) {
        while engine
            .admit(ROOM.into(), who.as_str().into(), csrc, "listener", false)
            .is_err()
        {
            std::thread::yield_now();
        }
    }
    engine
        .hub()
        .snapshot(TOPIC, "listener", 1, &vec![b's'; SNAPSHOT_BYTES]);
    let before = heap();
    let started = Instant::now();
    let mut readers = Vec::with_capacity(count);
    for who in &people {
        readers.push(Reader::open(engine.edge_address(), who));
        let (open, last) = (readers.len(), readers.len() == count);
        if open % AT_ONCE == 0 || last {
            let first = (open - 1) / AT_ONCE * AT_ONCE;
            wait(&mut readers[first..], 1, Instant::now());
        }
    }
    println!(
        "{count} streams in {:?}: {:.0} bytes of heap each",
        started.elapsed(),
        (heap() as f64 - before as f64) / count as f64
    );
    let mut worst = Vec::new();
    for version in 2..2 + ROUNDS {
        let start = Instant::now();
        engine.hub().publish(
            TOPIC,
            "listener",
            version - 1,
            version,
            &[b'c'; CHANGE_BYTES],
        );
        let published = start.elapsed();
        let (half, last) = wait(&mut readers, version, start);
        println!("event: in the hub {published:?}, half of them {half:?}, the last {last:?}");
        worst.push(last);
    }
    worst.sort_unstable();
    println!(
        "median of the last: {:?}; {:.0} bytes of heap each",
        worst[worst.len() / 2],
        (heap() as f64 - before as f64) / count as f64
    );
}
