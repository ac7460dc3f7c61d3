//! One RTCP packet: the engine and str0m read the same values out of the same bytes, and refuse the same.

use palabre_core::rtcp::{Packets, ReportBlock};
use proptest::collection::vec;
use proptest::prelude::*;
use str0m::rtp::rtcp::Rtcp;

use crate::damage::damage;
use crate::packets::{a_foreign_packet, a_packet, a_wild_packet};
use crate::said::{Said, read_by_engine, said_by_str0m};

/// str0m's lists hold no more.
const MAX_OF_STR0M: usize = 31;

/// What a reader has to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    Read,
    PassOver,
    Refuse,
}

/// Bytes that the length field spans, when they are there.
fn one_packet(bytes: &[u8]) -> Option<&[u8]> {
    let [first, _, l0, l1] = *bytes.first_chunk()?;
    let words = usize::from(u16::from_be_bytes([l0, l1])) + 1;
    bytes.get(..4 * words).filter(|_| first >> 6 == 2)
}

/// Without padding, which str0m wants taken away before (RFC 3550 §6.4.1); None when there is more of it than body.
fn unpadded(packet: &[u8]) -> Option<&[u8]> {
    if packet[0] & 0x20 == 0 {
        return Some(packet);
    }
    let padding = usize::from(*packet[4..].last()?);
    let len = packet.len().checked_sub(padding)?;
    packet.get(..len).filter(|rest| rest.len() >= 4)
}

/// By type, count and length of the body alone (RFC 3550 §6.4 to §6.6, RFC 4585 §6.2.1).
fn duty(packet: &[u8]) -> Duty {
    let count = usize::from(packet[0] & 0x1F);
    let least = match (packet[1], count) {
        (200, _) => 24 + ReportBlock::LEN * count,
        (201, _) => 4 + ReportBlock::LEN * count,
        (202, 1..) => 4,
        (203, _) => 4 * count,
        (205, 1) => 8,
        _ => 0,
    };
    let known = matches!(
        (packet[1], count),
        (200 | 201 | 203, _) | (202, 1..) | (205, 1)
    );
    match unpadded(packet) {
        Some(rest) if rest.len() >= 4 + least && known => Duty::Read,
        Some(_) if !known => Duty::PassOver,
        _ => Duty::Refuse,
    }
}

/// Both read the packet alike. Known differences, each with who is right:
/// - What the engine has no use for, it passes over; str0m reads transport-wide feedback, all payload-specific feedback,
///   extended reports, and descriptions that announce no chunk. Both may.
/// - Of reports with fewer blocks than announced str0m reads those there are; with more bytes, more blocks: they are an
///   extension (RFC 3550 §6.4.3). The engine is right, and refuses the first.
/// - str0m keeps 31 pairs of a NACK, and refuses one of none, as it does a goodbye without a word. The engine is tolerant.
/// - Of descriptions the engine reads the name of the first chunk. str0m reads all as far as they are text, 31 items, and
///   chunks of two words; it refuses the packet when any item is cut off, where the engine keeps what came before.
fn agree(packet: &[u8]) -> Result<(), TestCaseError> {
    let ours = read_by_engine(packet).pop();
    let theirs = unpadded(packet).and_then(|packet| Rtcp::try_from(packet).ok());
    let theirs = theirs.as_ref().map(said_by_str0m);
    let (kind, count) = (packet[1], usize::from(packet[0] & 0x1F));
    match (duty(packet), ours) {
        (Duty::Refuse, None) => {
            prop_assert!(theirs.is_none() || matches!(kind, 200..=202), "{theirs:?}")
        }
        (Duty::PassOver, Some(Said::Other(of))) if of == kind => match theirs {
            Some(Said::Other(read)) => prop_assert!(read == kind && matches!(kind, 205..=207)),
            theirs => prop_assert!(theirs.is_none() || kind == 202, "{theirs:?}"),
        },
        (Duty::Read, Some(ours)) => match (kind, theirs) {
            (202, Some(Said::Name(theirs))) => alike_in_name(&ours, theirs)?,
            (202, None) => {}
            (203 | 205, None) => prop_assert!(names_nothing(&ours), "{ours:?}"),
            (_, theirs) => prop_assert_eq!(theirs.map(|it| it.cut(count)), Some(ours.cut(count))),
        },
        (duty, ours) => prop_assert!(false, "{duty:?}, but the engine reads {ours:?}"),
    }
    Ok(())
}

fn names_nothing(said: &Said) -> bool {
    matches!(said, Said::Lost { pairs, .. } if pairs.is_empty()) || *said == Said::Bye(vec![])
}

fn alike_in_name(ours: &Said, theirs: Option<(u32, Option<Vec<u8>>)>) -> Result<(), TestCaseError> {
    let (Said::Name(Some((ssrc, cname))), Some((their_ssrc, their_cname))) = (ours, theirs) else {
        prop_assert!(matches!(ours, Said::Name(_)));
        return Ok(());
    };
    prop_assert_eq!(*ssrc, their_ssrc);
    let is_text = cname
        .as_ref()
        .is_none_or(|cname| std::str::from_utf8(cname).is_ok());
    if is_text {
        prop_assert_eq!(cname, &their_cname);
    }
    Ok(())
}

impl Said {
    /// What both keep: the announced blocks, and no more pairs than str0m does.
    fn cut(mut self, count: usize) -> Self {
        match &mut self {
            Self::Sender { blocks, .. } | Self::Receiver { blocks, .. } => blocks.truncate(count),
            Self::Lost { pairs, .. } => pairs.truncate(MAX_OF_STR0M),
            Self::Name(_) | Self::Bye(_) | Self::Other(_) => {}
        }
        self
    }
}

fn some_packet() -> impl Strategy<Value = Vec<u8>> {
    let good = prop_oneof![a_packet(4), a_foreign_packet()];
    prop_oneof![2 => good.prop_map(|(bytes, _)| bytes), 1 => a_wild_packet()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_048, ..ProptestConfig::default() })]

    #[test]
    fn what_the_engine_writes_both_read_as_it_was_meant((bytes, meant) in a_packet(MAX_OF_STR0M)) {
        prop_assert_eq!(&read_by_engine(&bytes), std::slice::from_ref(&meant));
        let theirs = Rtcp::try_from(bytes.as_slice()).unwrap();
        prop_assert_eq!(said_by_str0m(&theirs), meant);
    }

    #[test]
    fn a_damaged_packet_both_read_alike_or_neither_reads(
        (packet, _) in prop_oneof![4 => a_packet(MAX_OF_STR0M), 1 => a_foreign_packet()],
        damages in vec(damage(), 1..4),
    ) {
        let bytes = damages.iter().fold(packet, |packet, damage| damage.apply(&packet));
        match one_packet(&bytes) {
            Some(packet) => agree(packet)?,
            None => prop_assert_eq!(Packets::new(&bytes).next(), None),
        }
    }

    #[test]
    fn any_bytes_at_all_both_read_alike_or_neither_reads(bytes in a_wild_packet()) {
        match one_packet(&bytes) {
            Some(packet) => agree(packet)?,
            None => prop_assert_eq!(Packets::new(&bytes).next(), None),
        }
    }

    #[test]
    fn a_compound_is_read_packet_by_packet_up_to_the_first_that_is_malformed(
        packets in vec(some_packet(), 0..6), damage in damage(),
    ) {
        let bytes = damage.apply(&packets.concat());
        let (mut rest, mut expected) = (&bytes[..], Vec::new());
        while let Some(packet) = one_packet(rest).filter(|packet| duty(packet) != Duty::Refuse) {
            expected.extend(read_by_engine(packet));
            rest = &rest[packet.len()..];
        }
        prop_assert_eq!(read_by_engine(&bytes), expected);
    }
}
