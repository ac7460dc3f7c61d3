//! Answers connectivity checks and remembers which paths they proved.

use std::time::{Duration, Instant};

use super::{IceCredentials, Path};
use crate::stun::{Class, Message, write_binding_success};

/// How long one authenticated check allows sending (RFC 7675 §5.1).
pub const CONSENT_LIFETIME: Duration = Duration::from_secs(30);
/// Paths remembered as proven; the oldest is forgotten first. A peer has one per interface and address family.
const MAX_PATHS: usize = 8;

/// One generation of credentials of both sides.
#[derive(Debug)]
struct Generation {
    local: IceCredentials,
    /// What USERNAME has to be: `local:remote`.
    username: String,
}

impl Generation {
    fn new(local: IceCredentials, remote: &IceCredentials) -> Self {
        let username = format!("{}:{}", local.ufrag(), remote.ufrag());
        Self { local, username }
    }

    fn authenticates(&self, message: &Message<'_>) -> bool {
        message.username() == Some(&self.username) && message.is_authentic(self.local.password())
    }
}

/// An ICE-lite agent with one component. It never sends by itself.
#[derive(Debug)]
pub struct Agent {
    current: Generation,
    /// Credentials of a restart that the peer has not used yet; until it does, the current ones stay valid.
    restarted: Option<Generation>,
    /// Paths that an authenticated check arrived on, oldest first.
    valid: Vec<Path>,
    selected: Option<Path>,
    last_consent: Option<Instant>,
}

impl Agent {
    pub fn new(local: IceCredentials, remote: &IceCredentials) -> Self {
        let current = Generation::new(local, remote);
        Self {
            current,
            restarted: None,
            valid: Vec::new(),
            selected: None,
            last_consent: None,
        }
    }

    /// Answers the STUN `datagram` that arrived on `path`, or stays silent: bad integrity, an unknown user and anything
    /// but a Binding request get no answer, so that nobody learns that a link is here.
    pub fn handle(&mut self, now: Instant, path: Path, datagram: &[u8]) -> Option<Vec<u8>> {
        let message = Message::parse(datagram)
            .ok()
            .filter(|message| message.class() == Class::Request)?;
        if self
            .restarted
            .as_ref()
            .is_some_and(|new| new.authenticates(&message))
        {
            self.adopt_restart();
        } else if !self.current.authenticates(&message) {
            return None;
        }
        self.validate(path);
        if message.use_candidate() || self.selected.is_none() {
            self.selected = Some(path);
        }
        if self.selected == Some(path) {
            self.last_consent = Some(now);
        }
        Some(write_binding_success(
            message.transaction(),
            path.remote,
            self.current.local.password(),
        ))
    }

    /// Begins an ICE restart (RFC 8445 §2.4). The path in use stays in use until the peer nominates another with the new
    /// credentials.
    pub fn restart(&mut self, local: IceCredentials, remote: &IceCredentials) {
        self.restarted = Some(Generation::new(local, remote));
    }

    /// True when an authenticated check arrived on this very path.
    pub fn is_valid(&self, path: Path) -> bool {
        self.valid.contains(&path)
    }

    /// The path to send on: the last one nominated, or before that the first one proven.
    pub fn selected(&self) -> Option<Path> {
        self.selected
    }

    /// When sending has to stop unless another check arrives; `None` before the first.
    pub fn consent_until(&self) -> Option<Instant> {
        self.last_consent.map(|last| last + CONSENT_LIFETIME)
    }

    /// The local credentials of the generation in use.
    pub fn local(&self) -> &IceCredentials {
        &self.current.local
    }

    fn adopt_restart(&mut self) {
        if let Some(new) = self.restarted.take() {
            self.current = new;
            let selected = self.selected;
            self.valid.retain(|path| Some(*path) == selected);
        }
    }

    fn validate(&mut self, path: Path) {
        if self.is_valid(path) {
            return;
        }
        if self.valid.len() >= MAX_PATHS {
            let selected = self.selected;
            let oldest = self.valid.iter().position(|known| Some(*known) != selected);
            oldest.map(|at| self.valid.remove(at));
        }
        self.valid.push(path);
    }
}

#[cfg(test)]
mod tests;
