//! How much may be decoded for levels alone.

use std::time::{Duration, Instant};

use crate::bucket::Bucket;

/// Decoding for meters, shared by all of a room's speakers: 16 streams' worth; beyond it packets are skipped
/// and a stream's last level stands.
#[derive(Debug)]
pub struct DecodeBudget(Bucket);

impl DecodeBudget {
    const COST: Duration = Duration::from_micros(20_000 / 16);

    #[must_use]
    pub fn new() -> Self {
        Self(Bucket::new(Duration::from_millis(100)))
    }

    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.0.take(now, Self::COST)
    }
}

impl Default for DecodeBudget {
    fn default() -> Self {
        Self::new()
    }
}
