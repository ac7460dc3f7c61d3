//! Which participant holds which slot.

use std::time::{Duration, Instant};

use crate::level::Loudness;
use crate::room::{ParticipantKey, SLOTS, SlotIndex};

/// A holder that has not been loud for this long may be replaced by anybody loud: a pause between two words.
const HOLD: Duration = Duration::from_millis(300);
/// A holder that has not been loud for this long is no longer forwarded.
const RELEASE: Duration = Duration::from_secs(2);
/// A holder in mid-word keeps its slot at least this long...
const TENURE: Duration = Duration::from_secs(1);
/// ...and then yields only to somebody louder by this much.
const MARGIN_DB: f32 = 6.0;

/// A slot given to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    pub slot: SlotIndex,
    /// The participant did not hold it before: a tenure begins.
    pub fresh: bool,
}

/// One packet's wish to be forwarded.
#[derive(Debug, Clone, Copy)]
pub struct Bid {
    pub who: ParticipantKey,
    /// Of this packet.
    pub loudness: Loudness,
    /// Of the last tenths of a second, in decibels above −127 dBov.
    pub score_db: f32,
}

#[derive(Debug, Clone, Copy)]
struct Holder {
    who: ParticipantKey,
    since: Instant,
    last_loud: Instant,
    score_db: f32,
}

impl Holder {
    fn quiet_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_loud)
    }

    fn yields_to(&self, bid: &Bid, now: Instant) -> bool {
        let in_pause = self.quiet_for(now) >= HOLD;
        let settled = now.saturating_duration_since(self.since) >= TENURE;
        in_pause || (settled && bid.score_db > self.score_db + MARGIN_DB)
    }
}

/// The holders of a room's slots.
#[derive(Debug, Default)]
pub struct Seats {
    holders: [Option<Holder>; SLOTS],
}

impl Seats {
    /// The slot this packet goes out in, if any. The first loud packet of a new speaker already gets one when a
    /// slot is free or its holder is in a pause.
    pub fn bid(&mut self, now: Instant, bid: Bid) -> Option<Seat> {
        match self.position(bid.who) {
            Some(index) => self.renew(index, now, bid),
            None if bid.loudness.is_speech() => self.take(now, bid),
            None => None,
        }
    }

    /// The slot of `who` is free again.
    pub fn vacate(&mut self, who: ParticipantKey) {
        if let Some(seat) = self
            .position(who)
            .and_then(|index| self.holders.get_mut(index))
        {
            *seat = None;
        }
    }

    fn position(&self, who: ParticipantKey) -> Option<usize> {
        self.holders
            .iter()
            .position(|seat| seat.is_some_and(|holder| holder.who == who))
    }

    fn renew(&mut self, index: usize, now: Instant, bid: Bid) -> Option<Seat> {
        let seat = self.holders.get_mut(index)?;
        let holder = seat.as_mut()?;
        holder.score_db = bid.score_db;
        if bid.loudness.is_speech() {
            holder.last_loud = now;
        } else if holder.quiet_for(now) >= RELEASE {
            *seat = None;
            return None;
        }
        Some(seat_at(index, false))
    }

    fn take(&mut self, now: Instant, bid: Bid) -> Option<Seat> {
        let index = self.cheapest(now);
        let seat = self.holders.get_mut(index)?;
        if seat.is_some_and(|holder| !holder.yields_to(&bid, now)) {
            return None;
        }
        *seat = Some(Holder {
            who: bid.who,
            since: now,
            last_loud: now,
            score_db: bid.score_db,
        });
        Some(seat_at(index, true))
    }

    /// The seat to ask for: a free one, else the one that has been quiet longest, else the softest.
    fn cheapest(&self, now: Instant) -> usize {
        let price = |seat: &Option<Holder>| {
            seat.map_or((0, 0.0), |holder| {
                let quiet = holder.quiet_for(now);
                if quiet >= HOLD {
                    (1, -quiet.as_secs_f32())
                } else {
                    (2, holder.score_db)
                }
            })
        };
        let prices = self.holders.iter().map(price).enumerate();
        let order = |a: &(u8, f32), b: &(u8, f32)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
        prices
            .min_by(|a, b| order(&a.1, &b.1))
            .map_or(0, |(index, _)| index)
    }
}

fn seat_at(index: usize, fresh: bool) -> Seat {
    Seat {
        slot: SlotIndex(u8::try_from(index).unwrap_or(u8::MAX)),
        fresh,
    }
}

#[cfg(test)]
mod tests;
