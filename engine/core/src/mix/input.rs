//! One speaker on the way into the mix.

use std::time::{Duration, Instant};

use crate::jitter::{JitterBuffer, Step};
use crate::level::Loudness;
use crate::opus::{Decoder, FRAME_SAMPLES, PacketInfo};
use crate::room::{AudioPacket, ParticipantKey};

/// Whoever has not been loud for this long is not decoded.
const ACTIVE: Duration = Duration::from_secs(2);
/// Whoever has not been loud for this long is not named as being heard: the hangover of the rings, and the delay.
const NAMED: Duration = Duration::from_millis(600);
/// Whoever has not sent for this long is forgotten.
const FORGET: Duration = Duration::from_secs(10);
/// Ticks over which the least depth is watched: half a second.
const WATCH_TICKS: u32 = 25;
/// The buffer may hold this much more than its target before a frame is left out.
const SLACK: Duration = Duration::from_millis(20);
/// With this much more even a loud frame is left out.
const EXCESS: Duration = Duration::from_millis(80);

/// A speaker's buffer, decoder, and decoded sound not yet mixed.
#[derive(Debug)]
pub(super) struct Input {
    pub who: ParticipantKey,
    pub csrc: u32,
    pub score_db: f32,
    buffer: JitterBuffer,
    decoder: Option<Decoder>,
    /// At most one frame and one packet.
    decoded: Vec<f32>,
    last_sent: Instant,
    last_loud: Option<Instant>,
    /// The least depth lately, and the ticks it was watched.
    least: (Duration, u32),
}

impl Input {
    pub fn new(now: Instant, who: ParticipantKey, csrc: u32) -> Self {
        Self {
            who,
            csrc,
            score_db: 0.0,
            buffer: JitterBuffer::new(now),
            decoder: None,
            decoded: Vec::new(),
            last_sent: now,
            last_loud: None,
            least: (Duration::MAX, 0),
        }
    }

    pub fn push(
        &mut self,
        now: Instant,
        packet: &AudioPacket<'_>,
        info: &PacketInfo,
        loudness: Loudness,
    ) {
        self.last_sent = now;
        if loudness.is_speech() {
            self.last_loud = Some(now);
        }
        self.buffer.insert(now, packet, info);
    }

    /// Whether it has been loud lately, so that it is worth decoding.
    pub fn is_active(&self, now: Instant) -> bool {
        self.was_loud_within(now, ACTIVE)
    }

    /// Whether a listener hears it speak at present.
    pub fn is_named(&self, now: Instant) -> bool {
        self.was_loud_within(now, NAMED)
    }

    fn was_loud_within(&self, now: Instant, time: Duration) -> bool {
        self.last_loud
            .is_some_and(|at| now.saturating_duration_since(at) < time)
    }

    /// How long until what it holds has been heard; zero when it holds nothing that will be.
    pub fn waits(&self, now: Instant) -> Duration {
        if !self.is_active(now) {
            return Duration::ZERO;
        }
        let decoded = Duration::from_micros(self.decoded.len() as u64 * 1_000 / 48);
        self.buffer.waits(now) + decoded
    }

    /// Whether it has something to play now.
    pub fn has_next(&self, now: Instant) -> bool {
        self.is_active(now) && (!self.decoded.is_empty() || self.buffer.has_next(now))
    }

    /// Plays what it holds without waiting for more.
    pub fn hurry(&mut self) {
        self.buffer.hurry();
    }

    pub fn is_forgotten(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last_sent) >= FORGET
    }

    /// Lets a tick go by unheard. What was decoded long ago is of no use to what comes next.
    pub fn idle(&mut self, now: Instant) {
        self.buffer.idle(now);
        self.decoded.clear();
        self.decoder = None;
    }

    /// Adds this tick's 20 ms to `sum`; false when there is nothing to add.
    pub fn add_to(&mut self, now: Instant, sum: &mut [f32; FRAME_SAMPLES]) -> bool {
        self.fill(now);
        if self.is_behind() {
            self.decoded.drain(..FRAME_SAMPLES.min(self.decoded.len()));
            self.fill(now);
        }
        let ready = self.decoded.len().min(FRAME_SAMPLES);
        sum.iter_mut()
            .zip(self.decoded.drain(..ready))
            .for_each(|(sum, sample)| *sum += sample);
        ready > 0
    }

    /// Decodes until there is a frame, or nothing more to play.
    fn fill(&mut self, now: Instant) {
        let decoder = self.decoder.get_or_insert_with(Decoder::new);
        while self.decoded.len() < FRAME_SAMPLES {
            let sound = match self.buffer.next(now) {
                Step::Play {
                    payload,
                    new_stream,
                } => {
                    if new_stream {
                        decoder.reset();
                    }
                    decoder.decode(payload)
                }
                Step::Recover { next, samples } => decoder.recover(next, samples),
                Step::Conceal { samples } => decoder.conceal(samples),
                Step::Wait => return,
            };
            // A packet libopus refuses is left out; its time is concealed as any other gap would be.
            self.decoded.extend_from_slice(sound.unwrap_or_default());
        }
    }

    /// Whether the frame at the front should be left out, because the sender's clock is fast or a burst came:
    /// better between words, but not for ever.
    fn is_behind(&mut self) -> bool {
        let (least, ticks) = self.least;
        self.least = (least.min(self.buffer.depth()), ticks + 1);
        let limit = self.buffer.target() + SLACK;
        if self.least.1 < WATCH_TICKS {
            return false;
        }
        let (least, _) = self.least;
        let frame = self.decoded.get(..FRAME_SAMPLES).unwrap_or_default();
        let behind = least > limit && (least > limit + EXCESS || !Loudness::of(frame).is_speech());
        if behind || least <= limit {
            self.least = (Duration::MAX, 0);
        }
        behind
    }
}
