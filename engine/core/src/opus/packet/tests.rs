use super::*;
use proptest::prelude::*;

#[test]
fn a_code_3_packet_of_three_20_ms_frames_lasts_60_ms() {
    let packet = [0b1111_1011, 3, 1, 1, 2, 2, 3, 3];
    let info = inspect(&packet).unwrap();
    assert_eq!(
        (info.frames, info.samples, info.mode),
        (3, 2_880, Mode::Celt)
    );
}

#[test]
fn a_packet_of_more_than_120_ms_is_refused() {
    let packet = [0b0001_1011, 3, 1, 2, 3];
    assert_eq!(
        inspect(&packet),
        Err(PacketError::BadDuration { samples: 8_640 })
    );
}

#[test]
fn a_lone_toc_byte_is_a_pause() {
    assert!(inspect(&[0xf8]).unwrap().pause);
}

proptest! {
    /// libopus is the oracle: what it counts in a packet is what we count; what it refuses we refuse.
    #[test]
    fn any_bytes_are_read_as_libopus_reads_them(packet in proptest::collection::vec(any::<u8>(), 0..300)) {
        let theirs = (!packet.is_empty()).then(|| ::opus::packet::parse(&packet).ok()).flatten();
        let ours = inspect(&packet).ok();
        prop_assert_eq!(ours.map(|i| i.frames), theirs.map(|p| p.frames.len()));
    }

    #[test]
    fn padded_and_many_framed_packets_are_read_as_libopus_reads_them(
        toc in any::<u8>(), head in any::<u8>(), rest in proptest::collection::vec(0u8..8, 0..64)) {
        let packet: Vec<u8> = [toc | 3, head].into_iter().chain(rest).collect();
        let theirs = ::opus::packet::parse(&packet).ok();
        prop_assert_eq!(inspect(&packet).ok().map(|i| i.frames), theirs.map(|p| p.frames.len()));
    }
}
