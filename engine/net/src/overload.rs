//! Whether a media thread keeps up. One that is late with most of what it does has no room for another listener,
//! whatever the configuration says.

use std::time::{Duration, Instant};

/// Judged over so long: a moment's hitch refuses nobody.
const WINDOW: Duration = Duration::from_secs(2);
/// Fewer deadlines in that time say nothing.
const ENOUGH: u32 = 20;

#[derive(Debug)]
pub(crate) struct Overload {
    late_after: Option<Duration>,
    since: Instant,
    served: u32,
    late: u32,
    is_over: bool,
}

impl Overload {
    /// What is served more than `late_after` after its time is late; nothing is with None.
    pub fn new(now: Instant, late_after: Option<Duration>) -> Self {
        Self {
            late_after,
            since: now,
            served: 0,
            late: 0,
            is_over: false,
        }
    }

    /// A deadline was served so much after its time.
    pub fn served(&mut self, now: Instant, late: Duration) {
        self.served += 1;
        self.late += u32::from(self.late_after.is_some_and(|after| late > after));
        if now.saturating_duration_since(self.since) >= WINDOW {
            let is_over = self.served >= ENOUGH && self.late * 2 > self.served;
            *self = Self {
                is_over,
                ..Self::new(now, self.late_after)
            };
        }
    }

    /// What more than half of the deadlines were late by lately, or by more; None when they were not.
    pub fn late(&self, now: Instant) -> Option<Duration> {
        let is_over = self.is_over && now.saturating_duration_since(self.since) < 2 * WINDOW;
        self.late_after.filter(|_| is_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After `seconds` of deadlines, one each 20 ms, served so late.
    fn after(overload: &mut Overload, now: &mut Instant, seconds: u64, late_ms: u64) -> bool {
        for _ in 0..seconds * 50 {
            *now += Duration::from_millis(20);
            overload.served(*now, Duration::from_millis(late_ms));
        }
        overload.late(*now).is_some()
    }

    #[test]
    fn a_thread_that_is_late_for_seconds_is_full_until_it_keeps_up_or_sleeps() {
        let mut now = Instant::now();
        let mut overload = Overload::new(now, Some(Duration::from_millis(20)));
        assert!(!after(&mut overload, &mut now, 5, 19));
        assert!(!after(&mut overload, &mut now, 1, 60), "a hitch");
        assert!(!after(&mut overload, &mut now, 5, 1));
        assert!(after(&mut overload, &mut now, 5, 60));
        assert!(!after(&mut overload, &mut now, 5, 1));
        assert!(after(&mut overload, &mut now, 5, 60));
        assert_eq!(overload.late(now + Duration::from_secs(5)), None, "idle");
        let mut never = Overload::new(now, None);
        assert!(!after(&mut never, &mut now, 5, 60));
    }
}
