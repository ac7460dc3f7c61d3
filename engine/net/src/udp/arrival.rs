//! When a datagram came, which may be long before it is read: the thread was held up, and it waited in the socket.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use palabre_core::ice::Path;

/// Sound that waited for longer is of no use any more; a stamp that says so is more likely of a clock that was set.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What is known of a datagram besides its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub path: Path,
    /// When the kernel got it; when it is read, where the kernel does not say.
    pub at: Instant,
}

/// The kernel stamps by the wall clock, the engine counts by one that is never set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    now: Instant,
    wall: Duration,
}

impl Clocks {
    /// Both clocks at this moment.
    pub fn read() -> Self {
        Self {
            now: Instant::now(),
            wall: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        }
    }

    /// The moment of a stamp. What cannot be true counts as this moment.
    pub fn instant(self, stamp: Option<Duration>) -> Instant {
        stamp
            .and_then(|stamp| self.wall.checked_sub(stamp))
            .filter(|waited| *waited <= LONGEST_WAIT)
            .and_then(|waited| self.now.checked_sub(waited))
            .unwrap_or(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_so_long_ago_as_the_wall_clock_says_unless_that_was_set() {
        let clocks = Clocks {
            now: Instant::now(),
            wall: Duration::from_secs(1_000),
        };
        let ago = |stamp| clocks.now - clocks.instant(stamp);
        let ms = Duration::from_millis;
        assert_eq!(ago(Some(ms(999_750))), ms(250));
        assert_eq!(ago(Some(ms(1_000_000))), ms(0));
        for never in [None, Some(ms(1_000_001)), Some(ms(997_000))] {
            assert_eq!(ago(never), ms(0), "{never:?}");
        }
    }
}
