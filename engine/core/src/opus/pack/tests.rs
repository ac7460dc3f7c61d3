use super::*;
use crate::opus::{Decoder, Encoder, FRAME_SAMPLES, inspect};
use proptest::prelude::*;

const TOC: u8 = 0xf8;

fn packed(packets: &[Vec<u8>]) -> (usize, Vec<u8>) {
    let (mut pack, mut out) = (Pack::default(), Vec::new());
    let taken = packets
        .iter()
        .take_while(|packet| pack.push(packet))
        .count();
    pack.write(&mut out);
    (taken, out)
}

/// The frames libopus finds in a packet.
fn unpacked(packet: &[u8]) -> Vec<Vec<u8>> {
    let parsed = ::opus::packet::parse(packet).unwrap();
    parsed.frames.into_iter().map(<[u8]>::to_vec).collect()
}

fn with_toc(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    frames
        .iter()
        .map(|frame| [&[TOC][..], frame].concat())
        .collect()
}

#[test]
fn one_frame_stays_as_it_is() {
    assert_eq!(packed(&[vec![TOC, 1, 2]]), (1, vec![TOC, 1, 2]));
    assert_eq!(packed(&[]), (0, vec![]));
}

#[test]
fn a_frame_of_another_configuration_does_not_follow() {
    let packets = [vec![TOC, 1], vec![TOC, 2], vec![0x78, 3], vec![TOC, 4]];
    assert_eq!(packed(&packets), (2, vec![TOC | 3, 2, 1, 2]));
}

#[test]
fn a_packet_of_several_frames_does_not_follow() {
    assert_eq!(packed(&[vec![TOC | 1, 1, 2], vec![TOC | 1, 3, 4]]).0, 1);
}

#[test]
fn a_pack_lasts_at_most_120_ms_and_fits_a_datagram() {
    assert_eq!(packed(&vec![vec![TOC, 1]; 9]).0, 6);
    // 60 ms each: SILK, wide band.
    assert_eq!(packed(&vec![vec![0x58, 1]; 3]).0, 2);
    assert_eq!(packed(&vec![vec![TOC; 500]; 6]).0, 2);
}

#[test]
fn libopus_decodes_a_pack_to_the_samples_of_its_frames() {
    let mut encoder = Encoder::new(32_000, 5);
    let tone = |at: usize| -> [f32; FRAME_SAMPLES] {
        std::array::from_fn(|n| 0.5 * ((at * FRAME_SAMPLES + n) as f32 * 0.05).sin())
    };
    let packets: Vec<Vec<u8>> = (0..60)
        .map(|at| encoder.encode(&tone(at), &mut [0; 1_275]).unwrap().to_vec())
        .collect();
    let (mut single, mut joined) = (Decoder::new(), Decoder::new());
    let expected: Vec<f32> = packets
        .iter()
        .flat_map(|packet| single.decode(packet).unwrap().to_vec())
        .collect();
    let (mut rest, mut heard, mut packs) = (&packets[..], Vec::new(), 0);
    while !rest.is_empty() {
        let (taken, pack) = packed(&rest[..rest.len().min(5)]);
        heard.extend_from_slice(joined.decode(&pack).unwrap());
        (rest, packs) = (&rest[taken..], packs + 1);
    }
    assert!(packs < 20, "{packs} packets for 60 frames");
    assert_eq!(heard, expected);
}

proptest! {
    #[test]
    fn what_is_packed_is_unpacked_again(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..180), 1..=MAX_PACKED)
    ) {
        let (taken, pack) = packed(&with_toc(&frames));
        prop_assert_eq!(taken, frames.len());
        prop_assert_eq!(inspect(&pack).unwrap().frames, frames.len());
        prop_assert_eq!(unpacked(&pack), frames);
    }

    #[test]
    fn long_and_equal_frames_are_unpacked_again(size in 200usize..300, count in 1usize..=3, more in 0usize..2) {
        let mut frames = vec![vec![7; size]; count];
        frames.push(vec![9; size + more]);
        let (taken, pack) = packed(&with_toc(&frames));
        prop_assert_eq!(unpacked(&pack), &frames[..taken]);
        prop_assert!(pack.len() <= MAX_BYTES + 2);
    }
}
