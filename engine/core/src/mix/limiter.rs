//! Voices added up may be too loud for the scale: turned down softly, never cut hard.

use ::opus::{Channels, SoftClip};

use crate::opus::FRAME_SAMPLES;

/// Peaks are brought down to this.
const CEILING: f32 = 0.9;
/// The gain goes down within 2.5 ms...
const ATTACK_SAMPLES: usize = 120;
/// ...and comes back by this share a frame: half of the way within some 300 ms.
const RELEASE: f32 = 0.05;

/// The mix's limiter.
#[derive(Debug)]
pub struct Limiter {
    gain: f32,
    clip: SoftClip,
}

impl Limiter {
    #[must_use]
    pub fn new() -> Self {
        Self {
            gain: 1.0,
            clip: SoftClip::new(Channels::Mono),
        }
    }

    /// Brings a frame within −1 to 1.
    pub fn apply(&mut self, pcm: &mut [f32; FRAME_SAMPLES]) {
        let peak = pcm
            .iter()
            .fold(CEILING, |peak, sample| peak.max(sample.abs()));
        let wanted = CEILING / peak;
        let start = self.gain;
        self.gain = if wanted < start {
            wanted
        } else {
            start + RELEASE * (wanted - start)
        };
        for (n, sample) in pcm.iter_mut().enumerate() {
            let part = n.min(ATTACK_SAMPLES) as f32 / ATTACK_SAMPLES as f32;
            *sample *= start + (self.gain - start) * part;
        }
        // What the ramp let through at the frame's start.
        self.clip.apply(pcm);
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(loud: f32) -> [f32; FRAME_SAMPLES] {
        std::array::from_fn(|n| loud * (n as f32 * 0.131).sin())
    }

    #[test]
    fn what_fits_is_left_as_it_is() {
        let mut pcm = tone(0.8);
        Limiter::new().apply(&mut pcm);
        assert_eq!(pcm, tone(0.8));
    }

    #[test]
    fn what_is_too_loud_is_turned_down_and_comes_back_slowly() {
        let mut limiter = Limiter::new();
        for _ in 0..10 {
            let mut pcm = tone(2.5);
            limiter.apply(&mut pcm);
            assert!(pcm.iter().all(|sample| sample.abs() <= 1.0));
        }
        let mut pcm = tone(0.5);
        limiter.apply(&mut pcm);
        assert!(limiter.gain < 0.5);
        (0..200).for_each(|_| limiter.apply(&mut tone(0.5)));
        assert!(limiter.gain > 0.99);
    }
}
