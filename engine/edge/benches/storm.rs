//! A storm of joins through the real doors: WHEP over HTTP, ICE and DTLS over UDP, all on loopback. CPU of the engine's
//! threads per join; the clients, in the same process, cost several times as much.
//!
//! `cargo bench -p palabre-edge --bench storm [-- count]`.

#![allow(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;

use common::{KEY, ROOM, World, ticket_of};
use palabre_load::{Door, Entrance, Fleet, Joiner, Milestone, Plan};

/// CPU seconds of each of the engine's threads, by name (proc(5), `stat`).
fn cpu() -> BTreeMap<String, f64> {
    // SAFETY: it takes and returns a number.
    let hz = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let one = |thread: fs::DirEntry| {
        let name = fs::read_to_string(thread.path().join("comm")).ok()?;
        let stat = fs::read_to_string(thread.path().join("stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        let ticks: f64 = fields
            .get(11..13)?
            .iter()
            .flat_map(|t| t.parse::<f64>())
            .sum();
        Some((name.trim().to_owned(), ticks / hz))
    };
    threads
        .filter_map(|thread| one(thread.ok()?))
        .filter(|(name, _)| name.starts_with("palabre"))
        .collect()
}

fn main() {
    let count = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(2_000);
    let world = World::with_room_for(count);
    for number in 0..count {
        world.admit(&format!("p_{number}"), number as u32, false);
    }
    let entrance = |number: usize| {
        let who = format!("p_{number}");
        let token = ticket_of(&KEY, &format!("room:{ROOM}"), Some(&who), 3_600);
        Entrance::Door(Door::new(world.url("whep"), token))
    };
    let entrances = (0..count).map(entrance).collect();
    let mut fleet = Fleet::new(Ipv4Addr::LOCALHOST.into()).unwrap();
    let joiner = Joiner {
        until: Milestone::Connected,
        ..Joiner::default()
    };
    let before = cpu();
    let plan = |_| Plan::listen().lines(4);
    let joined = joiner
        .join_all(&mut fleet, entrances, plan, |_| {})
        .unwrap();
    let clients = joined.clients.len();
    println!(
        "{clients} joins in {:?}, {} failed",
        joined.time,
        joined.failures.len()
    );
    let mut all = 0.0;
    for (name, after) in cpu() {
        let spent = after - before.get(&name).copied().unwrap_or(0.0);
        all += spent;
        println!("{name}: {:.0} us per join", spent / clients as f64 * 1e6);
    }
    println!(
        "in all {:.0} us per join, {:.0} joins per second of the engine's CPU",
        all / clients as f64 * 1e6,
        clients as f64 / all
    );
}
