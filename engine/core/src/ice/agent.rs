//! Answers connectivity checks, remembers which paths they came on, and asks before it follows the peer to another one.

use std::time::{Duration, Instant};

use aws_lc_rs::digest;

use super::probe::Probe;
use super::{IceCredentials, Path};
use crate::stun::{Class, Message, TransactionId, write_binding_success, write_own_check};

/// How long one authenticated check allows sending (RFC 7675 §5.1).
pub const CONSENT_LIFETIME: Duration = Duration::from_secs(30);
/// Paths remembered; the oldest is forgotten first. A peer has one per interface and address family.
const MAX_PATHS: usize = 8;

/// One generation of credentials of both sides.
#[derive(Debug)]
struct Generation {
    local: IceCredentials,
    remote: IceCredentials,
}

impl Generation {
    fn authenticates(&self, message: &Message<'_>) -> bool {
        let names = message.username().and_then(|name| name.split_once(':'));
        names == Some((self.local.ufrag(), self.remote.ufrag()))
            && message.is_authentic(self.local.password())
    }

    fn own_check(&self, transaction: TransactionId) -> Vec<u8> {
        let username = format!("{}:{}", self.remote.ufrag(), self.local.ufrag());
        write_own_check(transaction, &username, self.remote.password())
    }
}

/// What is to be sent back on the path that a message came on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replies {
    pub answer: Option<Vec<u8>>,
    /// The engine's own, where the peer wants to move.
    pub check: Option<Vec<u8>>,
}

/// An ICE-lite agent with one component, which checks nothing but where its peer moves to (RFC 8445 §7.3.1.4).
#[derive(Debug)]
pub struct Agent {
    current: Generation,
    /// Credentials of a restart that the peer has not used yet; until it does, the current ones stay valid.
    restarted: Option<Generation>,
    /// Paths that an authenticated check arrived on, oldest first.
    valid: Vec<Path>,
    selected: Option<Path>,
    last_consent: Option<Instant>,
    /// Of the path the peer wants to be sent to.
    probe: Option<Probe>,
    /// What the transactions of probes are made from: random, and nobody else's.
    secret: [u8; 16],
    probes: u64,
}

impl Agent {
    /// `secret` is random, and told to nobody.
    pub fn new(local: IceCredentials, remote: IceCredentials, secret: [u8; 16]) -> Self {
        Self {
            current: Generation { local, remote },
            restarted: None,
            valid: Vec::new(),
            selected: None,
            last_consent: None,
            probe: None,
            secret,
            probes: 0,
        }
    }

    /// Answers the STUN `datagram` that arrived on `path`, or stays silent: bad integrity, an unknown user and anything
    /// that nobody asked for get no answer, so that nobody learns that a link is here.
    pub fn handle(&mut self, now: Instant, path: Path, datagram: &[u8]) -> Replies {
        let Ok(message) = Message::parse(datagram) else {
            return Replies::default();
        };
        match message.class() {
            Class::Request => self.on_check(now, path, &message).unwrap_or_default(),
            Class::Success => {
                self.on_answer(now, path, &message);
                Replies::default()
            }
            Class::Indication | Class::Error => Replies::default(),
        }
    }

    /// The question that is to be asked again by now, and where.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<(Path, Vec<u8>)> {
        let probe = self.probe.as_mut()?;
        let is_due = probe.repeat(now);
        is_due.then(|| (probe.path(), self.current.own_check(probe.transaction())))
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.probe.as_ref()?.due()
    }

    /// Begins an ICE restart (RFC 8445 §2.4). The path in use stays in use until the peer nominates another with the new
    /// credentials.
    pub fn restart(&mut self, local: IceCredentials, remote: IceCredentials) {
        self.restarted = Some(Generation { local, remote });
    }

    /// True when an authenticated check arrived on this very path.
    pub fn is_valid(&self, path: Path) -> bool {
        self.valid.contains(&path)
    }

    /// The path to send on: the first that a check came on, until the peer has nominated another and answered there.
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

    /// The remote credentials of the newest generation.
    pub fn newest_remote(&self) -> &IceCredentials {
        &self.restarted.as_ref().unwrap_or(&self.current).remote
    }

    /// None for a check that is not authentic.
    fn on_check(&mut self, now: Instant, path: Path, check: &Message<'_>) -> Option<Replies> {
        let restarted = self.restarted.as_ref();
        if restarted.is_some_and(|new| new.authenticates(check)) {
            self.adopt_restart();
        } else if !self.current.authenticates(check) {
            return None;
        }
        self.validate(path);
        let own = self.follow(now, path, check.use_candidate());
        if self.selected == Some(path) {
            self.last_consent = Some(now);
        }
        let password = self.current.local.password();
        let answer = write_binding_success(check.transaction(), path.remote, password);
        Some(Replies {
            answer: Some(answer),
            check: own,
        })
    }

    /// The question for a path that the peer nominates, or nominated and was not found on. The first path needs none:
    /// only a handshake goes there, and a peer that is not there cannot end that.
    fn follow(&mut self, now: Instant, path: Path, nominated: bool) -> Option<Vec<u8>> {
        if *self.selected.get_or_insert(path) == path {
            // It has changed its mind, if it ever wanted to move.
            self.probe.take_if(|_| nominated);
            return None;
        }
        let known = self.probe.as_ref().filter(|probe| probe.path() == path);
        let is_wanted = nominated || known.is_some();
        if !is_wanted || known.is_some_and(|probe| probe.is_open(now)) {
            return None;
        }
        let transaction = self.next_transaction();
        self.probe = Some(Probe::new(path, transaction, now));
        Some(self.current.own_check(transaction))
    }

    fn on_answer(&mut self, now: Instant, path: Path, answer: &Message<'_>) {
        let password = self.current.remote.password();
        let is_there = |probe: &mut Probe| probe.is_answered(path, answer, password);
        if self.probe.take_if(is_there).is_some() {
            self.validate(path);
            self.selected = Some(path);
            self.last_consent = Some(now);
        }
    }

    fn next_transaction(&mut self) -> TransactionId {
        self.probes += 1;
        let source = [&self.secret[..], &self.probes.to_be_bytes()].concat();
        let digest = digest::digest(&digest::SHA256, &source);
        let bytes = digest.as_ref().first_chunk().copied();
        bytes.expect("SHA-256 is longer than a transaction")
    }

    fn adopt_restart(&mut self) {
        if let Some(new) = self.restarted.take() {
            self.current = new;
            // Its answer would be signed with the password of before.
            self.probe = None;
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
