//! Recorded voices, and the frames that a browser's encoder makes of them.

use palabre_core::opus::{Encoder, FRAME_SAMPLES};

const NAMES: [&str; 8] = [
    "Front_Center",
    "Front_Left",
    "Rear_Right",
    "Side_Left",
    "Front_Right",
    "Rear_Center",
    "Rear_Left",
    "Side_Right",
];
/// What browsers use for mono speech.
const BITRATE: u32 = 32_000;
/// Bytes before the samples of Debian's WAV files.
const WAV_HEADER: usize = 44;

/// The voices of Debian's alsa-utils one after the other, again and again: 48 kHz, mono, −1 to 1.
pub fn talk(seconds: usize) -> Vec<f32> {
    let all: Vec<f32> = NAMES.into_iter().flat_map(read).collect();
    all.into_iter().cycle().take(seconds * 48_000).collect()
}

fn read(name: &str) -> Vec<f32> {
    let path = format!("/usr/share/sounds/alsa/{name}.wav");
    let file =
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}. Install alsa-utils."));
    let samples = file.get(WAV_HEADER..).unwrap_or_default();
    let (pairs, _) = samples.as_chunks::<2>();
    pairs
        .iter()
        .map(|pair| f32::from(i16::from_le_bytes(*pair)) / 32_768.0)
        .collect()
}

/// Frames of 20 ms. A browser's encoder puts a copy of a frame into the next one (in-band FEC) when the reports it
/// gets speak of loss.
pub fn encode(said: &[f32], reported_loss_percent: u8) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(BITRATE, reported_loss_percent);
    let mut packet = [0; 1_275];
    let (frames, _) = said.as_chunks::<FRAME_SAMPLES>();
    frames
        .iter()
        .map(|frame| encoder.encode(frame, &mut packet).unwrap().to_vec())
        .collect()
}

/// By how much the sound of a decoded frame lags behind the samples it was made of.
pub fn lookahead() -> usize {
    Encoder::new(BITRATE, 0).lookahead().into()
}
