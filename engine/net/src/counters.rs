//! What a shard's thread counts for whoever watches the server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the histogram of late deadlines, in microseconds; what is later counts in the last one alone.
const LATE_US: [u64; 7] = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000];
/// The same in seconds, as Prometheus wants them.
const LATE_LABELS: [&str; 8] = [
    "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "+Inf",
];

/// Counters of one shard, written by its thread alone.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub received: AtomicU64,
    pub sent: AtomicU64,
    /// The kernel's buffer stayed full.
    pub dropped_full: AtomicU64,
    /// There is no way to the peer.
    pub dropped_unreachable: AtomicU64,
    /// The socket's receive buffer was full.
    pub dropped_unread: AtomicU64,
    /// They belong to a sibling whose queue was crowded.
    pub dropped_crowded: AtomicU64,
    pub handed_over: AtomicU64,
    /// Reports and NACKs beyond the budget.
    pub reports_ignored: AtomicU64,
    /// Packets sent again on request, and those refused beyond the budget.
    pub repeated: AtomicU64,
    pub repeats_refused: AtomicU64,
    /// Packets of speakers that waited for too long to be forwarded.
    pub stale: AtomicU64,
    pub links: AtomicU64,
    pub rooms: AtomicU64,
    pub slot_listeners: AtomicU64,
    pub mix_listeners: AtomicU64,
    /// Listeners of packed rooms who hear the slots because they lose packets.
    pub sheltered: AtomicU64,
    /// Sessions that have not shaken hands yet, datagrams of handshakes that wait, and those that found no place.
    pub half_open: AtomicU64,
    pub handshakes_waiting: AtomicU64,
    pub handshakes_dropped: AtomicU64,
    /// Listeners sent away because sound was late.
    pub refused_late: AtomicU64,
    /// CPU time of the thread, in nanoseconds.
    pub cpu_ns: AtomicU64,
    late: [AtomicU64; 8],
    late_us: AtomicU64,
}

impl Counters {
    /// A deadline was served so much after its time.
    pub fn served(&self, late: Duration) {
        let late_us = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        let bucket = LATE_US.partition_point(|bound| *bound < late_us);
        if let Some(count) = self.late.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.late_us.fetch_add(late_us, Ordering::Relaxed);
    }
}

/// All shards' counters by name, in the words of Prometheus' text format.
pub(crate) fn metrics<'a>(
    shards: impl Iterator<Item = &'a Counters> + Clone,
) -> Vec<(String, f64)> {
    type Of = fn(&Counters) -> &AtomicU64;
    let named: [(&str, Of); 20] = [
        ("media_datagrams_received", |all| &all.received),
        ("media_datagrams_sent", |all| &all.sent),
        ("media_datagrams_dropped{why=\"full\"}", |all| {
            &all.dropped_full
        }),
        ("media_datagrams_dropped{why=\"unreachable\"}", |all| {
            &all.dropped_unreachable
        }),
        ("media_datagrams_dropped{why=\"receive_buffer\"}", |all| {
            &all.dropped_unread
        }),
        ("media_datagrams_dropped{why=\"crowded\"}", |all| {
            &all.dropped_crowded
        }),
        ("media_datagrams_handed_over", |all| &all.handed_over),
        ("media_reports_ignored", |all| &all.reports_ignored),
        ("media_packets_repeated", |all| &all.repeated),
        ("media_repeats_refused", |all| &all.repeats_refused),
        ("media_packets_stale", |all| &all.stale),
        ("media_sessions", |all| &all.links),
        ("media_rooms", |all| &all.rooms),
        ("media_listeners{hears=\"slots\"}", |all| {
            &all.slot_listeners
        }),
        ("media_listeners{hears=\"mix\"}", |all| &all.mix_listeners),
        ("media_listeners_sheltered", |all| &all.sheltered),
        ("media_sessions_opening", |all| &all.half_open),
        ("media_handshakes_waiting", |all| &all.handshakes_waiting),
        ("media_handshakes_dropped", |all| &all.handshakes_dropped),
        ("media_sessions_refused_late", |all| &all.refused_late),
    ];
    let total = |of: Of| sum(shards.clone().map(of));
    let mut all: Vec<(String, f64)> = named
        .into_iter()
        .map(|(name, of)| (name.to_owned(), total(of)))
        .collect();
    for (number, shard) in shards.clone().enumerate() {
        let seconds = shard.cpu_ns.load(Ordering::Relaxed) as f64 / 1e9;
        all.push((format!("media_cpu_seconds{{shard=\"{number}\"}}"), seconds));
    }
    all.extend(lateness(shards));
    all
}

/// A histogram: each bucket counts what lies below it as well.
fn lateness<'a>(
    shards: impl Iterator<Item = &'a Counters> + Clone,
) -> impl Iterator<Item = (String, f64)> {
    let within = |bucket: usize| sum(shards.clone().filter_map(|all| all.late.get(bucket)));
    let counts: Vec<f64> = (0..LATE_LABELS.len()).map(within).collect();
    let seconds = sum(shards.clone().map(|all| &all.late_us)) / 1e6;
    let mut below = 0.0;
    let mut lines: Vec<(String, f64)> = Vec::new();
    for (label, count) in LATE_LABELS.into_iter().zip(counts) {
        below += count;
        lines.push((
            format!("media_late_seconds_bucket{{le=\"{label}\"}}"),
            below,
        ));
    }
    lines.push(("media_late_seconds_count".to_owned(), below));
    lines.push(("media_late_seconds_sum".to_owned(), seconds));
    lines.into_iter()
}

fn sum<'a>(counts: impl Iterator<Item = &'a AtomicU64>) -> f64 {
    counts
        .map(|count| count.load(Ordering::Relaxed) as f64)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_deadline_counts_in_its_bucket_and_all_above() {
        let counters = [Counters::default(), Counters::default()];
        for (shard, late_ms) in [(0, 0), (1, 1), (0, 15), (1, 700)] {
            counters[shard].served(Duration::from_millis(late_ms));
        }
        let all = metrics(counters.iter());
        let value = |name: &str| all.iter().find(|(known, _)| known == name).unwrap().1;
        assert_eq!(value("media_late_seconds_bucket{le=\"0.0005\"}"), 1.0);
        assert_eq!(value("media_late_seconds_bucket{le=\"0.001\"}"), 2.0);
        assert_eq!(value("media_late_seconds_bucket{le=\"0.01\"}"), 2.0);
        assert_eq!(value("media_late_seconds_bucket{le=\"0.02\"}"), 3.0);
        assert_eq!(value("media_late_seconds_bucket{le=\"+Inf\"}"), 4.0);
        assert_eq!(value("media_late_seconds_count"), 4.0);
        assert_eq!(value("media_late_seconds_sum"), 0.716);
    }
}
