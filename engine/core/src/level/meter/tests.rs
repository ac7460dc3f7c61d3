use super::*;
use crate::opus::{Encoder, FRAME_SAMPLES, MAX_FRAME_BYTES};

/// Sends a tone of this amplitude for `packets` packets; what the meter reads of each.
fn read(
    meter: &mut Meter,
    amplitude: f32,
    claimed_level: Option<u8>,
    packets: u16,
) -> Vec<Loudness> {
    read_at(meter, amplitude, claimed_level, 0..packets)
}

/// The same for packets with these numbers.
fn read_at(
    meter: &mut Meter,
    amplitude: f32,
    claimed_level: Option<u8>,
    numbers: std::ops::Range<u16>,
) -> Vec<Loudness> {
    let (mut encoder, mut packet) = (Encoder::new(32_000, 0), [0; MAX_FRAME_BYTES]);
    let pcm: [f32; FRAME_SAMPLES] = std::array::from_fn(|n| amplitude * (n as f32 * 0.131).sin());
    let (mut budget, start) = (DecodeBudget::new(), Instant::now());
    let mut one = |seq: u16| {
        let payload = encoder.encode(&pcm, &mut packet).unwrap();
        let metered = Metered {
            ssrc: 1,
            seq,
            claimed_level,
            pause: false,
            payload,
        };
        meter.read(
            start + Duration::from_millis(20) * u32::from(seq),
            metered,
            &mut budget,
        )
    };
    numbers.map(&mut one).collect()
}

#[test]
fn an_honest_sender_is_believed() {
    let mut meter = Meter::new(1);
    // 0.5 of full scale is −9 dBov as a sine.
    let readings = read(&mut meter, 0.5, Some(9), 500);
    assert!(
        readings.iter().all(|read| read.db() >= 114.0),
        "{readings:?}"
    );
    assert!(!matches!(meter.trust, Trust::Lost));
}

#[test]
fn a_claim_far_above_the_sound_is_found_out_and_never_believed_again() {
    let mut meter = Meter::new(1);
    let readings = read(&mut meter, 0.001, Some(0), 50);
    assert!(
        readings[4..].iter().all(|read| read.db() < 70.0),
        "{readings:?}"
    );
    assert!(matches!(meter.trust, Trust::Lost));
    meter.rest();
    let again = read(&mut meter, 0.001, Some(0), 500);
    assert!(again[1..].iter().all(|read| read.db() < 70.0), "{again:?}");
}

#[test]
fn who_claims_nothing_is_decoded() {
    let readings = read(&mut Meter::new(1), 0.5, None, 50);
    assert!(
        readings[1..].iter().all(|read| read.db() >= 114.0),
        "{readings:?}"
    );
    let silent = read(&mut Meter::new(1), 0.0, None, 50);
    assert!(silent.iter().all(|read| !read.is_speech()), "{silent:?}");
}

#[test]
fn who_speaks_after_a_silence_of_more_than_half_of_all_numbers_is_heard() {
    for first in [32_700, 32_900, 50_000, 65_000] {
        let mut meter = Meter::new(1);
        read(&mut meter, 0.5, None, 50);
        read_at(&mut meter, 0.0, Some(127), first - 1..first);
        let readings = read_at(&mut meter, 0.5, None, first..first + 50);
        assert!(readings[5..].iter().all(|read| read.is_speech()), "{first}");
    }
}

#[test]
fn beyond_the_budget_the_last_reading_stands() {
    let mut budget = DecodeBudget::new();
    let now = Instant::now();
    while budget.take(now) {}
    let metered = Metered {
        ssrc: 1,
        seq: 0,
        claimed_level: None,
        pause: false,
        payload: &[0xf8, 1, 2],
    };
    assert_eq!(
        Meter::new(1).read(now, metered, &mut budget),
        Loudness::SILENCE
    );
}

#[test]
fn a_claim_on_packets_that_come_too_late_to_be_decoded_is_found_out_all_the_same() {
    let (mut encoder, mut packet) = (Encoder::new(32_000, 0), [0; MAX_FRAME_BYTES]);
    let pcm: [f32; FRAME_SAMPLES] = std::array::from_fn(|n| 0.001 * (n as f32 * 0.131).sin());
    let (mut meter, mut budget, start) = (Meter::new(1), DecodeBudget::new(), Instant::now());
    // Always one packet that is decoded, and then the fifty before it.
    let order = (0..20u16).flat_map(|pack| (0..51).map(move |at| pack * 51 + (at + 50) % 51));
    let mut loud = 0;
    for (place, seq) in (0..).zip(order) {
        let metered = Metered {
            ssrc: 1,
            seq,
            claimed_level: Some(0),
            pause: false,
            payload: encoder.encode(&pcm, &mut packet).unwrap(),
        };
        let now = start + Duration::from_millis(20) * place;
        loud += u32::from(meter.read(now, metered, &mut budget).is_speech());
    }
    // Until the decoder is warm: the first packet of each of three packs, and what came after it.
    assert!(loud <= 3 * 51, "{loud} of 1,020 were believed");
    assert!(matches!(meter.trust, Trust::Lost));
}
