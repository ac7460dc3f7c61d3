use super::*;
use crate::opus::{Encoder, MAX_FRAME_BYTES};
use crate::recording::Recorder;

/// A second of silence, then a second of a tone.
fn recording() -> Vec<u8> {
    let (mut encoder, mut packet) = (Encoder::new(32_000, 0), [0; MAX_FRAME_BYTES]);
    let mut recorder = Recorder::start(1, "Essai", encoder.lookahead());
    for frame in 0..100usize {
        let loud = if frame < 50 { 0.0 } else { 0.5 };
        let pcm = std::array::from_fn(|i| loud * (i as f32 * 0.131).sin());
        recorder.push(encoder.encode(&pcm, &mut packet).unwrap());
    }
    recorder.finish(None).0
}

#[test]
fn two_seconds_are_two_seconds_and_the_waveform_shows_where_the_sound_is() {
    let summary = summarise(&recording()).unwrap();
    assert_eq!(
        (summary.duration_ms, summary.ended, summary.title.as_str()),
        (2_000, true, "Essai")
    );
    assert!(summary.levels[..49].iter().all(|level| *level == 0));
    assert!(summary.levels[53..].iter().all(|level| *level > 20));
    assert_eq!(summary.levels.iter().max(), Some(&MAX_LEVEL));
}

#[test]
fn a_recording_cut_off_is_summarised_up_to_the_cut() {
    let whole = recording();
    let summary = summarise(&whole[..whole.len() - 10]).unwrap();
    assert!(!summary.ended);
    assert!((1_000..2_000).contains(&summary.duration_ms));
    assert!(summary.valid_len < whole.len() - 10);
}

#[test]
fn an_empty_recording_has_no_duration() {
    let mut recorder = Recorder::start(1, "", 312);
    let mut bytes = Vec::new();
    recorder.drain(|pages| bytes.extend_from_slice(pages));
    let summary = summarise(&bytes).unwrap();
    assert_eq!((summary.duration_ms, summary.levels), (0, [0; LEVELS]));
}
