//! What a `Link` refuses: datagrams from those who did not prove who they are, by the list of what the engine must.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod link_common;

use std::net::SocketAddr;
use std::time::Duration;

use link_common::{PeerRole, World, WorldConfig, peer_address};
use palabre_core::dtls::Fingerprint;
use palabre_core::ice::IceCredentials;
use palabre_core::link::{CloseReason, LinkState};
use palabre_core::stun::{BindingRequest, write_binding_request};
use proptest::prelude::*;
use str0m::config::DtlsVersion;

fn stranger() -> SocketAddr {
    ([203, 0, 113, 9], 666).into()
}

/// A ClientHello by OpenSSL's shape: enough for a DTLS server to answer it.
fn client_hello() -> Vec<u8> {
    let mut body = vec![0xFE, 0xFD];
    body.extend_from_slice(&[7; 32]);
    body.extend_from_slice(&[0, 0, 0, 2, 0xC0, 0x2B, 1, 0]);
    let handshake_len = body.len() as u8;
    let mut message = vec![1, 0, 0, handshake_len, 0, 0, 0, 0, 0, 0, 0, handshake_len];
    message.extend_from_slice(&body);
    let mut record = vec![
        22,
        0xFE,
        0xFD,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        message.len() as u8,
    ];
    record.extend_from_slice(&message);
    record
}

fn check(world: &World, password: &str, use_candidate: bool) -> Vec<u8> {
    let username = format!("{}:{}", world.local.ufrag(), world.remote.ufrag());
    let request = BindingRequest {
        transaction: [5; 12],
        username: &username,
        priority: 1,
        tie_breaker: 1,
        use_candidate,
    };
    write_binding_request(&request, password)
}

#[test]
fn a_handshake_before_connectivity_was_proven_gets_no_answer() {
    let mut world = World::new(&WorldConfig::default());
    assert!(!world.inject(stranger(), &client_hello()));
    assert_eq!(world.link.state(), LinkState::Checking);
    world.connect();
    assert!(
        !world.inject(stranger(), &client_hello()),
        "nor from elsewhere afterwards"
    );
}

#[test]
fn a_forged_check_gets_no_answer_and_moves_nothing() {
    let mut world = World::new(&WorldConfig::default());
    world.connect();
    let forged = check(&world, &"x".repeat(24), true);
    assert!(!world.inject(stranger(), &forged));
    assert_eq!(world.link.remote(), Some(peer_address()));
}

#[test]
fn a_packet_from_another_address_is_dropped_even_when_it_is_the_peers_own() {
    let mut world = World::new(&WorldConfig::default());
    world.connect();
    let packet = captured_packet(&mut world);
    let heard = world.heard.len();
    world.inject(stranger(), &packet);
    assert_eq!(world.heard.len(), heard);
    assert_eq!(
        world.link.remote(),
        Some(peer_address()),
        "media does not make the link roam"
    );
    world.inject(peer_address(), &packet);
    assert_eq!(world.heard.len(), heard + 1);
}

#[test]
fn a_replayed_packet_is_dropped() {
    let mut world = World::new(&WorldConfig::default());
    world.connect();
    let packet = captured_packet(&mut world);
    for _ in 0..3 {
        world.inject(peer_address(), &packet);
    }
    assert_eq!(world.heard.len(), 1);
}

#[test]
fn another_certificate_than_announced_ends_the_link_before_any_key() {
    for role in [PeerRole::Client, PeerRole::Server] {
        let announced = Some(Fingerprint([1; 32]));
        let mut world = World::new(&WorldConfig {
            announced,
            role,
            ..WorldConfig::default()
        });
        world.run(Duration::from_secs(3));
        assert_eq!(
            world.link.state(),
            LinkState::Closed(CloseReason::WrongFingerprint),
            "{role:?}"
        );
        assert!(!world.engine_speaks(b"secret"));
        assert!(!world.events.contains(&"connected".to_owned()));
    }
}

#[test]
fn the_peer_moves_by_an_authenticated_nomination_and_an_answer_from_there() {
    let mut world = World::new(&WorldConfig::default());
    world.connect();
    let moved: SocketAddr = ([198, 51, 100, 7], 41_000).into();
    let password = world.local.password().to_owned();
    let nomination = check(&world, &password, true);
    world.move_to(moved, &nomination);
    assert_eq!(world.link.remote(), Some(moved));
    let packet = captured_packet(&mut world);
    world.inject(moved, &packet);
    assert_eq!(world.heard.len(), 1, "media goes on from there");
}

#[test]
fn a_check_sent_again_from_elsewhere_moves_nothing_and_is_answered_by_no_more_than_it_is_long() {
    let mut world = World::new(&WorldConfig::default());
    world.connect();
    let seen = check(&world, world.local.password(), true);
    let replies = world.replies(stranger(), &seen);
    let longest = replies.iter().map(Vec::len).max().unwrap();
    assert!(replies.len() == 2 && longest <= seen.len());
    world.run(Duration::from_secs(5));
    assert_eq!(world.link.remote(), Some(peer_address()));
    assert!(world.engine_speaks(b"the peer hears this"));
}

#[test]
fn an_ice_restart_keeps_the_keys_and_silences_the_old_credentials() {
    let mut world = World::new(&WorldConfig::default());
    world.connect();
    let old = check(&world, world.local.password(), true);
    let new_local = IceCredentials::for_shard(3, &[9; 34]);
    let new_remote = IceCredentials::new("abcdefgh", &"r".repeat(24)).unwrap();
    world
        .link
        .restart_ice(new_local.clone(), new_remote.clone());
    assert!(
        world.inject(peer_address(), &old),
        "old ones hold until the new are used"
    );
    (world.local, world.remote) = (new_local.clone(), new_remote);
    let new = check(&world, new_local.password(), true);
    world.move_to(stranger(), &new);
    assert_eq!(world.link.remote(), Some(stranger()), "the network changed");
    assert!(!world.inject(peer_address(), &old));
    let packet = captured_packet(&mut world);
    world.inject(stranger(), &packet);
    assert_eq!(world.heard.len(), 1, "the same keys still open");
    assert!(world.engine_speaks(b"and seal"));
}

#[test]
fn a_peer_that_never_comes_or_never_finishes_is_given_up() {
    let mut world = World::new(&WorldConfig::default());
    world.peer_is_heard = false;
    world.run(Duration::from_secs(20));
    assert_eq!(
        world.link.state(),
        LinkState::Closed(CloseReason::NoConnectivity)
    );
    assert_eq!(world.sent_by_link, 0);

    let mut world = World::new(&WorldConfig::default());
    world.peer_is_heard = false;
    let check = check(&world, world.local.password(), true);
    assert!(world.inject(peer_address(), &check));
    world.run(Duration::from_secs(12));
    assert!(
        matches!(world.link.state(), LinkState::Closed(_)),
        "{:?}",
        world.link.state()
    );
}

#[test]
fn stray_handshake_records_neither_end_nor_delay_a_link() {
    for role in [PeerRole::Client, PeerRole::Server] {
        let mut world = World::new(&WorldConfig {
            role,
            ..WorldConfig::default()
        });
        world.run_until(Duration::from_secs(2), |world| {
            world.link.state() != LinkState::Checking
        });
        for (at, kind) in (20..=63u8).cycle().take(200).enumerate() {
            let epoch = (at % 3) as u8;
            // Once the link has sent its ClientHello, handshake records in clear cannot be told from the server's.
            if (role, kind, epoch) == (PeerRole::Server, 22, 0) {
                continue;
            }
            let mut record = vec![kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, at as u8, 0, 20];
            record.extend_from_slice(&[at as u8; 20]);
            world.inject(peer_address(), &record);
        }
        world.connect();
        let alert = [21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40];
        world.inject(peer_address(), &alert);
        assert_eq!(
            world.link.state(),
            LinkState::Connected,
            "{role:?}: no unauthenticated alert ends it"
        );
    }
}

#[test]
fn a_close_from_this_side_is_noticed_on_the_other_however_late() {
    for version in [DtlsVersion::Dtls12, DtlsVersion::Dtls13] {
        let mut world = World::new(&WorldConfig {
            version,
            ..WorldConfig::default()
        });
        world.connect();
        world.run(Duration::from_secs(60));
        let mut out = Vec::new();
        world.link.close(&mut out);
        out.iter()
            .for_each(|(_, datagram)| world.send_to_peer(datagram));
        world.run(Duration::from_secs(1));
        assert!(!world.peer.rtc.is_alive(), "{version:?}");
    }
}

/// The next packet the peer sends, taken off the network before it arrives.
fn captured_packet(world: &mut World) -> Vec<u8> {
    world.peer.speak(world.now, b"captured");
    world
        .peer
        .rtc
        .handle_input(str0m::Input::Timeout(world.now))
        .unwrap();
    let mut sent = Vec::new();
    world.peer.poll(|_, datagram| sent.push(datagram));
    sent.into_iter()
        .find(|datagram| datagram[0] >= 128 && datagram[1] & 0x7F < 64 + 63)
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn random_datagrams_never_panic_and_never_end_a_connected_link(
        datagrams in proptest::collection::vec((20u8..=255, proptest::collection::vec(any::<u8>(), 0..300)), 1..200),
    ) {
        let mut world = World::new(&WorldConfig::default());
        world.connect();
        for (first, mut datagram) in datagrams {
            datagram.insert(0, first);
            world.inject(peer_address(), &datagram);
        }
        prop_assert_eq!(world.link.state(), LinkState::Connected);
        prop_assert!(world.heard.is_empty());
    }
}
