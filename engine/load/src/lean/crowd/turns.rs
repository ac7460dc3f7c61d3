//! Whose turn it is, when everybody has one in a given time.

use std::time::{Duration, Instant};

/// Goes round and round, at an even pace.
pub struct Turns {
    every: Duration,
    next: usize,
    owed: f64,
    at: Instant,
}

impl Turns {
    /// Each has a turn `every` so often.
    pub fn new(now: Instant, every: Duration) -> Self {
        Self {
            every,
            next: 0,
            owed: 0.0,
            at: now,
        }
    }

    /// Those of `count` who are due since the last call. After a stall that is everybody once, not once for each turn
    /// that was missed.
    pub fn due(&mut self, now: Instant, count: usize) -> impl Iterator<Item = usize> + use<> {
        let elapsed = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        let all = count as f64;
        self.owed = (self.owed + all * elapsed / self.every.as_secs_f64()).min(all);
        let due = self.owed as usize;
        self.owed -= due as f64;
        let first = self.next;
        self.next = (first + due) % count.max(1);
        (first..first + due).map(move |turn| turn % count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_one_turn_in_the_time() {
        let (start, every) = (Instant::now(), Duration::from_secs(5));
        let mut turns = Turns::new(start, every);
        let mut had = [0; 7];
        for step in 1..=1000 {
            for who in turns.due(start + every * step / 1000, had.len()) {
                had[who] += 1;
            }
        }
        // The last turn may be due a moment later: seconds are not counted exactly.
        assert!(had.iter().sum::<i32>() >= 6 && had.iter().all(|turns| *turns <= 1));
    }

    #[test]
    fn after_a_stall_everybody_is_due_once() {
        let start = Instant::now();
        let mut turns = Turns::new(start, Duration::from_secs(1));
        let due: Vec<usize> = turns.due(start + Duration::from_secs(60), 3).collect();
        assert_eq!(due, [0, 1, 2]);
        assert_eq!(turns.due(start + Duration::from_secs(60), 0).count(), 0);
    }
}
