//! A sender's 32-bit timestamps on one long line.

use std::time::Instant;

use crate::opus::{SAMPLE_RATE, samples_within};

/// Timestamps may differ from the time that went by this much, in samples; more is a new stream.
const MAX_JUMP: i64 = SAMPLE_RATE as i64;

/// The last packet of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    ssrc: u32,
    raw: u32,
    ts: i64,
    at: Instant,
}

impl Stream {
    pub fn begin(now: Instant, ssrc: u32, raw: u32) -> Self {
        // Far enough above zero for earlier packets that come later.
        Self {
            ssrc,
            raw,
            ts: 1 << 40,
            at: now,
        }
    }

    pub fn ts(&self) -> i64 {
        self.ts
    }

    /// The unwrapped timestamp of a packet that belongs to this stream; None when it begins another.
    pub fn unwrap(&mut self, now: Instant, ssrc: u32, raw: u32) -> Option<i64> {
        let step = i64::from(raw.wrapping_sub(self.raw).cast_signed());
        let elapsed = samples_within(now.saturating_duration_since(self.at));
        let expected = i64::try_from(elapsed).ok()?;
        if ssrc != self.ssrc || (step - expected).abs() > MAX_JUMP {
            return None;
        }
        let ts = self.ts + step;
        if step > 0 {
            *self = Self {
                ssrc,
                raw,
                ts,
                at: now,
            };
        }
        Some(ts)
    }
}
