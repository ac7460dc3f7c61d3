//! When listeners are sent sender reports: a few rows of the table at a time, so that no packet has to think of it.

use std::ops::Range;
use std::time::Duration;

/// The table is gone through in such steps.
pub(super) const STEP: Duration = Duration::from_millis(100);
/// RFC 3550, section 6.2: about five seconds in small rooms.
const SHORTEST: Duration = Duration::from_secs(5);
/// Later than that a client would take its figures for stale.
const LONGEST: Duration = Duration::from_secs(30);
/// Reports in a second: with more listeners the interval grows, as section 6.2 has it, until it is [`LONGEST`].
const REPORTS_PER_SECOND: usize = 400;

/// How far the present round has come.
#[derive(Debug, Default)]
pub(super) struct Round {
    done: usize,
    /// Steps since something was sent; after a whole round without there is nothing to report.
    quiet: usize,
}

impl Round {
    /// The rows of this step, and whether there has to be another one. `rows` is the table's length, `sent` says that
    /// something was sent since the last step.
    pub fn step(&mut self, rows: usize, sent: bool) -> (Range<usize>, bool) {
        let steps = steps(rows);
        self.quiet = if sent { 0 } else { self.quiet + 1 };
        let at = self.done % steps;
        self.done = at + 1;
        let range = rows * at / steps..rows * (at + 1) / steps;
        (range, self.quiet <= steps)
    }
}

/// Steps in a round over so many rows.
fn steps(rows: usize) -> usize {
    let wanted = Duration::from_secs((rows / REPORTS_PER_SECOND) as u64);
    let interval = wanted.clamp(SHORTEST, LONGEST);
    (interval.as_millis() / STEP.as_millis()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_comes_to_every_row_once_and_takes_longer_with_more() {
        for (rows, seconds) in [(1, 5), (400, 5), (4_000, 10), (50_000, 30)] {
            let (mut round, mut seen) = (Round::default(), vec![0; rows]);
            for _ in 0..3 * seconds * 10 {
                let (range, more) = round.step(rows, true);
                assert!(more && range.len() <= rows.div_ceil(seconds * 10));
                seen[range].iter_mut().for_each(|times| *times += 1);
            }
            assert!(seen.iter().all(|times| *times == 3), "{rows} rows");
        }
    }

    #[test]
    fn in_silence_the_rounds_end_after_a_whole_one() {
        let mut round = Round::default();
        round.step(100, true);
        let more = (0..1_000).take_while(|_| round.step(100, false).1).count();
        assert_eq!(more, 50);
        assert!(round.step(100, true).1);
    }
}
