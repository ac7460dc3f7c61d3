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
mod tests {
    use super::*;

    const LOUD: Loudness = Loudness::SPEECH;

    fn bid(who: u32, score_db: f32) -> Bid {
        Bid {
            who: ParticipantKey(who),
            loudness: LOUD,
            score_db,
        }
    }

    fn quiet(who: u32) -> Bid {
        Bid {
            who: ParticipantKey(who),
            loudness: Loudness::SILENCE,
            score_db: 0.0,
        }
    }

    fn fresh(slot: u8) -> Option<Seat> {
        Some(Seat {
            slot: SlotIndex(slot),
            fresh: true,
        })
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_first_loud_packet_gets_a_free_slot() {
        let (mut seats, now) = (Seats::default(), Instant::now());
        assert_eq!(seats.bid(now, quiet(1)), None);
        assert_eq!(seats.bid(now, bid(1, 75.0)), fresh(0));
        assert_eq!(seats.bid(now, bid(2, 75.0)), fresh(1));
        assert_eq!(seats.bid(now, bid(3, 75.0)), fresh(2));
    }

    #[test]
    fn a_fourth_voice_waits_for_a_pause_and_then_is_heard_at_once() {
        let (mut seats, now) = (Seats::default(), Instant::now());
        for who in 1..=3 {
            seats.bid(now, bid(who, 90.0));
        }
        assert_eq!(seats.bid(now + ms(20), bid(4, 92.0)), None);
        let later = now + ms(310);
        seats.bid(later, bid(1, 90.0));
        seats.bid(later, bid(3, 90.0));
        assert_eq!(seats.bid(later, bid(4, 75.0)), fresh(1));
    }

    #[test]
    fn a_voice_a_little_louder_never_takes_a_slot_in_mid_word() {
        let (mut seats, now) = (Seats::default(), Instant::now());
        for step in 0..200 {
            let at = now + ms(20 * step);
            for who in 1..=3 {
                assert!(seats.bid(at, bid(who, 90.0)).is_some());
            }
            assert_eq!(seats.bid(at, bid(4, 95.0)), None);
        }
    }

    #[test]
    fn a_much_louder_voice_takes_the_softest_slot_after_its_tenure() {
        let (mut seats, now) = (Seats::default(), Instant::now());
        for (who, score) in [(1, 90.0), (2, 80.0), (3, 90.0)] {
            seats.bid(now, bid(who, score));
        }
        assert_eq!(
            seats.bid(now + ms(100), bid(4, 100.0)),
            None,
            "still within the tenure"
        );
        let later = now + TENURE;
        for (who, score) in [(1, 90.0), (2, 80.0), (3, 90.0)] {
            seats.bid(later, bid(who, score));
        }
        assert_eq!(seats.bid(later, bid(4, 100.0)), fresh(1));
        assert_eq!(
            seats.bid(later, bid(2, 80.0)),
            None,
            "who lost it does not flutter back"
        );
    }

    #[test]
    fn a_silent_holder_is_no_longer_forwarded_after_the_release() {
        let (mut seats, now) = (Seats::default(), Instant::now());
        seats.bid(now, bid(1, 90.0));
        assert!(seats.bid(now + ms(1_900), quiet(1)).is_some());
        assert_eq!(seats.bid(now + RELEASE, quiet(1)), None);
    }
}
