//! One slot's RTP line: its SSRC, sequence and timestamps are the server's, whoever speaks.

use std::time::{Duration, Instant};

use crate::opus::{SAMPLE_RATE, samples_within};
use crate::random::SplitMix64;
use crate::room::AudioPacket;
use crate::rtp::time_distance;

/// A jump of the sender's sequence number beyond this is a new stream, not a loss.
const MAX_GAP: u16 = 100;
/// How far back a late packet may still fill its gap: the bits of `Tenure::sent`.
const LATE: u16 = 64;
/// A sender's clock may be this far from the line's, in samples, before it is set anew.
const MAX_SKEW: i32 = SAMPLE_RATE as i32;
/// A line is never this far ahead of the time, in samples: who sends faster is not forwarded.
const MAX_AHEAD: i32 = 2 * SAMPLE_RATE as i32;
/// So long after a packet its end is past, however far ahead of the time it was. Half a day after it (2^31 samples) the
/// difference of two timestamps would say the opposite.
const PAST: Duration = Duration::from_secs(5);

/// Where a packet goes on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Never given twice.
    pub seq: u64,
    pub rtp_ts: u32,
    pub marker: bool,
}

/// How one sender's numbers become the line's.
#[derive(Debug)]
struct Tenure {
    ssrc: u32,
    first: u64,
    highest_in: u16,
    ts_offset: u32,
    /// Bit n: the packet n before the highest has been sent.
    sent: u64,
}

/// The numbers of one outgoing stream.
#[derive(Debug)]
pub struct Line {
    ssrc: u32,
    origin: (Instant, u32),
    /// The highest sequence number given.
    highest: u64,
    last_ts: u32,
    last_samples: u32,
    last_at: Instant,
    tenure: Option<Tenure>,
}

impl Line {
    /// A line that starts at `now` with numbers drawn from `random`.
    #[must_use]
    pub fn new(ssrc: u32, now: Instant, random: &mut SplitMix64) -> Self {
        let rtp_ts = random.draw_u32();
        // RFC 3711 §3.3.1: a first number in the lower half leaves no doubt about the roll-over counter.
        let highest = u64::from(random.draw_u32() & 0x7fff);
        Self {
            ssrc,
            origin: (now, rtp_ts),
            highest,
            last_ts: rtp_ts,
            last_samples: 0,
            last_at: now,
            tenure: None,
        }
    }

    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The RTP time of `now`, going on from the last packet: what a sender report says (RFC 3550 §6.4.1).
    #[must_use]
    pub fn rtp_time(&self, now: Instant) -> u32 {
        self.last_ts
            .wrapping_add(samples(now.saturating_duration_since(self.last_at)))
    }

    /// Ends the present speaker's tenure: the next packet is somebody else's.
    pub fn vacate(&mut self) {
        self.tenure = None;
    }

    /// The place of a packet of `duration` samples. None when it is a duplicate, too late, or too far ahead of time.
    pub fn place(
        &mut self,
        now: Instant,
        packet: &AudioPacket<'_>,
        duration: u32,
    ) -> Option<Placed> {
        let known = self
            .tenure
            .as_ref()
            .filter(|tenure| tenure.ssrc == packet.ssrc);
        let step = known.map(|tenure| packet.seq.wrapping_sub(tenure.highest_in));
        match step {
            Some(0) => None,
            Some(step @ 1..=MAX_GAP) => self.next(now, packet, step, duration),
            Some(step) if step > u16::MAX - LATE => self.late(packet, step.wrapping_neg()),
            Some(_) | None => self.begin(now, packet, duration),
        }
    }

    /// A new speaker, or a new stream of the same: goes on where the line is, at the time it is.
    fn begin(&mut self, now: Instant, packet: &AudioPacket<'_>, duration: u32) -> Option<Placed> {
        let rtp_ts = self.anchor(now)?;
        let seq = self.highest + 1;
        self.tenure = Some(Tenure {
            ssrc: packet.ssrc,
            first: seq,
            highest_in: packet.seq,
            ts_offset: rtp_ts.wrapping_sub(packet.rtp_ts),
            sent: 1,
        });
        Some(self.advance(
            now,
            Placed {
                seq,
                rtp_ts,
                marker: true,
            },
            duration,
        ))
    }

    fn next(
        &mut self,
        now: Instant,
        packet: &AudioPacket<'_>,
        step: u16,
        duration: u32,
    ) -> Option<Placed> {
        let anchor = self.anchor(now);
        let clock = self.clock(now);
        let (last_ts, is_past) = (self.last_ts, self.is_past(now));
        let tenure = self.tenure.as_mut()?;
        let mut rtp_ts = packet.rtp_ts.wrapping_add(tenure.ts_offset);
        let steady = (is_past || time_distance(rtp_ts, last_ts) > 0)
            && time_distance(rtp_ts, clock).abs() <= MAX_SKEW;
        if !steady {
            rtp_ts = anchor?;
            tenure.ts_offset = rtp_ts.wrapping_sub(packet.rtp_ts);
        }
        tenure.highest_in = packet.seq;
        tenure.sent = tenure.sent.checked_shl(u32::from(step)).unwrap_or(0) | 1;
        let seq = self.highest + u64::from(step);
        Some(self.advance(
            now,
            Placed {
                seq,
                rtp_ts,
                marker: packet.marker || !steady,
            },
            duration,
        ))
    }

    /// A packet that comes `back` numbers after its turn: into its own gap, once.
    fn late(&mut self, packet: &AudioPacket<'_>, back: u16) -> Option<Placed> {
        let tenure = self.tenure.as_mut()?;
        let seq = self
            .highest
            .checked_sub(u64::from(back))
            .filter(|seq| *seq >= tenure.first)?;
        let bit = 1u64.checked_shl(u32::from(back))?;
        let rtp_ts = packet.rtp_ts.wrapping_add(tenure.ts_offset);
        let before = (1..=MAX_SKEW).contains(&time_distance(self.last_ts, rtp_ts));
        if tenure.sent & bit != 0 || !before {
            return None;
        }
        tenure.sent |= bit;
        Some(Placed {
            seq,
            rtp_ts,
            marker: false,
        })
    }

    fn advance(&mut self, now: Instant, placed: Placed, duration: u32) -> Placed {
        self.highest = placed.seq;
        (self.last_ts, self.last_samples, self.last_at) = (placed.rtp_ts, duration, now);
        placed
    }

    /// The line's own time: it goes on whether or not anybody speaks.
    fn clock(&self, now: Instant) -> u32 {
        let (start, rtp_ts) = self.origin;
        rtp_ts.wrapping_add(samples(now.saturating_duration_since(start)))
    }

    /// The timestamp for a stream that starts now: the line's time, but after what has been sent.
    fn anchor(&self, now: Instant) -> Option<u32> {
        let clock = self.clock(now);
        if self.is_past(now) {
            return Some(clock);
        }
        let after = self.last_ts.wrapping_add(self.last_samples);
        let ahead = time_distance(after, clock);
        (ahead <= MAX_AHEAD).then_some(if ahead > 0 { after } else { clock })
    }

    /// Whether the last packet was so long ago that every timestamp near the clock is after it.
    fn is_past(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last_at) > PAST
    }
}

/// The RTP clock wraps around at 32 bits by design (RFC 3550 §5.1).
fn samples(elapsed: Duration) -> u32 {
    samples_within(elapsed) as u32
}

#[cfg(test)]
mod tests;
