//! Protected traffic both ways over bad networks: what arrives is what was sent, and of the same place in the stream.

use std::collections::HashMap;
use std::time::Duration;

use palabre_core::rtcp::{NtpTime, SenderInfo, write_sender_report};
use palabre_load::netem::Conditions;
use proptest::collection::vec;
use proptest::prelude::*;
use str0m::config::DtlsVersion;

use crate::link_common::{ENGINE_SSRC, PEER_SSRC, PeerRole, World, WorldConfig};
use crate::pair::FIRST;

/// One packet from either side.
#[derive(Debug, Clone)]
pub struct Said {
    pub by_engine: bool,
    pub payload: Vec<u8>,
}

pub fn said() -> impl Strategy<Value = Said> {
    (any::<bool>(), vec(any::<u8>(), 1..1100))
        .prop_map(|(by_engine, payload)| Said { by_engine, payload })
}

pub fn weather() -> impl Strategy<Value = Conditions> {
    (0.0..0.2, 0.0..0.2, 0..60u64, 0..80u64).prop_map(|(loss, duplication, delay, jitter)| {
        Conditions {
            loss,
            duplication,
            delay: Duration::from_millis(delay),
            jitter: Duration::from_millis(jitter),
            ..Conditions::default()
        }
    })
}

fn role() -> impl Strategy<Value = PeerRole> {
    prop_oneof![Just(PeerRole::Client), Just(PeerRole::Server)]
}

/// Index in the stream → payload.
type Stream = HashMap<u64, Vec<u8>>;

/// Says everything, a packet each 20 ms, and waits for the last ones. What the engine said, what the peer said.
fn talk(world: &mut World, traffic: &[Said]) -> (Stream, Stream) {
    let (mut by_engine, mut by_peer) = (Stream::new(), Stream::new());
    for said in traffic {
        let to = if said.by_engine {
            assert!(world.engine_speaks(&said.payload));
            &mut by_engine
        } else {
            world.peer.speak(world.now, &said.payload);
            &mut by_peer
        };
        to.insert(FIRST + to.len() as u64, said.payload.clone());
        world.run(Duration::from_millis(20));
    }
    world.run(Duration::from_millis(400));
    (by_engine, by_peer)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn random_traffic_arrives_as_it_was_sent_and_nothing_twice(
        traffic in vec(said(), 100..300), conditions in weather(), seed: u64, role in role(),
    ) {
        let mut world = World::new(&WorldConfig { role, ..WorldConfig::default() });
        world.connect();
        world.change_weather(conditions, seed);
        let (by_engine, by_peer) = talk(&mut world, &traffic);
        let heard_here: Vec<(u64, &[u8])> =
            world.heard.iter().map(|heard| (heard.index, &heard.payload[..])).collect();
        let heard_there: Vec<(u64, &[u8])> =
            world.peer.heard.iter().map(|packet| (*packet.seq_no, &packet.payload[..])).collect();
        for (sent, heard) in [(&by_peer, heard_here), (&by_engine, heard_there)] {
            let mut seen = std::collections::HashSet::new();
            for (index, payload) in &heard {
                prop_assert_eq!(sent.get(index).map(Vec::as_slice), Some(*payload), "at {}", index);
                prop_assert!(seen.insert(*index), "{} came twice", index);
            }
            // At most a fifth is lost on the way by chance; half would be ours.
            prop_assert!(heard.len() * 2 >= sent.len(), "{} of {}", heard.len(), sent.len());
        }
    }

    #[test]
    fn a_protected_report_of_the_engine_is_read_by_str0m(
        role in role(), rtp_timestamp: u32, packet_count: u32, octet_count: u32, count in 1..20usize,
    ) {
        let mut world = World::new(&WorldConfig { role, version: DtlsVersion::Dtls12, ..WorldConfig::default() });
        world.connect();
        prop_assert!(world.engine_speaks(b"before"));
        world.run(Duration::from_millis(50));
        let ntp = NtpTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
        let info = SenderInfo { ntp, rtp_timestamp, packet_count, octet_count };
        for _ in 0..count {
            let mut report = [0; 128];
            let len = write_sender_report(ENGINE_SSRC, &info, &[], &mut report).unwrap();
            let len = world.link.seal_rtcp(world.now, len, &mut report).unwrap();
            world.send_to_peer(&report[..len]);
        }
        world.run(Duration::from_millis(50));
        prop_assert!(world.engine_speaks(b"after"));
        world.run(Duration::from_millis(50));
        let read = world.peer.heard.last().and_then(|packet| packet.last_sender_info).unwrap();
        prop_assert_eq!(*read.ssrc, ENGINE_SSRC);
        prop_assert_eq!(read.sender_packet_count, packet_count);
        prop_assert_eq!(read.sender_octet_count, octet_count);
    }
    #[test]
    fn a_protected_report_of_str0m_is_read_by_the_link(
        role in role(), ours in 1..40u64, theirs in vec(vec(any::<u8>(), 1..200), 1..40),
    ) {
        let mut world = World::new(&WorldConfig { role, ..WorldConfig::default() });
        world.connect();
        for payload in &theirs {
            world.peer.speak(world.now, payload);
            world.run(Duration::from_millis(20));
        }
        for _ in 0..ours {
            prop_assert!(world.engine_speaks(b"voice"));
            world.run(Duration::from_millis(20));
        }
        // str0m reports every 5 s.
        world.run(Duration::from_secs(11));
        prop_assert!(world.reports.iter().all(|report| report.ssrc == PEER_SSRC), "{:?}", world.reports);
        // The name ends the compound.
        let of_sender = world.reports.iter().filter(|report| report.info.is_some());
        prop_assert_eq!(&world.named, &vec![PEER_SSRC; of_sender.count()]);
        let sent = world.reports.iter().rev().find_map(|report| report.info).unwrap();
        let octets: usize = theirs.iter().map(Vec::len).sum();
        prop_assert_eq!((sent.packet_count as usize, sent.octet_count as usize), (theirs.len(), octets));
        let got = world.reports.iter().rev().find_map(|report| report.blocks.first()).unwrap();
        prop_assert_eq!((got.ssrc, got.cumulative_lost), (ENGINE_SSRC, 0));
        prop_assert_eq!(u64::from(got.highest_sequence), FIRST + ours - 1);
    }
}
