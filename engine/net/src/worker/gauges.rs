//! What a shard's thread shows of itself in the metrics.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Worker;
use crate::cpu;

/// Listeners are counted so often: it takes a look at every room.
const CENSUS_EVERY: Duration = Duration::from_secs(1);

impl Worker {
    pub(super) fn count(&mut self) {
        let (batch, shard) = (&self.outlet.batch, self.shard.counts());
        let (waiting, dropped) = self.shard.handshakes();
        let counters = &self.counters;
        for (counter, value) in [
            (&counters.sent, batch.sent),
            (&counters.dropped_full, batch.dropped_full),
            (&counters.dropped_unreachable, batch.dropped_unreachable),
            (&counters.reports_ignored, shard.reports_ignored),
            (&counters.repeated, shard.repeated),
            (&counters.repeats_refused, shard.repeats_refused),
            (&counters.stale, shard.stale),
            (&counters.links, self.shard.links() as u64),
            (&counters.rooms, self.shard.rooms() as u64),
            (&counters.half_open, self.shard.half_open() as u64),
            (&counters.handshakes_waiting, waiting as u64),
            (&counters.handshakes_dropped, dropped),
        ] {
            counter.store(value, Ordering::Relaxed);
        }
        let cpu_ns = cpu::thread_time().map(|time| time.as_nanos());
        if let Some(cpu_ns) = cpu_ns.and_then(|ns| u64::try_from(ns).ok()) {
            counters.cpu_ns.store(cpu_ns, Ordering::Relaxed);
        }
        let now = Instant::now();
        if now.saturating_duration_since(self.census) >= CENSUS_EVERY {
            self.census = now;
            self.count_listeners();
        }
    }

    fn count_listeners(&self) {
        let (slots, mix) = self.shard.listeners();
        let counters = &self.counters;
        for (counter, value) in [
            (&counters.slot_listeners, slots),
            (&counters.mix_listeners, mix),
            (&counters.sheltered, self.shard.sheltered()),
        ] {
            counter.store(value as u64, Ordering::Relaxed);
        }
    }
}
