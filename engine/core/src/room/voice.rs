//! What a room remembers of one participant, and of those who have sent sound.

use std::time::{Duration, Instant};

use super::AudioPacket;
use crate::bucket::Bucket;
use crate::level::{DecodeBudget, Loudness, Meter, Metered};
use crate::opus::{PacketInfo, SAMPLE_RATE};

/// Sound may come a quarter faster than time (drift, and bursts after a stall)...
const FASTER: (u32, u32) = (5, 4);
/// ...with this much saved up; what is beyond is dropped.
const BURST: Duration = Duration::from_secs(1);
/// The least a packet costs, so that tiny ones cannot flood: 200 a second, and a quarter more.
const LEAST: Duration = Duration::from_millis(5);

/// A participant of the room, speaker or listener: kept small, there are many.
#[derive(Debug)]
pub(super) struct Participant {
    pub csrc: u32,
    pub may_speak: bool,
    /// From the first packet on.
    pub voice: Option<Box<Voice>>,
}

/// A participant who has sent sound.
#[derive(Debug)]
pub(super) struct Voice {
    meter: Meter,
    rate: Bucket,
    /// Loudness of the last tenths of a second: rises fast, falls slowly.
    pub score_db: f32,
}

impl Voice {
    pub fn new(seed: u64) -> Self {
        Self {
            meter: Meter::new(seed),
            rate: Bucket::new(BURST),
            score_db: 0.0,
        }
    }

    /// Whether this packet still keeps within real time.
    pub fn affords(&mut self, now: Instant, info: &PacketInfo) -> bool {
        let micros = info.samples as u64 * 1_000_000 / u64::from(SAMPLE_RATE);
        let cost = Duration::from_micros(micros).max(LEAST) * FASTER.1 / FASTER.0;
        self.rate.take(now, cost)
    }

    /// The packet's loudness; the score follows it.
    pub fn hear(
        &mut self,
        now: Instant,
        packet: &AudioPacket<'_>,
        info: &PacketInfo,
        budget: &mut DecodeBudget,
    ) -> Loudness {
        let &AudioPacket {
            ssrc,
            seq,
            claimed_level,
            payload,
            ..
        } = packet;
        let metered = Metered {
            ssrc,
            seq,
            claimed_level,
            pause: info.pause,
            payload,
        };
        let loudness = self.meter.read(now, metered, budget);
        let pace = if loudness.db() > self.score_db {
            0.3
        } else {
            0.05
        };
        self.score_db += pace * (loudness.db() - self.score_db);
        loudness
    }

    /// Whoever may not speak is not metered either.
    pub fn rest(&mut self) {
        self.meter.rest();
        self.score_db = 0.0;
    }
}
