//! A budget that refills with time.

use std::time::{Duration, Instant};

/// A token bucket that counts in time (the generic cell rate algorithm, ITU-T I.371): each taking costs a
/// duration, one second of budget comes back each second, and at most `burst` is saved up.
#[derive(Debug, Clone)]
pub struct Bucket {
    burst: Duration,
    /// When the bucket will be full again; in the past when it is.
    full_at: Option<Instant>,
}

impl Bucket {
    #[must_use]
    pub fn new(burst: Duration) -> Self {
        Self {
            burst,
            full_at: None,
        }
    }

    /// What may be taken at once.
    pub fn left(&self, now: Instant) -> Duration {
        let owed = self.full_at.map(|at| at.saturating_duration_since(now));
        self.burst.saturating_sub(owed.unwrap_or_default())
    }

    /// Takes `cost` if that much is left; says whether it was.
    pub fn take(&mut self, now: Instant, cost: Duration) -> bool {
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + cost;
        let enough = full_at - now <= self.burst;
        if enough {
            self.full_at = Some(full_at);
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_budget_comes_back_each_second() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Duration::from_millis(100));
        let taken = (0..1_000).filter(|ms| {
            bucket.take(
                start + Duration::from_millis(*ms),
                Duration::from_millis(10),
            )
        });
        assert_eq!(taken.count(), 109);
    }
}
