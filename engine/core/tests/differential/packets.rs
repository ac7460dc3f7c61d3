//! Random RTCP: as the engine writes it, as others do, and as nobody should.

use palabre_core::rtcp::{
    NtpTime, ReportBlock, SenderInfo, write_bye, write_nack, write_receiver_report,
    write_sender_report, write_source_description,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::said::Said;

fn a_block() -> impl Strategy<Value = ReportBlock> {
    let lost = -(1 << 23)..(1 << 23);
    (any::<[u32; 5]>(), any::<u8>(), lost).prop_map(|(words, fraction_lost, cumulative_lost)| {
        let [ssrc, highest_sequence, jitter, last_sender_report, delay] = words;
        ReportBlock {
            ssrc,
            fraction_lost,
            cumulative_lost,
            highest_sequence,
            jitter,
            last_sender_report,
            delay_since_last_sender_report: delay,
        }
    })
}

/// Mostly after 1970, where str0m's time begins.
fn a_time() -> impl Strategy<Value = NtpTime> {
    let seconds = prop_oneof![4 => 2_208_988_800..=u32::MAX, 1 => any::<u32>()];
    (seconds, any::<u32>())
        .prop_map(|(s, fraction)| NtpTime(u64::from(s) << 32 | u64::from(fraction)))
}

/// A packet as the engine writes it, and what it was to say.
pub type Written = (Vec<u8>, Said);

fn a_sender_report(blocks: usize) -> impl Strategy<Value = Written> {
    let values = (any::<u32>(), a_time(), any::<[u32; 3]>());
    (values, vec(a_block(), 0..=blocks)).prop_map(|((ssrc, ntp, words), blocks)| {
        let [rtp_time, packets, octets] = words;
        let info = SenderInfo {
            ntp,
            rtp_timestamp: rtp_time,
            packet_count: packets,
            octet_count: octets,
        };
        let bytes = written(|out| write_sender_report(ssrc, &info, &blocks, out));
        let time = ntp.into();
        (
            bytes,
            Said::Sender {
                ssrc,
                time,
                rtp_time,
                packets,
                octets,
                blocks,
            },
        )
    })
}

fn a_nack(pairs: usize) -> impl Strategy<Value = Written> {
    let pairs = vec(any::<(u16, u16)>(), 1..=pairs);
    (any::<[u32; 2]>(), pairs).prop_map(|([from, ssrc], pairs)| {
        let bytes = written(|out| write_nack(from, ssrc, pairs.iter().copied(), out));
        let named = |(first, mask): &(u16, u16)| {
            let following = (1..=16).filter(|bit| u32::from(*mask) << 1 >> bit & 1 == 1);
            std::iter::once(0)
                .chain(following)
                .map(|bit| first.wrapping_add(bit))
                .collect()
        };
        let pairs = pairs.iter().map(named).collect();
        (bytes, Said::Lost { ssrc, pairs })
    })
}

/// With at most so many blocks and pairs.
pub fn a_packet(blocks: usize) -> impl Strategy<Value = Written> {
    let receiver = (any::<u32>(), vec(a_block(), 0..=blocks)).prop_map(|(ssrc, blocks)| {
        let bytes = written(|out| write_receiver_report(ssrc, &blocks, out));
        (bytes, Said::Receiver { ssrc, blocks })
    });
    let name = (any::<u32>(), "[ -~]{1,255}").prop_map(|(ssrc, name)| {
        let name = name.into_bytes();
        let bytes = written(|out| write_source_description(ssrc, &name, out));
        (bytes, Said::Name(Some((ssrc, Some(name)))))
    });
    let bye = any::<u32>().prop_map(|ssrc| {
        let bytes = written(|out| write_bye(ssrc, out));
        (bytes, Said::Bye(vec![ssrc]))
    });
    prop_oneof![a_sender_report(blocks), receiver, a_nack(blocks), name, bye]
}

fn written(write: impl FnOnce(&mut [u8]) -> Option<usize>) -> Vec<u8> {
    let mut buffer = [0; 1500];
    let len = write(&mut buffer).unwrap();
    buffer[..len].to_vec()
}

/// A PLI, or a packet that an application defined (RFC 3550 §6.7).
pub fn a_foreign_packet() -> impl Strategy<Value = Written> {
    let kind = prop_oneof![Just(206), Just(204)];
    (kind, any::<[u8; 8]>()).prop_map(|(kind, body)| {
        let bytes = [&[0x81, kind, 0, 2], &body[..]].concat();
        (bytes, Said::Other(kind))
    })
}

/// A packet whose head is right, mostly, and whose body says anything.
pub fn a_wild_packet() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        4 => (0x80u8..=0x83).boxed(),
        2 => (0x80u8..=0xBF).boxed(),
        1 => any::<u8>().boxed(),
    ];
    let kind = prop_oneof![8 => 200u8..=207, 1 => any::<u8>()];
    let body = prop_oneof![vec(any::<u8>(), 0..160), vec(0u8..4, 0..160)];
    let lie = prop_oneof![8 => Just(0u16), 1 => any::<u16>()];
    (first, kind, body, lie).prop_map(|(first, kind, mut body, lie)| {
        body.truncate(body.len() / 4 * 4);
        let words = (body.len() / 4) as u16 ^ lie;
        let [w0, w1] = words.to_be_bytes();
        [&[first, kind, w0, w1], &body[..]].concat()
    })
}
