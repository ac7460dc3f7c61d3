//! What a listener's joining costs a shard, and what it holds once it listens: CPU per handshake and bytes of heap (the C
//! libraries' included), without sockets and HTTP.
//!
//! `cargo bench -p palabre-core --bench join [-- count]`.

#![expect(clippy::disallowed_methods, reason = "a bench asks the clock")]
#![allow(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "../tests/lean/mod.rs"]
mod lean;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lean::{Kin, Lean, Sent, Version, address, entropy};
use palabre_core::dtls::Identity;
use palabre_core::ice::Path;
use palabre_core::shard::{Door, Limits, ParticipantId, RoomId, Shard};

/// Longer than anything that a link keeps of its handshake.
const LATER: Duration = Duration::from_secs(25);

fn heap() -> usize {
    // SAFETY: it only reads the allocator's counters.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}

struct Bench {
    shard: Shard,
    room: RoomId,
    kin: Kin,
    sent: Sent,
    now: Instant,
    /// Time spent in the shard.
    spent: Duration,
}

impl Bench {
    fn new(version: Version) -> Self {
        let now = Instant::now();
        let identity = Arc::new(Identity::generate().unwrap());
        let clock = Box::new(move |at: Instant| at - now);
        let limits = Limits {
            half_open: usize::MAX,
            half_open_per_address: usize::MAX,
            asked_per_address: usize::MAX,
            ..Limits::default()
        };
        let mut shard = Shard::new(0, identity, limits, entropy(1), clock);
        let room = RoomId::from("room");
        shard.open_room(now, room.clone()).unwrap();
        Self {
            shard,
            room,
            kin: Kin::new(version),
            sent: Sent::default(),
            now,
            spent: Duration::ZERO,
        }
    }

    fn admit(&mut self, number: usize) -> ParticipantId {
        let who = ParticipantId::from(format!("p_{number:022}").as_str());
        self.shard.admit(
            self.now,
            &self.room,
            who.clone(),
            number as u32,
            false,
            &mut self.sent,
        );
        who
    }

    /// One whole join.
    fn join(&mut self, number: usize, who: &ParticipantId) {
        let offered = self.kin.offered(4);
        let start = Instant::now();
        let accepted = self
            .shard
            .connect(
                self.now,
                &self.room,
                who,
                Door::Whep,
                offered,
                &mut self.sent,
            )
            .unwrap();
        self.spent += start.elapsed();
        let mut client = self.kin.client(address(number), &accepted, self.now);
        let check = client.check();
        self.give(&client, check);
        while !client.connected || !self.sent.datagrams.is_empty() {
            for (_, datagram) in std::mem::take(&mut self.sent.datagrams) {
                client.handle(&datagram);
            }
            for datagram in client.poll() {
                self.give(&client, datagram);
            }
        }
    }

    fn give(&mut self, client: &Lean, mut datagram: Vec<u8>) {
        let path = Path::to(client.address);
        let start = Instant::now();
        self.shard
            .handle_datagram(self.now, path, &mut datagram, &mut self.sent);
        self.shard.shake_hands(self.now, usize::MAX, &mut self.sent);
        self.spent += start.elapsed();
    }
}

fn measure(version: Version, count: usize) {
    let mut bench = Bench::new(version);
    let empty = heap();
    let people: Vec<ParticipantId> = (0..count).map(|number| bench.admit(number)).collect();
    let admitted = heap();
    for (number, who) in people.iter().enumerate() {
        bench.join(number, who);
    }
    bench.sent.datagrams = Vec::new();
    let joined = heap();
    let each = |from: usize, to: usize| (to as f64 - from as f64) / count as f64;
    println!(
        "{version:?}: {:?} of CPU per join, {:.0} bytes per participant, {:.0} more just after the handshake",
        bench.spent / count as u32,
        each(empty, admitted),
        each(admitted, joined),
    );
    let later = bench.now + LATER;
    bench.shard.handle_timeout(later, &mut bench.sent);
    bench.sent.datagrams = Vec::new();
    println!(
        "{version:?}: {:.0} bytes {} s later ({} links)",
        each(admitted, heap()),
        LATER.as_secs(),
        bench.shard.links()
    );
}

fn main() {
    let count = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(1_000);
    for version in [Version::Dtls12, Version::Dtls13] {
        measure(version, count);
    }
}
