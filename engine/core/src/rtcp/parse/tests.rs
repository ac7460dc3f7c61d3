use super::*;
use crate::rtcp::{
    nack_pairs, write_bye, write_nack, write_receiver_report, write_sender_report,
    write_source_description,
};
use proptest::prelude::*;

#[test]
fn a_reduced_size_nack_is_read_without_a_report_before_it() {
    let mut buf = [0; 64];
    let len = write_nack(1, 2, [(65_535, 0b101)].into_iter(), &mut buf).unwrap();
    let packet = Packets::new(&buf[..len]).next().unwrap();
    assert!(matches!(packet, Packet::Nack { media_ssrc: 2, .. }));
    assert_eq!(packet.lost().collect::<Vec<_>>(), [65_535, 0, 2]);
}

#[test]
fn reading_goes_on_after_an_unknown_type_and_ends_at_a_malformed_packet() {
    let mut datagram = vec![0x80, 210, 0, 1, 9, 9, 9, 9];
    let mut buf = [0; 64];
    let len = write_bye(7, &mut buf).unwrap();
    datagram.extend_from_slice(&buf[..len]);
    datagram.extend_from_slice(&[0x80, 200, 0, 9, 1]);
    let packets: Vec<_> = Packets::new(&datagram).collect();
    let expected = [
        Packet::Other { packet_type: 210 },
        Packet::Goodbye {
            ssrcs: &7u32.to_be_bytes(),
        },
    ];
    assert_eq!(packets, expected);
}

#[test]
fn padding_of_the_last_packet_is_left_out() {
    let datagram = [
        0xA0 | GENERIC_NACK,
        205,
        0,
        4,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        2,
        0,
        5,
        0,
        0,
        0,
        0,
        0,
        4,
    ];
    let packet = Packets::new(&datagram).next().unwrap();
    assert_eq!(packet.lost().collect::<Vec<_>>(), [5]);
}

fn block() -> impl Strategy<Value = ReportBlock> {
    (
        any::<(u32, u8, u32, u32, u32, u32)>(),
        -(1 << 23)..(1 << 23),
    )
        .prop_map(|(fields, cumulative_lost)| {
            let (ssrc, fraction_lost, highest_sequence, jitter, last_sender_report, delay) = fields;
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

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        for packet in Packets::new(&bytes) {
            let _ = packet.report_blocks().count() + packet.lost().count();
        }
    }

    #[test]
    fn a_written_compound_is_read_again(
        ssrc: u32, ntp: u64, counts: (u32, u32, u32), blocks in proptest::collection::vec(block(), 0..4),
        name in "[a-zA-Z0-9]{1,32}",
    ) {
        let info = SenderInfo {
            ntp: NtpTime(ntp), rtp_timestamp: counts.0, packet_count: counts.1, octet_count: counts.2,
        };
        let mut buf = [0; 512];
        let first = write_sender_report(ssrc, &info, &blocks, &mut buf).unwrap();
        let second = write_source_description(ssrc, name.as_bytes(), &mut buf[first..]).unwrap();
        let third = write_receiver_report(ssrc, &blocks, &mut buf[first + second..]).unwrap();
        let packets: Vec<_> = Packets::new(&buf[..first + second + third]).collect();
        prop_assert_eq!(packets.len(), 3);
        let Packet::SenderReport { ssrc: from, info: read, .. } = packets[0] else { panic!("{packets:?}") };
        prop_assert_eq!((from, read), (ssrc, info));
        prop_assert_eq!(packets[0].report_blocks().collect::<Vec<_>>(), blocks.clone());
        prop_assert_eq!(packets[1], Packet::SourceDescription { ssrc, cname: Some(name.as_bytes()) });
        prop_assert_eq!(packets[2].report_blocks().collect::<Vec<_>>(), blocks);
    }

    #[test]
    fn packed_losses_are_unpacked_again(start: u16, gaps in proptest::collection::vec(1u16..40, 0..20)) {
        let lost: Vec<u16> = gaps.iter().scan(start, |at, gap| { *at = at.wrapping_add(*gap); Some(*at) }).collect();
        let mut buf = [0; 256];
        let len = write_nack(1, 2, nack_pairs(&lost), &mut buf).unwrap();
        let packet = Packets::new(&buf[..len]).next().unwrap();
        prop_assert_eq!(packet.lost().collect::<Vec<_>>(), lost);
    }
}
