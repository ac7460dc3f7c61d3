//! What reports and NACKs of an audience may cost: less than its audio, whatever it sends. What exceeds the budget is
//! dropped before it is decrypted. Only what is authentic is charged to it: anybody can write a listener's address.

use std::time::{Duration, Instant};

use super::peer::Side;
use super::{LinkKey, Shard};
use crate::bucket::Bucket;
use crate::rtcp;

/// A browser sends a report every second at most, and a NACK now and then.
const LISTENER_REPORTS_PER_S: u32 = 5;
/// Datagrams in its name that turn out to be another's: a quarter of what it costs to receive them. Who sends more
/// keeps the listener's own from being opened, and nobody else's.
const LISTENER_FAILURES_PER_S: u32 = 100;
/// As many packets as a listener of one line is sent in the first place.
const LISTENER_REPEATS_PER_S: u32 = 50;
/// What a room of any size is granted, and what each of its sessions adds in a second: a report in two seconds and one
/// packet again of the eight to fifty it is sent.
const ROOM_REPORTS_PER_S: u32 = 200;
const ROOM_REPEATS_PER_S: u32 = 500;

/// What is left to one listener, or to all of a room together.
#[derive(Debug)]
pub(super) struct Budget {
    reports: Bucket,
    repeats: Bucket,
    /// Only a listener's is used.
    failures: Bucket,
}

impl Budget {
    /// Of one listener: some seconds may come at once, as after a bad spell of its network.
    pub fn of_listener() -> Self {
        Self {
            reports: Bucket::new(Duration::from_secs(4)),
            repeats: Bucket::new(Duration::from_secs(1)),
            failures: Bucket::new(Duration::from_millis(500)),
        }
    }

    pub fn of_room() -> Self {
        Self {
            reports: Bucket::new(Duration::from_secs(1)),
            repeats: Bucket::new(Duration::from_millis(500)),
            failures: Bucket::new(Duration::ZERO),
        }
    }

    /// For a room of so many sessions: whether one more datagram of RTCP may be opened. When more than half of the
    /// budget is used reports are left out, so that NACKs still find a place.
    pub fn affords_report(
        &self,
        listener: &Self,
        now: Instant,
        sessions: usize,
        datagram: &[u8],
    ) -> bool {
        let half = Duration::from_millis(500);
        if rtcp::is_report(datagram) && self.reports.left(now) < half {
            return false;
        }
        listener.failures.left(now) >= one_of(LISTENER_FAILURES_PER_S)
            && listener.reports.left(now) >= one_of(LISTENER_REPORTS_PER_S)
            && self.reports.left(now) >= one_of(reports_per_s(sessions))
    }

    /// It was opened, and was authentic or not.
    pub fn charge_report(
        &mut self,
        listener: &mut Self,
        now: Instant,
        sessions: usize,
        authentic: bool,
    ) {
        if authentic {
            listener.reports.take(now, one_of(LISTENER_REPORTS_PER_S));
            self.reports.take(now, one_of(reports_per_s(sessions)));
        } else {
            listener.failures.take(now, one_of(LISTENER_FAILURES_PER_S));
        }
    }

    /// Whether one packet more may be sent again.
    pub fn affords_repeat(&mut self, listener: &mut Self, now: Instant, sessions: usize) -> bool {
        let rate = ROOM_REPEATS_PER_S.saturating_add(per_session(sessions));
        listener.repeats.take(now, one_of(LISTENER_REPEATS_PER_S))
            && self.repeats.take(now, one_of(rate))
    }
}

impl Shard {
    /// A datagram of RTCP was opened that came from where this link is, and was the link's own or not.
    pub(super) fn charge(&mut self, now: Instant, key: LinkKey, authentic: bool) {
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        if let (Side::Listener(_), Some(state)) = (&peer.side, self.rooms.get_mut(peer.room)) {
            state.charge_report(now, &mut peer.budget, authentic);
        }
    }
}

fn reports_per_s(sessions: usize) -> u32 {
    ROOM_REPORTS_PER_S.saturating_add(per_session(sessions) / 2)
}

fn per_session(sessions: usize) -> u32 {
    u32::try_from(sessions).unwrap_or(u32::MAX)
}

fn one_of(per_second: u32) -> Duration {
    Duration::from_secs(1) / per_second
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 1];
    const NACK: [u8; 8] = [0x81, 205, 0, 1, 0, 0, 0, 1];

    /// Opens an authentic datagram, if that can be afforded.
    fn opens(
        room: &mut Budget,
        listener: &mut Budget,
        now: Instant,
        sessions: usize,
        datagram: &[u8],
    ) -> bool {
        let affords = room.affords_report(listener, now, sessions, datagram);
        if affords {
            room.charge_report(listener, now, sessions, true);
        }
        affords
    }

    #[test]
    fn one_listener_cannot_use_up_what_its_room_has() {
        let start = Instant::now();
        let (mut room, mut greedy) = (Budget::of_room(), Budget::of_listener());
        let mut opened = 0;
        for ms in 0..10_000 {
            let now = start + Duration::from_millis(ms);
            opened += u32::from(opens(&mut room, &mut greedy, now, 100, &NACK));
        }
        assert!((50..=75).contains(&opened), "{opened}");
    }

    #[test]
    fn a_room_opens_so_much_a_second_and_nacks_before_reports() {
        let start = Instant::now();
        let mut room = Budget::of_room();
        let mut opened = [0, 0];
        for ms in 0..10_000 {
            let now = start + Duration::from_millis(ms);
            for (count, datagram) in opened.iter_mut().zip([REPORT, NACK]) {
                for _ in 0..10 {
                    let mut listener = Budget::of_listener();
                    let one = opens(&mut room, &mut listener, now, 20_000, &datagram);
                    *count += u32::from(one);
                }
            }
        }
        let [reports, nacks] = opened;
        assert!((90_000..115_000).contains(&(reports + nacks)), "{opened:?}");
        assert!(nacks > 90_000, "of 100,000 NACKs {nacks}");
    }

    #[test]
    fn what_others_send_in_its_name_leaves_a_listener_its_budget() {
        let start = Instant::now();
        let (mut room, mut listener) = (Budget::of_room(), Budget::of_listener());
        let mut opened = [0, 0];
        for ms in 0..10_000u64 {
            let now = start + Duration::from_millis(ms);
            // 90 forged ones a second, and four of its own.
            let authentic = ms % 250 == 0;
            if !authentic && ms % 11 != 0 {
                continue;
            }
            if room.affords_report(&listener, now, 100, &NACK) {
                room.charge_report(&mut listener, now, 100, authentic);
                opened[usize::from(authentic)] += 1;
            }
        }
        assert_eq!(opened[1], 40, "{opened:?}");
        let later = start + Duration::from_secs(20);
        let flood = (0..1_000).filter(|_| {
            let affords = room.affords_report(&listener, later, 100, &NACK);
            room.charge_report(&mut listener, later, 100, false);
            affords
        });
        assert_eq!(flood.count(), 50, "what they cost is bounded");
    }

    #[test]
    fn what_is_sent_again_is_bounded_by_listener_and_room() {
        let start = Instant::now();
        let (mut room, mut one) = (Budget::of_room(), Budget::of_listener());
        let alone = (0..1_000).filter(|_| room.affords_repeat(&mut one, start, 10));
        assert_eq!(alone.count(), 50);
        let mut room = Budget::of_room();
        let all =
            (0..100_000).filter(|_| room.affords_repeat(&mut Budget::of_listener(), start, 20_000));
        assert!((9_000..11_000).contains(&all.count()));
    }
}
