//! A `Link` against str0m, an endpoint nobody here wrote, over good and bad networks in virtual time.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod link_common;

use std::time::Duration;

use link_common::{ENGINE_SSRC, PeerRole, World, WorldConfig, peer_address};
use palabre_core::ice::CONSENT_LIFETIME;
use palabre_core::link::{CloseReason, LinkState, RetransmitRing};
use palabre_core::rtp::Outgoing;
use palabre_core::srtp::Indices;
use palabre_core::stun::{BindingRequest, write_binding_request};
use palabre_load::netem::Conditions;
use str0m::config::DtlsVersion;

const BAD_NETWORK: Conditions = Conditions {
    loss: 0.1,
    burst: 1.0,
    duplication: 0.05,
    delay: Duration::from_millis(40),
    jitter: Duration::from_millis(30),
};

const FRAME: Duration = Duration::from_millis(20);

/// Lets both sides talk for `frames` frames and the last ones arrive.
fn talk(world: &mut World, frames: u16) {
    for frame in 0..frames {
        world.peer.speak(world.now, &frame.to_be_bytes());
        assert!(world.engine_speaks(&frame.to_be_bytes()));
        world.run(FRAME);
    }
    world.run(Duration::from_millis(200));
}

#[test]
fn audio_flows_both_ways_whichever_side_begins_the_handshake() {
    for role in [PeerRole::Client, PeerRole::Server] {
        let mut world = World::new(&WorldConfig {
            role,
            ..WorldConfig::default()
        });
        world.connect();
        talk(&mut world, 100);
        assert_eq!(world.heard.len(), 100, "{role:?}");
        assert_eq!(world.peer.heard.len(), 100, "{role:?}");
        let expected: Vec<Vec<u8>> = (0..100u16)
            .map(|frame| frame.to_be_bytes().to_vec())
            .collect();
        assert_eq!(
            world
                .heard
                .iter()
                .map(|heard| heard.payload.clone())
                .collect::<Vec<_>>(),
            expected
        );
        assert!(
            world.heard.iter().all(|heard| heard.level == Some(30)),
            "the level of RFC 6464 was read"
        );
        assert!(
            world
                .heard
                .windows(2)
                .all(|pair| pair[1].index == pair[0].index + 1),
            "across the wrap"
        );
        assert!(
            world
                .peer
                .heard
                .iter()
                .all(|packet| packet.header.csrc[..1] == [42])
        );
    }
}

#[test]
fn either_version_of_dtls_connects_over_a_bad_network() {
    let cases = [
        (PeerRole::Client, DtlsVersion::Dtls12),
        (PeerRole::Client, DtlsVersion::Dtls13),
        (PeerRole::Client, DtlsVersion::Auto),
        (PeerRole::Server, DtlsVersion::Dtls12),
        (PeerRole::Server, DtlsVersion::Auto),
    ];
    for ((role, version), seed) in cases.into_iter().zip(0..) {
        let mut world = World::new(&WorldConfig {
            conditions: BAD_NETWORK,
            seed,
            role,
            version,
            ..WorldConfig::default()
        });
        world.connect();
        talk(&mut world, 20);
        assert!(
            !world.heard.is_empty() && !world.peer.heard.is_empty(),
            "{role:?} {version:?}"
        );
    }
}

#[test]
fn a_bad_network_delays_the_handshake_but_neither_breaks_it_nor_doubles_a_packet() {
    for seed in 0..12 {
        let role = if seed % 2 == 0 {
            PeerRole::Client
        } else {
            PeerRole::Server
        };
        let mut world = World::new(&WorldConfig {
            conditions: BAD_NETWORK,
            seed,
            role,
            ..WorldConfig::default()
        });
        world.connect();
        talk(&mut world, 200);
        let mut indices: Vec<u64> = world.heard.iter().map(|heard| heard.index).collect();
        assert!(
            (150..=200).contains(&indices.len()),
            "seed {seed}: {}",
            indices.len()
        );
        indices.sort_unstable();
        indices.dedup();
        assert_eq!(
            indices.len(),
            world.heard.len(),
            "seed {seed}: no packet twice"
        );
        assert!((150..=200).contains(&world.peer.heard.len()), "seed {seed}");
    }
}

#[test]
fn a_peer_that_lost_the_end_of_the_handshake_gets_it_again() {
    for version in [DtlsVersion::Dtls12, DtlsVersion::Dtls13] {
        let mut world = World::new(&WorldConfig {
            version,
            ..WorldConfig::default()
        });
        let connected = |world: &World| world.events.contains(&"connected".to_owned());
        assert!(world.run_until(Duration::from_secs(5), connected));
        world.lose_what_is_on_the_way_to_the_peer();
        let sent = world.sent_by_link;
        world.connect();
        world.run(Duration::from_secs(30));
        assert!(world.sent_by_link > sent, "{version:?}");
        assert!(world.peer.rtc.is_alive(), "{version:?}");
        talk(&mut world, 20);
        assert_eq!(world.peer.heard.len(), 20, "{version:?}");
    }
}

#[test]
fn a_lost_packet_is_repeated_from_the_ring_and_heard() {
    let mut world = World::new(&WorldConfig::default());
    world.connect();
    let mut ring = RetransmitRing::default();
    let (sealer, mut indices) = (world.sealer.take().unwrap(), Indices::default());
    for sequence in 0..10u64 {
        let header = engine_header(sequence as u16);
        ring.store(sequence, &header, b"voice");
        let (index, mut packet) = (indices.claim(sequence).unwrap(), [0; 200]);
        let len = sealer.seal(index, &header, b"voice", &mut packet).unwrap();
        if sequence != 5 {
            world.send_to_peer(&packet[..len]);
        }
    }
    world.run(Duration::from_millis(50));
    assert_eq!(world.peer.heard.len(), 9);
    let (header, payload) = ring.get(5).unwrap();
    let (index, mut packet) = (indices.again(5).unwrap(), [0; 200]);
    let len = sealer.seal(index, header, payload, &mut packet).unwrap();
    world.send_to_peer(&packet[..len]);
    world.run(Duration::from_millis(50));
    assert_eq!(world.peer.heard.last().unwrap().header.sequence_number, 5);
}

fn engine_header(sequence: u16) -> [u8; 12] {
    let mut header = [0; 12];
    let outgoing = Outgoing {
        marker: false,
        payload_type: 111,
        sequence,
        timestamp: u32::from(sequence) * 960,
        ssrc: ENGINE_SSRC,
        csrcs: &[],
    };
    outgoing.write(&mut header).unwrap();
    header
}

#[test]
fn the_link_lives_as_long_as_the_peer_checks_and_stops_when_it_does_not() {
    let mut world = World::new(&WorldConfig::default());
    world.connect();
    world.run(Duration::from_secs(120));
    assert!(world.link_reports(), "still here");
    world.peer_is_heard = false;
    world.run(CONSENT_LIFETIME + Duration::from_secs(1));
    let end = LinkState::Closed(CloseReason::ConsentExpired);
    assert_eq!(world.link.state(), end, "{:?}", world.events);
    assert!(!world.link_reports());
    let sent = world.sent_by_link;
    world.run(Duration::from_secs(60));
    assert_eq!(world.sent_by_link, sent, "nothing more");
}

#[test]
fn whoever_speaks_without_checking_is_heard_and_sent_nothing_until_it_checks_again() {
    let mut world = World::new(&WorldConfig::default());
    world.connect();
    world.peer_checks = false;
    for _ in 0..CONSENT_LIFETIME.as_secs() {
        world.peer.speak(world.now, b"listen to me");
        world.run(Duration::from_secs(1));
    }
    assert_eq!(world.link.state(), LinkState::Connected);
    assert_eq!(world.heard.len(), 30);
    assert!(world.link.consent_until().unwrap() <= world.now);
    assert!(!world.link_reports(), "no consent, no packet");
    let (own, other) = (world.local.clone(), &world.remote);
    let check = BindingRequest {
        transaction: [5; 12],
        username: &format!("{}:{}", own.ufrag(), other.ufrag()),
        priority: 1,
        tie_breaker: 1,
        use_candidate: true,
    };
    let check = write_binding_request(&check, own.password());
    assert!(world.inject(peer_address(), &check));
    assert!(world.link.consent_until().unwrap() > world.now);
    assert!(world.link_reports(), "it consents again");
}
