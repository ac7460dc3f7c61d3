//! What a voice message shows of its sound: how long, and a waveform.

use crate::ogg::{OggError, Reader};
use crate::opus::{Decoder, FRAME_SAMPLES, SAMPLE_RATE, inspect};

/// Columns of the waveform.
pub const LEVELS: usize = 100;
/// The highest column.
pub const MAX_LEVEL: u8 = 31;
/// Enough for a picture, and a third of the cost of 48 kHz.
const DECODE_RATE: u32 = 16_000;
/// A recording softer than this peak is drawn small rather than blown up.
const LEAST_PEAK: f32 = 0.05;

/// What is known of a recording's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub duration_ms: u64,
    /// 0 to [`MAX_LEVEL`], the loudest column at the top.
    pub levels: [u8; LEVELS],
    /// Bytes up to the last good page; what follows is to be cut off.
    pub valid_len: usize,
    /// False when the writer was killed before it ended the stream.
    pub ended: bool,
    pub title: String,
}

/// Decodes an Ogg Opus file, up to where it was torn.
///
/// # Errors
/// [`OggError`] when not even its header pages are there.
pub fn summarise(file: &[u8]) -> Result<Summary, OggError> {
    let reader = Reader::open(file)?;
    Ok(Summary {
        duration_ms: reader.samples() / u64::from(SAMPLE_RATE / 1_000),
        levels: columns(&peaks(&reader)),
        valid_len: reader.valid_len(),
        ended: reader.ended(),
        title: reader.head().title.clone(),
    })
}

/// The peak of each 20 ms.
fn peaks(reader: &Reader<'_>) -> Vec<f32> {
    let mut decoder = Decoder::at_rate(DECODE_RATE);
    let mut peaks = Vec::new();
    for packet in reader.packets() {
        let Ok(info) = inspect(packet) else { continue };
        let peak = match decoder.decode(packet) {
            Ok(pcm) => pcm
                .iter()
                .fold(0.0, |peak: f32, sample| peak.max(sample.abs())),
            Err(_) => 0.0, // A packet libopus refuses is silence to a player too.
        };
        peaks.extend(std::iter::repeat_n(
            peak,
            info.samples.div_ceil(FRAME_SAMPLES),
        ));
    }
    peaks
}

fn columns(peaks: &[f32]) -> [u8; LEVELS] {
    let loudest = peaks
        .iter()
        .fold(LEAST_PEAK, |loudest, peak| loudest.max(*peak));
    std::array::from_fn(|column| {
        let start = column * peaks.len() / LEVELS;
        let end = ((column + 1) * peaks.len() / LEVELS).max(start + 1);
        let part = peaks.get(start..end.min(peaks.len())).unwrap_or_default();
        let peak = part.iter().fold(0.0, |peak: f32, next| peak.max(*next));
        (peak / loudest * f32::from(MAX_LEVEL)).round() as u8
    })
}

#[cfg(test)]
mod tests;
