//! When listeners can be moved without hearing it.

use std::time::{Duration, Instant};

use super::Moment;

/// Nobody has spoken for this long: a sentence has ended, and its end has left the mix's buffers.
const LULL: Duration = Duration::from_millis(400);
/// No slot has been used for this long: nothing is on its way in one.
const IDLE: Duration = Duration::from_millis(100);

/// Whoever was loud within this time is named as being heard: the hangover of the rings.
const NAMED: Duration = Duration::from_millis(500);

/// What was last heard when.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    forwarded: Option<Instant>,
    speech: Option<Instant>,
}

impl Pauses {
    /// A packet went out in a slot.
    pub fn on_forwarded(&mut self, now: Instant) {
        self.forwarded = Some(now);
    }

    /// Somebody who may speak was loud.
    pub fn on_speech(&mut self, now: Instant) {
        self.speech = Some(now);
    }

    /// Whether somebody who may speak was loud lately.
    pub fn is_named(&self, now: Instant) -> bool {
        let since = |at| now.saturating_duration_since(at);
        self.speech.is_some_and(|at| since(at) < NAMED)
    }

    /// What kind of moment `at` is, when the mix is at rest or not.
    pub fn moment(&self, at: Instant, mix_at_rest: bool) -> Moment {
        let past = |last: Option<Instant>, time| {
            last.is_none_or(|last| at.saturating_duration_since(last) >= time)
        };
        if mix_at_rest && past(self.forwarded, IDLE) {
            Moment::Rest
        } else if past(self.speech, LULL) {
            Moment::Lull
        } else {
            Moment::Speech
        }
    }
}
