//! What a client says: a WAV file or a tone, encoded to Opus frames ahead of time.

use std::path::Path;

use crate::LoadError;

/// One Opus frame; what every packet of a speaker carries.
pub const FRAME_MS: u64 = 20;
/// The RTP clock of Opus (RFC 7587 §4.1) and the rate of decoded audio.
pub const SAMPLE_RATE_HZ: u32 = 48_000;
pub(crate) const FRAME_SAMPLES: usize = 960;
/// What browsers use for mono speech.
const BITRATE_BPS: i32 = 32_000;
/// Larger than any frame at that bit rate.
const MAX_FRAME_BYTES: usize = 1000;

/// One encoded frame of 20 ms with the level its sender would claim.
#[derive(Debug, Clone)]
pub struct Frame {
    pub opus: Vec<u8>,
    /// RFC 6464: 0 is full scale, -127 silence.
    pub level_dbov: i8,
}

/// Speech ready to be sent.
#[derive(Debug, Clone)]
pub struct Speech {
    pub frames: Vec<Frame>,
    /// The original, 48 kHz mono or at the file's own rate, for comparison with what was heard.
    pub pcm: Vec<i16>,
}

impl Speech {
    /// Reads WAV files (16 bit; 8, 12, 16, 24 or 48 kHz; channels are averaged) one after the other.
    pub fn from_wavs(paths: &[impl AsRef<Path>]) -> Result<Self, LoadError> {
        let mut speech = Self {
            frames: Vec::new(),
            pcm: Vec::new(),
        };
        for path in paths {
            let (pcm, rate_hz) = read_wav(path.as_ref())?;
            let next = Self::from_pcm(pcm, rate_hz)?;
            speech.frames.extend(next.frames);
            speech.pcm.extend(next.pcm);
        }
        Ok(speech)
    }

    /// A sine at half of full scale.
    pub fn tone(hz: f64, seconds: f64) -> Result<Self, LoadError> {
        let step = std::f64::consts::TAU * hz / f64::from(SAMPLE_RATE_HZ);
        let samples = (seconds * f64::from(SAMPLE_RATE_HZ)) as usize;
        let pcm = (0..samples)
            .map(|n| ((n as f64 * step).sin() * 16_384.0) as i16)
            .collect();
        Self::from_pcm(pcm, SAMPLE_RATE_HZ)
    }

    /// Encodes mono samples; the last frame is filled up with silence.
    pub fn from_pcm(mut pcm: Vec<i16>, rate_hz: u32) -> Result<Self, LoadError> {
        let frame_samples = rate_hz as usize / 50;
        pcm.resize(pcm.len().next_multiple_of(frame_samples), 0);
        let mut encoder =
            opus::Encoder::new(rate_hz, opus::Channels::Mono, opus::Application::Voip)?;
        encoder.set_bitrate(opus::Bitrate::Bits(BITRATE_BPS))?;
        encoder.set_inband_fec(true)?;
        let mut frames = Vec::with_capacity(pcm.len() / frame_samples);
        for samples in pcm.chunks_exact(frame_samples) {
            let opus = encoder.encode_vec(samples, MAX_FRAME_BYTES)?;
            frames.push(Frame {
                opus,
                level_dbov: energy_dbov(samples).max(-127.0) as i8,
            });
        }
        Ok(Self { frames, pcm })
    }
}

/// Mean energy in dB below full scale; negative infinity for silence.
pub fn energy_dbov(pcm: &[i16]) -> f64 {
    let sum: f64 = pcm.iter().map(|&s| (f64::from(s) / 32_768.0).powi(2)).sum();
    10.0 * (sum / pcm.len().max(1) as f64).log10()
}

fn read_wav(path: &Path) -> Result<(Vec<i16>, u32), LoadError> {
    let bad = |reason: String| LoadError::Speech {
        path: path.to_owned(),
        reason,
    };
    let mut reader = hound::WavReader::open(path).map_err(|e| bad(e.to_string()))?;
    let spec = reader.spec();
    if ![8_000, 12_000, 16_000, 24_000, 48_000].contains(&spec.sample_rate) || spec.channels == 0 {
        return Err(bad(format!(
            "{} Hz is no rate Opus takes",
            spec.sample_rate
        )));
    }
    let samples: Result<Vec<i16>, _> = reader.samples::<i16>().collect();
    let samples = samples.map_err(|e| bad(e.to_string()))?;
    let channels = usize::from(spec.channels);
    let mono = samples
        .chunks_exact(channels)
        .map(|s| (s.iter().map(|&v| i32::from(v)).sum::<i32>() / channels as i32) as i16);
    Ok((mono.collect(), spec.sample_rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_of_one_second_is_fifty_frames_at_its_level() {
        let speech = Speech::tone(440.0, 1.0).expect("libopus encodes a tone");
        assert_eq!(speech.frames.len(), 50);
        // A sine at half of full scale has -9 dBov.
        assert!(
            speech
                .frames
                .iter()
                .all(|f| (-10..=-8).contains(&f.level_dbov))
        );
    }
}
