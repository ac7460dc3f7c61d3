//! The RTP line of the mix: whose turn each tick is, and which frames there are for it.

mod packs;
mod silence;

use std::time::{Duration, Instant};

use super::history::{History, Place, Sound};
use super::{GroupIndex, PackSize, ParticipantKey, RoomSink};
use crate::mix::{MAX_MIXED, Mixed};
use crate::opus::{FRAME_SAMPLES, MAX_PACKED, samples_within};
use crate::random::SplitMix64;
use crate::rtp::{MAX_CSRCS, time_distance};

/// A frame may come so late, in samples, before it leaves a gap in the line's time where players make something up. Up to
/// then what is late is theirs to even out, as they do with forwarded sound.
pub(super) const LATE: i32 = 6 * FRAME_SAMPLES as i32;
/// So long after a turn all that was sent is past: the line is never so far ahead of the time. Half a day after it (2^31
/// samples) the difference of two RTP times would say the opposite.
const PAST: Duration = Duration::from_secs(1);
/// What a frame of the mix takes at its bitrate, and room for louder ones.
const USUAL_PACK: usize = MAX_PACKED * 128;
/// One frame, in RTP time.
const FRAME: u32 = FRAME_SAMPLES as u32;

/// The mix's RTP line. All groups share its SSRC and its time; each numbers its own packets.
#[derive(Debug)]
pub(super) struct MixLine {
    ssrc: u32,
    /// A moment, and the line's time then.
    origin: (Instant, u32),
    size: PackSize,
    /// The sequence number last given in each group.
    numbers: [u64; MAX_PACKED],
    history: History,
    /// Counted from [`MAX_PACKED`], so that every group has had a turn.
    tick: u64,
    /// Frames up to this tick are done with.
    since: u64,
    /// Ticks since the last one with sound.
    silent_ticks: u32,
    /// No frame to come has an earlier RTP time.
    next_ts: u32,
    /// The last turn.
    turned: Instant,
    /// Where a pack is made.
    payload: Vec<u8>,
    csrcs: Vec<u32>,
}

impl MixLine {
    pub fn new(ssrc: u32, now: Instant, random: &mut SplitMix64) -> Self {
        let origin = (now, random.draw_u32());
        // As in `Line::new`: no doubt about the roll-over counter.
        let number = u64::from(random.draw_u32() & 0x7fff);
        Self {
            ssrc,
            origin,
            size: PackSize::One,
            // No number is given in two groups: what was sent in one is never mistaken for what was sent in another.
            numbers: std::array::from_fn(|group| number + ((group as u64) << 48)),
            history: History::default(),
            tick: MAX_PACKED as u64,
            since: MAX_PACKED as u64,
            silent_ticks: MAX_PACKED as u32,
            next_ts: origin.1,
            turned: now,
            payload: Vec::with_capacity(USUAL_PACK),
            csrcs: Vec::with_capacity(MAX_CSRCS.max(MAX_MIXED)),
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub fn size(&self) -> PackSize {
        self.size
    }

    pub fn rtp_time(&self, now: Instant) -> u32 {
        let (start, rtp_ts) = self.origin;
        rtp_ts.wrapping_add(samples_within(now.saturating_duration_since(start)) as u32)
    }

    /// The moment nearest to `near` at which this RTP time has been reached.
    pub fn when(&self, rtp_ts: u32, near: Instant) -> Instant {
        let samples = time_distance(rtp_ts, self.rtp_time(near));
        let thirds_of_ns = u64::from(samples.unsigned_abs()) * 62_500;
        // Never too early: it would be waited for again.
        if samples > 0 {
            near + Duration::from_nanos(thirds_of_ns.div_ceil(3))
        } else {
            let ago = Duration::from_nanos(thirds_of_ns / 3);
            near.checked_sub(ago).unwrap_or(near)
        }
    }

    /// Whether everything that was said has gone to every group.
    pub fn is_at_rest(&self) -> bool {
        self.silent_ticks as usize >= self.size.frames()
    }

    /// While the mix is silent: ticks that may go by until one sends something.
    pub fn idle_ticks(&self) -> u32 {
        if self.is_at_rest() {
            silence::idle(self.silent_ticks.wrapping_add(1), self.groups())
        } else {
            0
        }
    }

    /// Somebody listens again, or nobody any more: what was said before is of no interest.
    pub fn begin(&mut self, now: Instant) {
        (self.since, self.silent_ticks) = (self.tick, MAX_PACKED as u32);
        if now.saturating_duration_since(self.turned) > PAST {
            self.next_ts = self.rtp_time(now);
        }
    }

    /// What comes next, if it follows what was last.
    pub fn next(&self) -> Place {
        let (tick, rtp_ts) = (self.tick + 1, self.next_ts);
        Place { tick, rtp_ts }
    }

    /// The same, but not before the time that it is.
    pub fn next_at(&self, at: Instant) -> Place {
        let (next, clock) = (self.next(), self.rtp_time(at));
        let is_past = time_distance(clock, next.rtp_ts) > 0;
        let rtp_ts = if is_past { clock } else { next.rtp_ts };
        Place { rtp_ts, ..next }
    }

    /// Takes the mixer's next frame, and sends what is due to the group whose turn it is, which is returned.
    pub fn send(&mut self, at: Instant, mixed: &Mixed<'_>, out: &mut impl RoomSink) -> GroupIndex {
        if mixed.sound {
            self.wait_at(at);
        }
        let next = self.next_at(at);
        if mixed.sound {
            let (payload, csrcs) = (mixed.payload, mixed.csrcs);
            let voice = None;
            self.keep(
                next,
                &Sound {
                    payload,
                    csrcs,
                    voice,
                },
            );
        }
        self.turn(at, next.rtp_ts, out)
    }

    /// Sound that follows on sound may be [`LATE`]: the line's time waits for it.
    fn wait_at(&mut self, at: Instant) {
        let late = time_distance(self.rtp_time(at), self.next_ts);
        if self.silent_ticks == 0 && (0..=LATE).contains(&late) {
            self.origin.1 = self.origin.1.wrapping_sub(late.unsigned_abs());
        }
    }

    /// Keeps a frame for the turns to come, the next one of them or, for one that is late, those that are left.
    pub fn keep(&mut self, place: Place, sound: &Sound<'_>) {
        if place.tick > self.tick {
            self.history.keep(place, self.silent_ticks > 0, sound);
            self.next_ts = place.rtp_ts.wrapping_add(FRAME);
        } else if self.is_missing(place.tick) {
            self.history.keep(place, false, sound);
            let since = (self.tick - place.tick) as u32;
            self.silent_ticks = self.silent_ticks.min(since);
        }
    }

    /// Whether nothing has come for a tick, and some group's turn for it is still to come.
    fn is_missing(&self, tick: u64) -> bool {
        let passed = tick <= self.since || tick + self.size.frames() as u64 <= self.tick + 1;
        !passed && !self.is_at_rest() && self.history.at(tick).is_none()
    }

    /// The next tick, with what was kept for it or with nothing: the turn of the group that is returned.
    pub fn turn(&mut self, at: Instant, silence_ts: u32, out: &mut impl RoomSink) -> GroupIndex {
        self.tick += 1;
        self.turned = at;
        let sound = self.history.at(self.tick).is_some();
        self.silent_ticks = if sound {
            0
        } else {
            self.silent_ticks.wrapping_add(1)
        };
        let group = self.group_at(self.tick);
        self.serve(group, out);
        if self.is_at_rest() && silence::has_packet(self.silent_ticks, self.groups()) {
            self.next_ts = silence_ts.wrapping_add(FRAME);
            self.send_silence(group, silence_ts, out);
        }
        group
    }

    /// The next tick of a voice, for which nothing has come.
    pub fn pass(&mut self, at: Instant, next: Place, out: &mut impl RoomSink) -> GroupIndex {
        self.next_ts = next.rtp_ts.wrapping_add(FRAME);
        self.turn(at, next.rtp_ts, out)
    }

    /// Whether nothing but `who`'s own frames is left to send.
    pub fn has_only(&self, who: ParticipantKey) -> bool {
        let oldest = (self.tick + 2).saturating_sub(self.size.frames() as u64);
        (oldest..=self.tick)
            .filter_map(|tick| self.history.at(tick))
            .all(|frame| frame.voice == Some(who))
    }

    /// Nothing of what is `who`'s own is sent any more.
    pub fn forget(&mut self, who: ParticipantKey) {
        self.history.forget(who);
    }

    fn groups(&self) -> u32 {
        self.size.frames() as u32
    }

    fn group_at(&self, tick: u64) -> GroupIndex {
        // Less than MAX_PACKED.
        GroupIndex((tick % self.size.frames() as u64) as u8)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_moment_of_an_rtp_time_is_when_the_clock_has_just_come_to_it(
            seed: u64, near_us in 1_000_000u64..100_000_000_000, away in -40_000i32..40_000,
        ) {
            #[expect(clippy::disallowed_methods, reason = "an Instant can be had from the clock only")]
            let start = Instant::now();
            let line = MixLine::new(1, start, &mut SplitMix64::new(seed));
            let near = start + Duration::from_micros(near_us);
            let rtp_ts = line.rtp_time(near).wrapping_add_signed(away);
            let clock = line.rtp_time(line.when(rtp_ts, near));
            prop_assert!((0..=1).contains(&time_distance(clock, rtp_ts)));
        }
    }
}
