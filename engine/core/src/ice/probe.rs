//! Whether the peer is where it wants to be sent to. A check that comes from there proves its password; its address
//! anybody could have written, and who saw one check can send it again from anywhere. So the engine asks there itself.

use std::time::{Duration, Instant};

use super::Path;
use crate::stun::{Class, Message, TransactionId};

/// How long the first answer is waited for, then twice as long each time (RFC 8489 §6.2.1).
const FIRST_AGAIN: Duration = Duration::from_millis(100);
/// As often is asked, over 1.5 s. The next check from there begins anew.
const MAX_SENT: u8 = 4;

/// A question that is on its way.
#[derive(Debug)]
pub(super) struct Probe {
    path: Path,
    /// Nobody can know it who is not there.
    transaction: TransactionId,
    sent: u8,
    again_at: Instant,
}

impl Probe {
    /// To be sent now.
    pub fn new(path: Path, transaction: TransactionId, now: Instant) -> Self {
        Self {
            path,
            transaction,
            sent: 1,
            again_at: now + FIRST_AGAIN,
        }
    }

    pub fn path(&self) -> Path {
        self.path
    }

    pub fn transaction(&self) -> TransactionId {
        self.transaction
    }

    /// True while an answer is waited for.
    pub fn is_open(&self, now: Instant) -> bool {
        now < self.again_at || self.sent < MAX_SENT
    }

    /// When it is to be sent again.
    pub fn due(&self) -> Option<Instant> {
        (self.sent < MAX_SENT).then_some(self.again_at)
    }

    /// True when it is to be sent again now.
    pub fn repeat(&mut self, now: Instant) -> bool {
        let is_due = self.due().is_some_and(|at| now >= at);
        if is_due {
            self.again_at = now + FIRST_AGAIN * 2u32.pow(self.sent.into());
            self.sent += 1;
        }
        is_due
    }

    /// True for the peer's answer, signed with its own `password`, from the very path that was asked.
    pub fn is_answered(&self, path: Path, answer: &Message<'_>, password: &str) -> bool {
        answer.class() == Class::Success
            && (answer.transaction(), path) == (self.transaction, self.path)
            && answer.is_authentic(password)
    }
}
