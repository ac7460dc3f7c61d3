//! One speaker's meter: a claim is believed only as long as spot checks agree with it.

use std::time::{Duration, Instant};

use super::{DecodeBudget, Loudness};
use crate::opus::Decoder;
use crate::random::SplitMix64;

/// Speech has its energy below 8 kHz, and a decoder at 16 kHz costs a third of one at 48 kHz.
const METER_RATE: u32 = 16_000;
/// A decoder that starts in the middle of a stream needs some packets before its output is right.
const WARM_UP: u32 = 3;
/// Packets compared in one spot check.
const CHECK_PACKETS: u32 = 10;
/// A claim may be this much above what decoding says; encoders and full-band noise account for some of it.
const TOLERANCE_DB: f32 = 10.0;
/// So far behind the newest one decoded a packet is late. Further back is further on: while somebody is silent nothing is
/// decoded, and half of all numbers may go by.
const MAX_LATE: i16 = 100;
/// A spot check comes at a moment the sender cannot know, within this after the last one.
const CHECK_WITHIN: Duration = Duration::from_secs(3);

/// One packet to be metered.
#[derive(Debug, Clone, Copy)]
pub struct Metered<'a> {
    pub ssrc: u32,
    pub seq: u16,
    /// RFC 6464, as the sender claims it.
    pub claimed_level: Option<u8>,
    /// A sender's pause: no need to decode it.
    pub pause: bool,
    pub payload: &'a [u8],
}

/// How far a sender's claims are believed.
#[derive(Debug)]
enum Trust {
    /// Being compared with what decoding says.
    Checking(Check),
    Believed {
        until: Instant,
    },
    /// Caught claiming too much: only decoding counts, as long as the participant stays.
    Lost,
}

#[derive(Debug, Default)]
struct Check {
    packets: u32,
    claimed_db: f32,
    measured_db: f32,
}

/// The loudness of one participant's packets.
#[derive(Debug)]
pub struct Meter {
    trust: Trust,
    random: SplitMix64,
    decoder: Option<Decoder>,
    decoded: u32,
    /// SSRC and sequence number of the newest packet decoded.
    newest: Option<(u32, u16)>,
    last: Loudness,
}

impl Meter {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            trust: Trust::Checking(Check::default()),
            random: SplitMix64::new(seed),
            decoder: None,
            decoded: 0,
            newest: None,
            last: Loudness::SILENCE,
        }
    }

    /// The loudness of the next packet: the claim while it is believed, else what decoding says. A claim is never
    /// taken for less than it says: whoever claims silence gets it without a decode.
    pub fn read(
        &mut self,
        now: Instant,
        packet: Metered<'_>,
        budget: &mut DecodeBudget,
    ) -> Loudness {
        let claim = packet.claimed_level.map(Loudness::from_claim);
        self.last = match claim {
            _ if packet.pause => Loudness::SILENCE,
            Some(quiet) if !quiet.is_speech() => quiet,
            Some(claim) if self.believes(now) => claim,
            Some(claim) => self.check(now, claim, packet, budget),
            None => self.measure(now, packet, budget).unwrap_or(self.last),
        };
        self.last
    }

    /// Frees the decoder; what is known of the sender's honesty stays.
    pub fn rest(&mut self) {
        self.decoder = None;
        self.decoded = 0;
        self.newest = None;
        self.last = Loudness::SILENCE;
    }

    fn believes(&mut self, now: Instant) -> bool {
        match self.trust {
            Trust::Believed { until } if now < until => true,
            Trust::Believed { .. } => {
                self.decoded = 0;
                self.trust = Trust::Checking(Check::default());
                false
            }
            Trust::Checking(_) | Trust::Lost => false,
        }
    }

    fn check(
        &mut self,
        now: Instant,
        claim: Loudness,
        packet: Metered<'_>,
        budget: &mut DecodeBudget,
    ) -> Loudness {
        let measured = self.measure(now, packet, budget);
        let warm = self.decoded > WARM_UP;
        match (&mut self.trust, measured) {
            (Trust::Lost, measured) => measured.unwrap_or(self.last).min(claim),
            (Trust::Checking(check), Some(measured)) if warm => {
                check.add(claim, measured);
                if check.packets >= CHECK_PACKETS {
                    self.trust = self.verdict(now);
                }
                measured.min(claim)
            }
            // Who sends behind what has been decoded, or beyond the budget, gains nothing by it.
            (Trust::Checking(_), None) if warm => self.last.min(claim),
            (Trust::Checking(_) | Trust::Believed { .. }, _) => claim,
        }
    }

    fn verdict(&mut self, now: Instant) -> Trust {
        match &self.trust {
            Trust::Checking(check) if check.is_lie() => Trust::Lost,
            Trust::Checking(_) | Trust::Believed { .. } => {
                let share = self.random.draw_u32() % 1_000;
                Trust::Believed {
                    until: now + CHECK_WITHIN * share / 1_000,
                }
            }
            Trust::Lost => Trust::Lost,
        }
    }

    /// None when the packet is out of order, malformed, or beyond the room's budget.
    fn measure(
        &mut self,
        now: Instant,
        packet: Metered<'_>,
        budget: &mut DecodeBudget,
    ) -> Option<Loudness> {
        if self.is_late(&packet) || !budget.take(now) {
            return None;
        }
        self.newest = Some((packet.ssrc, packet.seq));
        self.decoded += 1;
        let decoder = self
            .decoder
            .get_or_insert_with(|| Decoder::at_rate(METER_RATE));
        decoder.decode(packet.payload).ok().map(Loudness::of)
    }

    /// Whether a newer packet of the same stream has been decoded: the decoder cannot go back.
    fn is_late(&self, packet: &Metered<'_>) -> bool {
        self.newest.is_some_and(|(ssrc, seq)| {
            let ahead = packet.seq.wrapping_sub(seq).cast_signed();
            ssrc == packet.ssrc && (-MAX_LATE..=0).contains(&ahead)
        })
    }
}

impl Check {
    fn add(&mut self, claimed: Loudness, measured: Loudness) {
        self.packets += 1;
        self.claimed_db += claimed.db();
        self.measured_db += measured.db();
    }

    fn is_lie(&self) -> bool {
        self.claimed_db > self.measured_db + TOLERANCE_DB * self.packets as f32
    }
}

#[cfg(test)]
mod tests;
