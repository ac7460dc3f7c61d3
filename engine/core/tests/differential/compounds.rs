//! Compounds, protected, both ways: each side reads what the other wrote.

use std::time::Duration;

use palabre_core::rtcp::is_rtcp;
use proptest::collection::vec;
use proptest::prelude::*;
use str0m::rtp::RawPacket;

use crate::packets::{a_foreign_packet, a_packet};
use crate::pair::{Opened, Pair, REPORT_INTERVAL, pair};
use crate::said::{Said, read_by_engine, said_by_str0m};

/// What the peer wrote and what it read, each in order.
fn told(pair: &Pair) -> (Vec<Said>, Vec<Said>) {
    let (mut wrote, mut read) = (Vec::new(), Vec::new());
    for raw in &pair.peer.raw {
        match raw {
            RawPacket::RtcpTx(packet) => wrote.push(said_by_str0m(packet)),
            RawPacket::RtcpRx(packet) => read.push(said_by_str0m(packet)),
            RawPacket::RtpTx(..) | RawPacket::RtpRx(..) => {}
        }
    }
    (wrote, read)
}

/// Both talk; the engine's packets arrive where `arrives` says so, and its reports are answered to.
fn talk(pair: &mut Pair, arrives: &[bool], report: &[u8]) {
    for arrives in arrives {
        let voice = pair.voice(b"voice");
        if *arrives {
            pair.peer_opens(&voice);
        }
        pair.peer.speak(pair.now, b"and back");
        pair.run(Duration::from_millis(20));
    }
    let report = pair.protect(report);
    assert!(pair.peer_opens(&report));
    pair.run(2 * REPORT_INTERVAL);
}

/// All that the peer's datagrams of RTCP say to the engine.
fn heard(pair: &mut Pair) -> Vec<Said> {
    let sent = std::mem::take(&mut pair.sent);
    let reports = sent.iter().filter(|datagram| is_rtcp(datagram));
    reports
        .flat_map(|datagram| match pair.engine_opens(datagram) {
            Some(Opened::Rtcp(compound)) => read_by_engine(&compound),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// What str0m reads of what the engine or the test wrote: not what an application defined.
fn is_read(said: &Said) -> bool {
    *said != Said::Other(204)
}

/// Whether each kind of packet is there that a talk brings about: what was not said cannot be compared.
fn kinds(said: &[Said], lost: bool) -> [bool; 6] {
    let any = |is: fn(&Said) -> bool| said.iter().any(is);
    [
        any(|it| matches!(it, Said::Sender { packets: 1.., .. })),
        any(|it| match it {
            Said::Sender { blocks, .. } | Said::Receiver { blocks, .. } => !blocks.is_empty(),
            _ => false,
        }),
        any(|it| matches!(it, Said::Name(Some((_, Some(_)))))),
        any(|it| matches!(it, Said::Bye(ssrcs) if !ssrcs.is_empty())),
        any(|it| *it == Said::Other(206)),
        !lost || any(|it| matches!(it, Said::Lost { .. })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_str0m_reports_and_misses_and_wants_the_engine_reads(
        pair in pair(), arrives in vec(prop::bool::weighted(0.8), 20..80), (report, _) in a_packet(4),
        plis in vec(any::<[u32; 2]>(), 0..4), application in vec(any::<u8>(), 0..40),
    ) {
        let mut pair = Pair::new(pair);
        talk(&mut pair, &[&[true], &arrives[..], &[true]].concat(), &report);
        for [from, of] in plis {
            pair.peer.rtc.direct_api().send_pli_feedback(from.into(), of.into());
        }
        pair.peer.rtc.direct_api().send_app_specific_feedback(1.into(), 2.into(), application);
        pair.run(2 * REPORT_INTERVAL);
        pair.peer.rtc.close().unwrap();
        pair.run(REPORT_INTERVAL);
        let (read, (wrote, _)) = (heard(&mut pair), told(&pair));
        prop_assert_eq!(&read, &wrote);
        let all_kinds = kinds(&read, arrives.iter().any(|arrives| !arrives));
        prop_assert!(all_kinds.iter().all(|there| *there), "{:?} in {:?}", all_kinds, read);
    }

    #[test]
    fn a_compound_of_the_engine_str0m_reads_whole(
        pair in pair(), compounds in vec(vec(prop_oneof![4 => a_packet(4), 1 => a_foreign_packet()], 1..5), 1..12),
    ) {
        let mut pair = Pair::new(pair);
        let mut meant = Vec::new();
        for packets in compounds {
            let (bytes, said): (Vec<_>, Vec<_>) = packets.into_iter().unzip();
            let compound = bytes.concat();
            prop_assert_eq!(&read_by_engine(&compound), &said);
            let datagram = pair.protect(&compound);
            prop_assert_eq!(pair.peer_opens(&datagram), said.iter().any(is_read));
            meant.extend(said.into_iter().filter(is_read));
        }
        prop_assert_eq!(told(&pair).1, meant);
    }
}
