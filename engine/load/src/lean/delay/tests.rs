use std::ops::Range;

use super::*;
use crate::speech::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

const FRAME_NS: u64 = 20_000_000;

/// Something unlike itself at every moment: a sweep.
fn sweep() -> Speech {
    let pcm: Vec<i16> = (0..5 * SAMPLE_RATE_HZ)
        .map(|n| f64::from(n) / f64::from(SAMPLE_RATE_HZ))
        .map(|t| ((t * (300.0 + 100.0 * t) * std::f64::consts::TAU).sin() * 8000.0) as i16)
        .collect();
    Speech::from_pcm(pcm, SAMPLE_RATE_HZ).unwrap()
}

fn heard(opus: Vec<u8>, n: usize, at_ns: u64, lateness: &mut Lateness) -> Ear {
    let moment = (1, (n * FRAME_SAMPLES) as u32, opus.len());
    lateness.note(moment, at_ns);
    lateness.note(moment, at_ns + 3_000_000);
    Ear { moment, opus }
}

/// When each frame of the sweep left the speaker.
fn sent() -> Vec<u64> {
    (0..250).map(|n| 1_000_000_000 + n * FRAME_NS).collect()
}

/// What an ear gets of these frames, each in a packet of its own and so long after it was said.
fn heard_late(
    frames: &[Frame],
    which: Range<usize>,
    late_ns: u64,
    lateness: &mut Lateness,
) -> Vec<Ear> {
    let sent = sent();
    which
        .map(|n| heard(frames[n].opus.clone(), n, sent[n] + late_ns, lateness))
        .collect()
}

fn all_are(values: &[f64], expected: f64) -> bool {
    !values.is_empty() && values.iter().all(|v| (v - expected).abs() < 0.01)
}

#[test]
fn forwarded_frames_are_known_by_their_payload() {
    let speech = sweep();
    let mut lateness = Lateness::default();
    let ear = heard_late(&speech.frames, 0..200, 500_000, &mut lateness);
    let delay = measure_all(&speech, &sent(), &[ear], &lateness).unwrap();
    assert!(delay.forwarded);
    assert!(all_are(&delay.first_ms, 0.5) && all_are(&delay.last_ms, 3.5));
}

#[test]
fn a_frame_that_stands_in_the_speech_twice_is_not_taken_for_either() {
    let mut speech = sweep();
    speech.frames[200].opus = speech.frames[50].opus.clone();
    let known = forwarded::places(&speech);
    assert!(!known.contains_key(speech.frames[50].opus.as_slice()));
    assert_eq!(known[speech.frames[51].opus.as_slice()], 51);
}

/// Several packets of one frame as one.
fn packed(frames: &[Frame]) -> Vec<u8> {
    let mut repacketizer = opus::Repacketizer::new().unwrap();
    let mut out = vec![0; 1_500];
    let packets: Vec<&[u8]> = frames.iter().map(|frame| frame.opus.as_slice()).collect();
    let len = repacketizer.combine(&packets, &mut out).unwrap();
    out.truncate(len);
    out
}

#[test]
fn of_a_pack_the_newest_frame_counts_and_of_packs_the_longest_ones() {
    let speech = sweep();
    let sent = sent();
    let mut lateness = Lateness::default();
    // Three frames as long as the codec's mode is the same; shorter ones leave late.
    let mut ear = Vec::new();
    for n in (2..200).step_by(3) {
        let frames = &speech.frames[n - 2..=n];
        let same = frames
            .iter()
            .all(|frame| frame.opus[0] == frames[0].opus[0]);
        let (frames, waited) = if same { (frames, 0) } else { (&frames[..1], 3) };
        let left = sent[n] + waited * FRAME_NS + 500_000;
        ear.push(heard(packed(frames), n, left, &mut lateness));
    }
    let delay = measure_all(&speech, &sent, &[ear], &lateness).unwrap();
    assert!(delay.forwarded);
    assert!(all_are(&delay.first_ms, 0.5) && all_are(&delay.last_ms, 3.5));
}

#[test]
fn frames_encoded_anew_are_found_by_their_sound() {
    let speech = sweep();
    // What a mixer does: decode, encode again, three frames late.
    let mut decoder = opus::Decoder::new(SAMPLE_RATE_HZ, opus::Channels::Mono).unwrap();
    let mut pcm = vec![0; 5760];
    let mut again = Vec::new();
    for frame in &speech.frames {
        let samples = decoder.decode(&frame.opus, &mut pcm, false).unwrap();
        again.extend_from_slice(&pcm[..samples]);
    }
    let mixed = Speech::from_pcm(again, SAMPLE_RATE_HZ).unwrap();
    let mut lateness = Lateness::default();
    // Not from the first frame on: what was encoded twice comes a look-ahead later than it was said.
    let ear = heard_late(&mixed.frames, 20..200, 60_000_000, &mut lateness);
    let delay = measure_all(&speech, &sent(), &[ear], &lateness).unwrap();
    assert!(!delay.forwarded);
    assert!(all_are(&delay.last_ms, 63.0), "{:?}", delay.last_ms.first());
}
