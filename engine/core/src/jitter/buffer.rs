//! Packets put in order, held for the delay, and handed out with their gaps named.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::delay::Delay;
use super::stream::Stream;
use crate::opus::{FRAME_SAMPLES, MAX_PACKET_SAMPLES, PacketInfo};
use crate::room::AudioPacket;

/// Packets held at once, enough for frames of 5 ms; when full the oldest is dropped.
const CAPACITY: usize = 64;
/// Sound held at once, in samples: twice the longest delay; when more comes the oldest is dropped.
const MAX_HELD: i64 = 9_600;
/// So much missing sound is made up; then it is a pause.
const MAX_CONCEALED: i64 = 4_800;
/// So many packets too late in a row mean the network's delay has grown for good.
const MAX_LATE: u32 = 3;
/// libopus makes sound in steps of 2.5 ms.
const STEP: i64 = 120;

/// What the decoder is to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Decode this packet. `new_stream`: forget what came before.
    Play { payload: &'a [u8], new_stream: bool },
    /// `samples` were lost just before `next`, which may carry a copy of them.
    Recover { next: &'a [u8], samples: usize },
    /// Nothing has come: make `samples` up.
    Conceal { samples: usize },
    /// Nothing to play: a pause.
    Wait,
}

#[derive(Debug, Default)]
struct Held {
    ts: i64,
    samples: i64,
    arrived: Option<Instant>,
    pause: bool,
    new_stream: bool,
    payload: Vec<u8>,
}

impl Held {
    fn end(&self) -> i64 {
        self.ts + self.samples
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Collecting; playing begins when the first packet has waited long enough.
    Paused,
    /// `next` is the timestamp to play; `concealed` samples have been made up while waiting for it.
    Playing { next: i64, concealed: i64 },
}

/// One speaker's buffer.
#[derive(Debug)]
pub struct JitterBuffer {
    delay: Delay,
    stream: Option<Stream>,
    state: State,
    /// By timestamp, no two the same.
    held: VecDeque<Held>,
    /// Buffers to use again.
    spare: Vec<Held>,
    current: Held,
    late: u32,
}

impl JitterBuffer {
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            delay: Delay::new(now),
            stream: None,
            state: State::Paused,
            held: VecDeque::with_capacity(CAPACITY),
            spare: Vec::with_capacity(CAPACITY),
            current: Held::default(),
            late: 0,
        }
    }

    /// Takes a packet in; drops it when it is a duplicate or comes too late.
    pub fn insert(&mut self, now: Instant, packet: &AudioPacket<'_>, info: &PacketInfo) {
        let known = self
            .stream
            .as_mut()
            .and_then(|s| s.unwrap(now, packet.ssrc, packet.rtp_ts));
        let ts = known.unwrap_or_else(|| self.begin_stream(now, packet));
        self.delay.arrived(now, ts);
        let samples = info.samples as i64;
        if self.is_late(ts + samples) {
            return;
        }
        let index = self.held.partition_point(|held| held.ts < ts);
        if self.held.get(index).is_some_and(|held| held.ts == ts) {
            return;
        }
        let mut held = self.spare.pop().unwrap_or_default();
        held.payload.clear();
        held.payload.extend_from_slice(packet.payload);
        let (pause, new_stream) = (info.pause, known.is_none());
        held = Held {
            ts,
            samples,
            arrived: Some(now),
            pause,
            new_stream,
            ..held
        };
        self.held.insert(index, held);
        self.make_room();
    }

    /// The decoder's next step at `now`. Asked again until it has 20 ms of sound, or is told to wait.
    pub fn next(&mut self, now: Instant) -> Step<'_> {
        if self.is_ready(now) {
            let next = self.held.front().map_or(0, |held| held.ts);
            self.state = State::Playing { next, concealed: 0 };
        }
        let State::Playing { next, concealed } = self.state else {
            return Step::Wait;
        };
        match self.held.front().map(|held| held.ts - next - concealed) {
            None => self.starve(next, concealed),
            Some(gap) if gap < STEP => self.play(),
            Some(gap) if gap <= MAX_PACKET_SAMPLES as i64 => self.recover(gap / STEP * STEP),
            Some(_) => self.pause(),
        }
    }

    /// How much sound is held.
    #[must_use]
    pub fn depth(&self) -> Duration {
        let end = self.held.back().map(Held::end);
        let samples = match (self.state, self.held.front(), end) {
            (State::Playing { next, .. }, _, Some(end)) => end - next,
            (State::Paused, Some(front), Some(end)) => end - front.ts,
            (_, _, None) | (State::Paused, None, _) => 0,
        };
        Duration::from_micros(samples.max(0).cast_unsigned() * 1_000 / 48)
    }

    /// How long until all that is held has been played: the rest of the first packet's wait, and the sound.
    #[must_use]
    pub fn waits(&self, now: Instant) -> Duration {
        let first = self.held.front().and_then(|held| held.arrived);
        let rest = match (self.state, first) {
            (State::Paused, Some(at)) => (at + self.target()).saturating_duration_since(now),
            (State::Playing { .. }, _) | (State::Paused, None) => Duration::ZERO,
        };
        rest + self.depth()
    }

    /// How much sound should be held.
    #[must_use]
    pub fn target(&self) -> Duration {
        self.delay.target()
    }

    /// Whether there is something to play now.
    #[must_use]
    pub fn has_next(&self, now: Instant) -> bool {
        match self.state {
            State::Paused => self.is_ready(now),
            State::Playing { .. } => !self.held.is_empty(),
        }
    }

    /// What is held is played from now on, whether it has waited long enough or not.
    pub fn hurry(&mut self) {
        if let (State::Paused, Some(front)) = (self.state, self.held.front()) {
            let next = front.ts;
            self.state = State::Playing { next, concealed: 0 };
        }
    }

    /// Stays paused, keeping only what has come within the target: nobody is asking for the sound at present.
    pub fn idle(&mut self, now: Instant) {
        self.state = State::Paused;
        let target = self.target();
        let stale = |held: &Held| held.arrived.is_none_or(|arrived| arrived + target < now);
        while self.held.front().is_some_and(stale) {
            self.drop_front();
        }
    }

    fn is_ready(&self, now: Instant) -> bool {
        let waiting = self.held.front().and_then(|held| held.arrived);
        matches!(self.state, State::Paused) && waiting.is_some_and(|at| at + self.target() <= now)
    }

    fn begin_stream(&mut self, now: Instant, packet: &AudioPacket<'_>) -> i64 {
        self.spare.extend(self.held.drain(..));
        self.state = State::Paused;
        self.delay = Delay::new(now);
        self.late = 0;
        self.stream
            .insert(Stream::begin(now, packet.ssrc, packet.rtp_ts))
            .ts()
    }

    /// Whether sound that ends at `end` has had its turn. Several in a row: play later from now on.
    fn is_late(&mut self, end: i64) -> bool {
        let State::Playing { next, .. } = self.state else {
            return false;
        };
        if end > next {
            self.late = 0;
            return false;
        }
        self.late += 1;
        if self.late >= MAX_LATE && self.held.is_empty() {
            self.late = 0;
            self.state = State::Paused;
            return false;
        }
        true
    }

    /// A burst after a stall is cut down to what may be waited for: live sound does not lag behind for long.
    fn make_room(&mut self) {
        while self.held.len() > CAPACITY || self.excess() > 0 {
            self.drop_front();
            if let (State::Playing { next, concealed }, Some(front)) =
                (&mut self.state, self.held.front())
            {
                (*next, *concealed) = (front.ts.max(*next), 0);
            }
        }
    }

    /// Samples held beyond [`MAX_HELD`], the newest packet not counted.
    fn excess(&self) -> i64 {
        let (front, back) = (self.held.front(), self.held.back());
        front
            .zip(back)
            .map_or(0, |(front, back)| back.ts - front.ts - MAX_HELD)
    }

    fn drop_front(&mut self) {
        self.spare.extend(self.held.pop_front());
    }

    fn play(&mut self) -> Step<'_> {
        let Some(held) = self.held.pop_front() else {
            return Step::Wait;
        };
        self.state = State::Playing {
            next: held.end(),
            concealed: 0,
        };
        self.spare.push(std::mem::replace(&mut self.current, held));
        Step::Play {
            payload: &self.current.payload,
            new_stream: self.current.new_stream,
        }
    }

    fn recover(&mut self, gap: i64) -> Step<'_> {
        let Some(front) = self.held.front() else {
            return Step::Wait;
        };
        self.state = State::Playing {
            next: front.ts,
            concealed: 0,
        };
        Step::Recover {
            next: &front.payload,
            samples: gap.unsigned_abs() as usize,
        }
    }

    /// Nothing is held. The sender pauses, or the next packet is late: its place is kept for it a while.
    fn starve(&mut self, next: i64, concealed: i64) -> Step<'_> {
        if self.current.pause || concealed >= MAX_CONCEALED {
            return self.pause();
        }
        let samples = FRAME_SAMPLES;
        self.state = State::Playing {
            next,
            concealed: concealed + samples as i64,
        };
        Step::Conceal { samples }
    }

    fn pause(&mut self) -> Step<'_> {
        self.state = State::Paused;
        Step::Wait
    }
}

#[cfg(test)]
mod tests;
