//! One number for loudness, the greater the louder.

/// Decibels above −127 dBov: 0 is silence, 127 a square wave at full scale (RFC 6464 §3, turned round).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Loudness(u8);

impl Loudness {
    pub const SILENCE: Self = Self(0);
    /// −55 dBov: a soft voice is above it, the noise of a quiet room below.
    pub const SPEECH: Self = Self(72);

    /// The level of RFC 6464, 0 (loudest) to 127 (silence); its first bit (voice activity) is not part of it.
    #[must_use]
    pub fn from_claim(level: u8) -> Self {
        Self(127 - level.min(127))
    }

    /// The root mean square of samples within −1 to 1.
    #[must_use]
    pub fn of(pcm: &[f32]) -> Self {
        let energy: f32 = pcm.iter().map(|sample| sample * sample).sum();
        let mean_square = energy / pcm.len().max(1) as f32;
        // NaN stays NaN through the clamp and becomes 0.
        Self(
            (127.0 + 10.0 * mean_square.log10())
                .round()
                .clamp(0.0, 127.0) as u8,
        )
    }

    /// Decibels above −127 dBov.
    #[must_use]
    pub fn db(self) -> f32 {
        f32::from(self.0)
    }

    /// Loud enough to be somebody speaking.
    #[must_use]
    pub fn is_speech(self) -> bool {
        self >= Self::SPEECH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_scale_square_wave_is_0_dbov_and_nothing_is_silence() {
        assert_eq!(
            Loudness::of(&[1.0, -1.0, 1.0, -1.0]),
            Loudness::from_claim(0)
        );
        assert_eq!(Loudness::of(&[0.0; 4]), Loudness::SILENCE);
        assert_eq!(Loudness::of(&[]), Loudness::SILENCE);
        assert_eq!(Loudness::of(&[f32::NAN]), Loudness::SILENCE);
    }

    #[test]
    fn a_tenth_of_the_amplitude_is_20_db_less() {
        assert_eq!(Loudness::of(&[0.1; 960]), Loudness::from_claim(20));
    }
}
