use super::*;
use crate::opus::{MAX_FRAME_BYTES, SILENT_FRAME, inspect};
use proptest::prelude::*;

fn tone(frame: usize) -> [f32; FRAME_SAMPLES] {
    std::array::from_fn(|i| 0.3 * (((frame * FRAME_SAMPLES + i) as f32) * 0.04).sin())
}

#[test]
fn a_tone_keeps_its_energy_through_encoder_and_decoder() {
    let (mut encoder, mut decoder, mut packet) = (
        Encoder::new(32_000, 0),
        Decoder::new(),
        [0; MAX_FRAME_BYTES],
    );
    let mut energy = 0.0;
    for frame in 0..50 {
        let encoded = encoder.encode(&tone(frame), &mut packet).unwrap();
        assert_eq!(inspect(encoded).unwrap().samples, FRAME_SAMPLES);
        let pcm = decoder.decode(encoded).unwrap();
        energy = pcm.iter().map(|s| s * s).sum::<f32>() / pcm.len() as f32;
    }
    assert!(
        (energy - 0.045).abs() < 0.01,
        "mean square {energy}, should be 0.045"
    );
}

#[test]
fn the_silent_frame_decodes_to_nothing_at_all() {
    let mut decoder = Decoder::new();
    let pcm = decoder.decode(&SILENT_FRAME).unwrap();
    assert_eq!(pcm.len(), FRAME_SAMPLES);
    assert!(pcm.iter().all(|s| s.abs() < 1e-6));
}

proptest! {
    #[test]
    fn any_bytes_decode_or_are_refused(packets in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..200), 1..8)) {
        let mut decoder = Decoder::at_rate(16_000);
        for packet in packets.iter().filter(|p| !p.is_empty()) {
            if let Ok(pcm) = decoder.decode(packet) {
                prop_assert!(pcm.len() <= 1_920);
            }
        }
    }
}
