//! Storms of joins and floods of datagrams: those who listen notice nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::Duration;

use palabre_core::ice::Path;
use palabre_core::shard::{Bound, Door, Limits, Offered, Refusal};
use palabre_load::netem::Conditions;

use crate::lean::{Kin, Lean, Version, address};
use crate::shard_common::World;
use crate::{stage, voice};

/// What one datagram of a handshake costs at most, on a slow core.
const COST: Duration = Duration::from_micros(250);
/// As many as a shard's thread goes on with before it looks for packets again.
const IN_A_ROW: usize = 4;
const FRAME: Duration = Duration::from_millis(20);
/// 15 s for the first check, 10 s for the handshake after it.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(26);
const ANNS_MICROPHONE: usize = 0;
const BENS_EAR: usize = 2;

/// Newcomers that have all sent their first check and their first flight, each from an address of its own.
fn newcomers(world: &mut World, count: usize) -> Vec<Lean> {
    newcomers_from(world, count, address)
}

fn newcomers_from(
    world: &mut World,
    count: usize,
    place: impl Fn(usize) -> SocketAddr,
) -> Vec<Lean> {
    newcomers_of(world, Version::Dtls12, 0..count, place)
}

fn newcomers_of(
    world: &mut World,
    version: Version,
    numbers: Range<usize>,
    place: impl Fn(usize) -> SocketAddr,
) -> Vec<Lean> {
    let kin = Kin::new(version);
    let mut all = Vec::new();
    for number in numbers {
        let (who, now, room) = (format!("p_{number}"), world.now, world.room.clone());
        world.admit(&who, 1_000 + number as u32, false);
        let accepted = world
            .shard
            .connect(
                now,
                &room,
                &who.as_str().into(),
                Door::Whep,
                Offered {
                    asked_from: place(number).ip(),
                    ..kin.offered(4)
                },
                &mut world.out,
            )
            .unwrap();
        all.push(kin.client(place(number), &accepted, now));
    }
    for client in &mut all {
        give(world, client.address, client.check());
        client
            .poll()
            .into_iter()
            .for_each(|hello| give(world, client.address, hello));
    }
    world.out.datagrams.clear();
    all
}

fn give(world: &mut World, from: SocketAddr, mut datagram: Vec<u8>) {
    let path = Path::to(from);
    world
        .shard
        .handle_datagram(world.now, path, &mut datagram, &mut world.out);
}

/// The newcomers go on with what the shard sent them.
fn answer(world: &mut World, newcomers: &mut [Lean]) {
    for (to, datagram) in std::mem::take(&mut world.out.datagrams) {
        if let Some(client) = newcomers.iter_mut().find(|client| client.address == to) {
            client.handle(&datagram);
            client
                .poll()
                .into_iter()
                .for_each(|next| give(world, to, next));
        }
    }
}

#[test]
fn five_thousand_handshakes_at_once_delay_nobodys_voice() {
    let limits = Limits {
        half_open: 6_000,
        ..Limits::default()
    };
    let mut world = stage(World::new(Conditions::default(), 1, limits));
    let bens = world.clients[BENS_EAR].peer.address;
    let mut joining = newcomers(&mut world, 5_000);
    let (mut frames, mut due, mut latest) =
        (voice().into_iter().cycle(), world.now, Duration::ZERO);
    let (mut said, mut heard) = (0, 0);
    // A turn of the thread's loop: packets first, then a few datagrams of handshakes, each of which takes its time.
    while world.shard.handshakes().0 > 0 {
        if world.now >= due {
            let frame = frames.next().unwrap();
            world.clients[ANNS_MICROPHONE].peer.speak(world.now, &frame);
            let spoken = world.packets_of(ANNS_MICROPHONE);
            let from = world.clients[ANNS_MICROPHONE].peer.address;
            spoken
                .into_iter()
                .for_each(|packet| give(&mut world, from, packet));
            let to_ben = world.out.datagrams.iter().filter(|(to, _)| *to == bens);
            heard += to_ben.count();
            latest = latest.max(world.now - due);
            (said, due) = (said + 1, due + FRAME);
        }
        world.shard.shake_hands(world.now, IN_A_ROW, &mut world.out);
        world.now += COST * IN_A_ROW as u32;
        answer(&mut world, &mut joining);
    }
    assert!(said > 50, "{said} frames");
    assert!(heard > said / 3, "{heard} of {said} were heard at once");
    assert!(latest <= COST * IN_A_ROW as u32, "{latest:?}");
    let joined = joining.iter().filter(|client| client.connected).count();
    assert!(
        joined > 2_000,
        "{joined}: the others found no place, and try again"
    );
}

#[test]
fn a_flood_from_one_address_is_answered_by_nothing_and_held_nowhere() {
    let mut world = stage(World::new(Conditions::default(), 1, Limits::default()));
    let flood: SocketAddr = ([203, 0, 113, 9], 666).into();
    let (links, before) = (world.shard.links(), world.heard(BENS_EAR));
    let kinds: [&[u8]; 4] = [
        &[22, 0xFE, 0xFD],
        &[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42],
        &[0x80, 111],
        &[0x2E],
    ];
    for number in 0..100_000 {
        let mut datagram = kinds[number % kinds.len()].to_vec();
        datagram.resize(200, number as u8);
        give(&mut world, flood, datagram);
        assert!(world.out.datagrams.is_empty());
    }
    assert_eq!(world.shard.handshakes(), (0, 0));
    assert_eq!(world.shard.links(), links);
    let said = voice();
    world.say(ANNS_MICROPHONE, &said);
    assert!(world.heard(BENS_EAR) > before + 30);
}

#[test]
fn of_sessions_that_one_address_leaves_half_open_few_are_answered_and_none_is_left() {
    let mut world = World::new(Conditions::default(), 1, Limits::default());
    let here = |number| ([203, 0, 113, 9], 1_000 + number as u16).into();
    let bound = Limits::default().half_open_per_address;
    let flood = newcomers_from(&mut world, 2 * bound, here);
    assert_eq!(world.shard.half_open(), 2 * bound);
    while world.shard.shake_hands(world.now, 100, &mut world.out) {}
    let answered = |one: &&Lean| world.out.datagrams.iter().any(|(to, _)| *to == one.address);
    assert_eq!(flood.iter().filter(answered).count(), bound);
    world.now += FORGOTTEN_AFTER;
    world.shard.handle_timeout(world.now, &mut world.out);
    assert_eq!((world.shard.half_open(), world.shard.links()), (0, 0));
    assert_eq!(world.shard.handshakes(), (0, 0));
}

/// The newcomers go on until they have all shaken hands; how many answers came first with a cookie.
fn settle(world: &mut World, newcomers: &mut [Lean]) -> usize {
    let mut cookies = 0;
    while world.shard.shake_hands(world.now, 100, &mut world.out) || !world.out.datagrams.is_empty()
    {
        let sent = world.out.datagrams.iter();
        cookies += sent.filter(|(_, datagram)| is_cookie(datagram)).count();
        answer(world, newcomers);
    }
    assert!(newcomers.iter().all(|client| client.connected));
    cookies
}

/// A HelloVerifyRequest, or a ServerHello with the random of a HelloRetryRequest (RFC 8446 §4.1.3).
fn is_cookie(datagram: &[u8]) -> bool {
    let retry = [0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11];
    let kind = datagram.get(13).filter(|_| datagram[0] == 22);
    kind == Some(&3) || kind == Some(&2) && datagram.get(27..35) == Some(&retry[..])
}

#[test]
fn handshakes_begin_with_a_cookie_while_many_are_half_open_and_without_one_otherwise() {
    for version in [Version::Dtls12, Version::Dtls13] {
        let limits = Limits {
            half_open_without_cookie: 10,
            ..Limits::default()
        };
        let mut world = World::new(Conditions::default(), 1, limits);
        let mut few = newcomers_of(&mut world, version, 0..10, address);
        assert_eq!(settle(&mut world, &mut few), 0, "{version:?}");
        let mut many = newcomers_of(&mut world, version, 10..30, address);
        // As soon as ten are left, the others do without.
        assert_eq!(settle(&mut world, &mut many), 20, "{version:?}");
    }
}

#[test]
fn who_is_not_at_its_address_has_nothing_but_a_cookie_sent_there() {
    let limits = Limits {
        half_open_without_cookie: 0,
        ..Limits::default()
    };
    let mut world = World::new(Conditions::default(), 1, limits);
    let joining = newcomers(&mut world, 1);
    let victim = joining[0].address;
    world.shard.shake_hands(world.now, 100, &mut world.out);
    for _ in 0..2_000 {
        world.now += Duration::from_millis(10);
        world.shard.handle_timeout(world.now, &mut world.out);
    }
    let to_victim = world.out.datagrams.iter().filter(|(to, _)| *to == victim);
    let (count, bytes) = to_victim.fold((0, 0), |sum, (_, datagram)| {
        (sum.0 + 1, sum.1 + datagram.len())
    });
    assert!(
        (1..10).contains(&count) && bytes < 600,
        "{count} datagrams, {bytes} bytes"
    );
}

#[test]
fn two_addresses_that_open_sessions_and_never_send_a_datagram_keep_nobody_else_out() {
    let mut world = World::new(Conditions::default(), 1, Limits::default());
    let (kin, bound) = (
        Kin::new(Version::Dtls12),
        Limits::default().asked_per_address,
    );
    let ask = |world: &mut World, number: u32, asked_from: Ipv4Addr| {
        let (who, now, room) = (format!("p_{number}"), world.now, world.room.clone());
        world.admit(&who, 1_000 + number, false);
        let offered = Offered {
            asked_from: asked_from.into(),
            ..kin.offered(4)
        };
        let (who, out) = (who.as_str().into(), &mut world.out);
        let asked = world
            .shard
            .connect(now, &room, &who, Door::Whep, offered, out);
        asked.map(|_| ())
    };
    let silent = [[203, 0, 113, 8], [203, 0, 113, 9]].map(Ipv4Addr::from);
    // What the edge lets two addresses ask for in 15 s, until the first of it is forgotten.
    let refused = (0..6_000u32)
        .filter_map(|n| ask(&mut world, n, silent[n as usize % 2]).err())
        .collect::<Vec<_>>();
    let full = Refusal::Full {
        what: Bound::SessionsOpeningPerAddress,
        limit: bound,
    };
    assert_eq!(refused, vec![full; 6_000 - 2 * bound]);
    for n in 0..3_000u32 {
        let elsewhere = Ipv4Addr::from_bits(0x0A00_0000 + n);
        assert_eq!(ask(&mut world, 10_000 + n, elsewhere), Ok(()));
    }
    world.now += FORGOTTEN_AFTER;
    world.shard.handle_timeout(world.now, &mut world.out);
    assert_eq!(world.shard.half_open(), 0);
    assert_eq!(ask(&mut world, 20_000, silent[0]), Ok(()));
}

#[test]
fn one_peer_has_only_so_many_datagrams_waiting() {
    let mut world = World::new(Conditions::default(), 1, Limits::default());
    let joining = newcomers(&mut world, 1);
    for _ in 0..100 {
        give(&mut world, joining[0].address, vec![22; 200]);
    }
    let (waiting, dropped) = world.shard.handshakes();
    assert!(
        waiting < 10 && dropped > 90,
        "{waiting} wait, {dropped} dropped"
    );
    while world.shard.shake_hands(world.now, 1, &mut world.out) {}
    assert_eq!(world.shard.handshakes().0, 0);
}

#[test]
fn who_would_only_wait_is_refused() {
    let limits = Limits {
        half_open: 100_000,
        ..Limits::default()
    };
    let mut world = World::new(Conditions::default(), 1, limits);
    newcomers(&mut world, 3_000);
    world.admit("late", 1, false);
    assert!(world.connect("late", Door::Whep, 4).is_err());
    while world.shard.shake_hands(world.now, 100, &mut world.out) {}
    world.connect("late", Door::Whep, 4).unwrap();
}
