//! How much of what a listener is sent it loses, as far as it says: it asks for packets again, or reports them lost.

use std::time::{Duration, Instant};

use super::shelter::Shelter;
use crate::fanout::LINES;

/// More than one packet in so many is too much for packs, whose losses are heard for longer and repaired later.
const TOLERATED: u32 = 50;
/// It has to be so many lost packets more than that: one bad moment is none of a bad network.
const BEYOND: u32 = 3;
/// A network has become good when for so long, and over so many packets at least (ten seconds of one voice), …
const TRIAL: Duration = Duration::from_secs(60);
const TRIAL_PACKETS: u32 = 500;
/// … it lost at most one in so many: fewer than are tolerated, so that nobody goes to and fro.
const GOOD: u32 = 100;
/// Who is sent everything twice misses only what is lost both times: a hundredth of a hundredth, where one in a hundred
/// is lost. It takes more packets to see that.
const GOOD_OF_TWICE: u32 = GOOD * GOOD;
const TRIAL_PACKETS_OF_TWICE: u32 = 4 * TRIAL_PACKETS;

/// What one listener loses.
#[derive(Debug, Default)]
pub(super) struct Losses {
    asked: [Asked; LINES],
    asks: bool,
    /// The most that was ever reported lost of a line, in all.
    reported: [u32; LINES],
    /// What had been sent when somebody last looked.
    sent: u32,
    /// Lost packets beyond those that are tolerated, lately; in 1/[`TOLERATED`] of a packet.
    excess: u32,
    trial: Option<Trial>,
}

/// A listener that lost too much, while it is spared the packs.
#[derive(Debug)]
struct Trial {
    kind: Shelter,
    since: Instant,
    sent: u32,
    lost: u32,
}

/// Which of the last 64 numbers of a line were asked for: a browser asks until a packet comes.
#[derive(Debug, Default, Clone, Copy)]
struct Asked {
    /// Says nothing before the first.
    highest: u16,
    /// Bit n: `highest - n` was.
    seen: u64,
}

impl Losses {
    /// It asks for something again, whether that can be had or not.
    pub fn asks(&mut self) {
        self.asks = true;
    }

    /// A packet of a line was asked for again; how many it makes that were not known to be lost.
    pub fn asked(&mut self, line: usize, sequence: u16) -> u32 {
        let asked = self.asked.get_mut(line);
        asked.map_or(0, |asked| u32::from(asked.is_news(sequence)))
    }

    /// So many packets of a line are missing in all, by a report (RFC 3550 §6.4.1); what came after all is left out
    /// there. But for those that were never sent, how many more they are than ever before.
    pub fn reported(&mut self, line: usize, missing: i32, never_sent: u32) -> u32 {
        // Gaps that the report does not know of yet make it too few now, and right in the next one.
        let lost = u32::try_from(i64::from(missing) - i64::from(never_sent)).unwrap_or(0);
        self.reported.get_mut(line).map_or(0, |most| {
            let more = lost.saturating_sub(*most);
            *most += more;
            more
        })
    }

    /// `lost` packets more, of `sent` in all (modulo 2^32). True when it has become too much; of a listener that is
    /// spared the packs already, it is tried anew then.
    pub fn lose(&mut self, now: Instant, sent: u32, lost: u32) -> bool {
        let since = sent.wrapping_sub(std::mem::replace(&mut self.sent, sent));
        let limit = BEYOND * TOLERATED;
        // What is far beyond is forgotten as soon as what is just beyond.
        let lost_now = lost.saturating_mul(TOLERATED);
        self.excess = self.excess.saturating_sub(since).saturating_add(lost_now);
        self.excess = self.excess.min(2 * limit);
        let Some(trial) = &mut self.trial else {
            return self.excess > limit;
        };
        trial.lost = trial.lost.saturating_add(lost);
        if !trial.is_good(sent) {
            let kind = trial.kind;
            self.shelter(now, sent, kind);
        }
        false
    }

    /// What would help against its losses.
    pub fn remedy(&self) -> Shelter {
        if self.asks {
            Shelter::Slots
        } else {
            Shelter::Twice
        }
    }

    /// The listener is spared the packs from now on.
    pub fn shelter(&mut self, now: Instant, sent: u32, kind: Shelter) {
        self.excess = 0;
        self.trial = Some(Trial {
            kind,
            since: now,
            sent,
            lost: 0,
        });
    }

    /// What is done for it because it loses too much.
    pub fn sheltered(&self) -> Option<Shelter> {
        self.trial.as_ref().map(|trial| trial.kind)
    }

    /// Whether the network of a listener that is spared the packs has become good, of `sent` packets in all, and what
    /// was done for it. It no longer is then.
    pub fn has_recovered(&mut self, now: Instant, sent: u32) -> Option<Shelter> {
        let over = |trial: &mut Trial| {
            let enough = sent.wrapping_sub(trial.sent) >= trial.packets();
            enough && now.saturating_duration_since(trial.since) >= TRIAL
        };
        self.trial.take_if(over).map(|trial| trial.kind)
    }
}

impl Trial {
    /// So far, of `sent` packets in all. The first few are not much to go by.
    fn is_good(&self, sent: u32) -> bool {
        let packets = sent.wrapping_sub(self.sent).max(TRIAL_PACKETS);
        let good = match self.kind {
            Shelter::Slots => GOOD,
            Shelter::Twice => GOOD_OF_TWICE,
        };
        self.lost.saturating_mul(good) <= packets
    }

    /// So many have to be sent before it says something.
    fn packets(&self) -> u32 {
        match self.kind {
            Shelter::Slots => TRIAL_PACKETS,
            Shelter::Twice => TRIAL_PACKETS_OF_TWICE,
        }
    }
}

impl Asked {
    fn is_news(&mut self, sequence: u16) -> bool {
        let ahead = sequence.wrapping_sub(self.highest) as i16;
        let back = u32::from(ahead.unsigned_abs());
        if ahead > 0 || self.seen == 0 {
            self.seen = self.seen.checked_shl(back).unwrap_or(0) | 1;
        } else if back < u64::BITS {
            let bit = 1 << back;
            let news = self.seen & bit == 0;
            self.seen |= bit;
            return news;
        } else {
            // Only the last 64 packets are kept to be sent again: the numbers have gone round since.
            self.seen = 1;
        }
        self.highest = sequence;
        true
    }
}

#[cfg(test)]
mod tests;
