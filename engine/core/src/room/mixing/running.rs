//! The mixer and its clock.

use std::time::{Duration, Instant};

use crate::mix::{Mixed, Mixer};
use crate::room::ParticipantKey;

pub(super) const TICK: Duration = Duration::from_millis(20);

/// How long before its tick a frame comes, while nothing waits in a jitter buffer.
const MARGIN: Duration = Duration::from_millis(10);

/// A mixer that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub mixer: Mixer,
    pub next_tick: Instant,
    /// How far it is ahead of the time, µs: ticks were made before theirs.
    ahead_us: i64,
    /// Whose next frame sets the next tick.
    awaited: Option<ParticipantKey>,
}

impl Running {
    pub fn new(now: Instant) -> Self {
        Self {
            mixer: Mixer::new(),
            next_tick: now + TICK,
            ahead_us: 0,
            awaited: None,
        }
    }

    /// The next tick, if its time has come.
    pub fn due(&mut self, now: Instant) -> Option<Instant> {
        let at = self.next_tick;
        (at <= now).then(|| {
            self.next_tick = at + TICK;
            self.awaited = None;
            at
        })
    }

    /// What the mixer holds of `who` has been heard: the ticks that play it are made at once, so that the next one goes on
    /// where that ends. Each tick's frame goes to `recorded`, if there is one.
    ///
    /// From here on `who` is heard as soon as its frames are there: the next tick comes soon after the next one of them.
    pub fn catch_up(
        &mut self,
        now: Instant,
        who: ParticipantKey,
        mut recorded: Option<impl FnMut(&Mixed<'_>)>,
    ) {
        let held = self.mixer.hurry(now, who);
        let ticks = held.as_micros() / TICK.as_micros();
        for _ in 0..ticks {
            let mixed = self.mixer.tick(now, recorded.is_some());
            if let Some(recorded) = &mut recorded {
                recorded(&mixed);
            }
        }
        self.ahead_us += ticks as i64 * TICK.as_micros() as i64;
        self.awaited = Some(who);
        self.put_tick(now + TICK + MARGIN);
    }

    /// A packet of `who` is there.
    pub fn arrived(&mut self, now: Instant, who: ParticipantKey) {
        if self.awaited.take_if(|awaited| *awaited == who).is_some() {
            self.put_tick(now + MARGIN);
        }
    }

    /// Whether a tick is left out, because there is nothing to play at `at` and one was made before its time.
    pub fn gives_back(&mut self, at: Instant) -> bool {
        let tick_us = TICK.as_micros() as i64;
        let gives = self.ahead_us >= tick_us && !self.mixer.has_next(at);
        if gives {
            self.ahead_us -= tick_us;
        }
        gives
    }

    fn put_tick(&mut self, at: Instant) {
        let later = at.saturating_duration_since(self.next_tick).as_micros() as i64;
        let earlier = self.next_tick.saturating_duration_since(at).as_micros() as i64;
        self.ahead_us += earlier - later;
        self.next_tick = at;
    }
}
