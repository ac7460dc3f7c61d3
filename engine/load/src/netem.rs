//! A bad network in memory: seeded loss, delay, reordering and duplication, on the caller's clock.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// How bad the network is, one way. Everything zero is a perfect one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions {
    /// Probability 0 to 1 that a datagram never arrives.
    pub loss: f64,
    /// Datagrams lost in a row, on average (Gilbert's two states); each on its own below 1.
    pub burst: f64,
    /// Probability 0 to 1 that it arrives twice.
    pub duplication: f64,
    pub delay: Duration,
    /// Each datagram waits a random part of this longer, so that some overtake others.
    pub jitter: Duration,
}

/// More than this many datagrams on the way are dropped, as a router's queue would.
const MAX_ON_THE_WAY: usize = 10_000;

/// One direction of a bad path. Sans-I/O: push what is sent, pop what has arrived by now.
#[derive(Debug)]
pub struct Netem<T> {
    conditions: Conditions,
    random: fastrand::Rng,
    on_the_way: BinaryHeap<Flying<T>>,
    pushed: u64,
    lost: u64,
    /// Within a burst of losses.
    losing: bool,
}

impl<T: Clone> Netem<T> {
    /// The same seed and pushes give the same fate to each datagram.
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            random: fastrand::Rng::with_seed(seed),
            on_the_way: BinaryHeap::new(),
            pushed: 0,
            lost: 0,
            losing: false,
        }
    }

    /// A datagram is sent.
    pub fn push(&mut self, now: Instant, datagram: T) {
        if self.loses() || self.on_the_way.len() >= MAX_ON_THE_WAY {
            self.lost += 1;
            return;
        }
        if self.random.f64() < self.conditions.duplication {
            self.schedule(now, datagram.clone());
        }
        self.schedule(now, datagram);
    }

    /// The next datagram that has arrived by `now`.
    pub fn pop(&mut self, now: Instant) -> Option<T> {
        if self.next_arrival()? > now {
            return None;
        }
        self.on_the_way.pop().map(|flying| flying.datagram)
    }

    /// When there will be something to pop.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.on_the_way.peek().map(|flying| flying.arrives)
    }

    /// How many datagrams never arrive.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn loses(&mut self) -> bool {
        let Conditions { loss, burst, .. } = self.conditions;
        let chance = match (burst > 1.0, self.losing) {
            (false, _) => loss,
            (true, true) => 1.0 - 1.0 / burst,
            (true, false) => loss / (burst * (1.0 - loss)),
        };
        self.losing = self.random.f64() < chance;
        self.losing
    }

    fn schedule(&mut self, now: Instant, datagram: T) {
        let arrives =
            now + self.conditions.delay + self.conditions.jitter.mul_f64(self.random.f64());
        self.on_the_way.push(Flying {
            arrives,
            number: self.pushed,
            datagram,
        });
        self.pushed += 1;
    }
}

#[derive(Debug)]
struct Flying<T> {
    arrives: Instant,
    /// Keeps the order of datagrams that arrive at the same instant.
    number: u64,
    datagram: T,
}

impl<T> Ord for Flying<T> {
    /// Reversed: the heap's greatest is the one that arrives first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.arrives, other.number).cmp(&(self.arrives, self.number))
    }
}

impl<T> PartialOrd for Flying<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Flying<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Flying<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(conditions: Conditions, seed: u64) -> Vec<u32> {
        let start = Instant::now();
        let mut netem = Netem::new(conditions, seed);
        (0..1000).for_each(|n| netem.push(start + Duration::from_millis(n.into()), n));
        std::iter::from_fn(|| netem.pop(start + Duration::from_secs(10))).collect()
    }

    #[test]
    fn a_perfect_network_keeps_everything_in_order() {
        assert_eq!(
            arrivals(Conditions::default(), 1),
            (0..1000).collect::<Vec<_>>()
        );
    }

    #[test]
    fn the_same_seed_loses_the_same_datagrams() {
        let conditions = Conditions {
            loss: 0.1,
            ..Conditions::default()
        };
        let first = arrivals(conditions, 7);
        assert_eq!(first, arrivals(conditions, 7));
        assert!(
            (850..950).contains(&first.len()),
            "{} of 1000 arrived",
            first.len()
        );
    }

    #[test]
    fn bursts_lose_as_much_as_single_losses_but_in_a_row() {
        let conditions = Conditions {
            loss: 0.1,
            burst: 4.0,
            ..Conditions::default()
        };
        let start = Instant::now();
        let mut netem = Netem::new(conditions, 5);
        let lost = |n: u32, netem: &mut Netem<u32>| {
            let before = netem.lost();
            netem.push(start, n);
            netem.pop(start);
            netem.lost() > before
        };
        let lost: Vec<bool> = (0..100_000).map(|n| lost(n, &mut netem)).collect();
        let bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        let all = lost.iter().filter(|lost| **lost).count();
        assert!((9_000..11_000).contains(&all), "{all} lost");
        let mean = all as f64 / bursts as f64;
        assert!((3.7..4.3).contains(&mean), "{mean} in a row");
    }

    #[test]
    fn jitter_reorders_and_duplication_repeats() {
        let conditions = Conditions {
            duplication: 0.1,
            jitter: Duration::from_millis(30),
            ..Conditions::default()
        };
        let arrived = arrivals(conditions, 3);
        assert!(arrived.len() > 1000 && !arrived.is_sorted());
    }

    #[test]
    fn nothing_arrives_before_the_delay() {
        let start = Instant::now();
        let mut netem = Netem::new(
            Conditions {
                delay: Duration::from_millis(50),
                ..Conditions::default()
            },
            1,
        );
        netem.push(start, ());
        assert_eq!(netem.pop(start + Duration::from_millis(49)), None);
        assert_eq!(
            netem.next_arrival(),
            Some(start + Duration::from_millis(50))
        );
        assert_eq!(netem.pop(start + Duration::from_millis(50)), Some(()));
    }
}
