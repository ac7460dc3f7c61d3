//! How long packets should wait: as long as the network lately made them differ, within bounds.

use std::time::{Duration, Instant};

/// What every packet waits when the network is calm: two frames.
pub const MIN_DELAY: Duration = Duration::from_millis(40);
/// What no packet waits longer than by intention.
pub const MAX_DELAY: Duration = Duration::from_millis(100);
/// Added to what was seen.
const RESERVE_US: f64 = 10_000.0;
/// A late packet is forgotten by half within some 3 s of 20 ms packets.
const DECAY: f64 = 0.995;
/// Packets per window of the least transit time; two windows count, so that clock drift is followed.
const WINDOW: u32 = 250;

/// An estimate of one stream's jitter.
#[derive(Debug)]
pub struct Delay {
    origin: Instant,
    /// Least transit times (µs, from an arbitrary zero) of the last full window and of this one.
    least: [f64; 2],
    counted: u32,
    /// The decaying maximum of transit above the least, µs.
    peak: f64,
}

impl Delay {
    #[must_use]
    pub fn new(origin: Instant) -> Self {
        Self {
            origin,
            least: [f64::INFINITY; 2],
            counted: 0,
            peak: 0.0,
        }
    }

    /// A packet with unwrapped timestamp `ts` (48 kHz) came at `now`.
    pub fn arrived(&mut self, now: Instant, ts: i64) {
        let elapsed = now.saturating_duration_since(self.origin).as_micros() as f64;
        let transit = elapsed - ts as f64 * 1_000.0 / 48.0;
        let [before, current] = self.least;
        self.least = [before, current.min(transit)];
        let above = transit - self.least[0].min(self.least[1]);
        self.peak = above.max(self.peak * DECAY);
        self.counted += 1;
        if self.counted >= WINDOW {
            self.counted = 0;
            self.least = [self.least[1], f64::INFINITY];
        }
    }

    /// How long the first packet after a pause should wait, [`MIN_DELAY`] to [`MAX_DELAY`].
    #[must_use]
    pub fn target(&self) -> Duration {
        Duration::from_micros((self.peak + RESERVE_US) as u64).clamp(MIN_DELAY, MAX_DELAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `late(n)` is how many ms packet n comes late.
    fn after(packets: u64, late: impl Fn(u64) -> u64) -> Duration {
        let start = Instant::now();
        let mut delay = Delay::new(start);
        for n in 0..packets {
            delay.arrived(
                start + Duration::from_millis(20 * n + late(n)),
                n as i64 * 960,
            );
        }
        delay.target()
    }

    #[test]
    fn a_calm_network_waits_two_frames() {
        assert_eq!(after(1_000, |_| 0), MIN_DELAY);
    }

    #[test]
    fn packets_that_come_up_to_60_ms_late_are_waited_for() {
        let target = after(1_000, |n| if n % 10 == 0 { 60 } else { 0 });
        assert!((60..=75).contains(&target.as_millis()), "{target:?}");
    }

    #[test]
    fn no_lateness_makes_it_wait_longer_than_the_bound() {
        assert_eq!(after(100, |n| (n % 2) * 5_000), MAX_DELAY);
    }

    #[test]
    fn a_sender_whose_clock_is_slow_is_not_taken_for_a_network_that_jitters() {
        // 200 ppm over 10 minutes: 120 ms.
        assert_eq!(after(30_000, |n| n * 4 / 1_000), MIN_DELAY);
    }
}
