//! The phases of a link, each with what it alone needs.

use std::sync::Arc;
use std::time::Instant;

use super::LinkConfig;

use super::connected::Connected;
use super::event::CloseReason;
use super::transmit::Transmit;
use crate::dtls::{DtlsError, DtlsRole, Endpoint, Event, Fingerprint, HANDSHAKE_TIMEOUT, Identity};
use crate::ice::Path;

#[derive(Debug)]
pub(super) enum Phase {
    Checking {
        until: Instant,
    },
    Handshaking(Handshake),
    /// Boxed: it is the largest by far.
    Connected(Box<Connected>),
    Closed(CloseReason),
}

/// With whom and how a handshake is to be made.
#[derive(Debug)]
pub(super) struct ExpectedPeer {
    identity: Arc<Identity>,
    fingerprint: Fingerprint,
    /// The engine's own role.
    role: DtlsRole,
}

impl ExpectedPeer {
    pub(super) fn new(config: &LinkConfig, identity: &Arc<Identity>) -> Self {
        Self {
            identity: Arc::clone(identity),
            fingerprint: config.remote_fingerprint,
            role: config.dtls_role,
        }
    }

    /// A new association with that peer.
    pub(super) fn endpoint(&self, now: Instant) -> Endpoint {
        Endpoint::new(&self.identity, self.role, self.fingerprint, now)
    }
}

#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) endpoint: Endpoint,
    pub(super) until: Instant,
}

impl Handshake {
    pub(super) fn new(endpoint: Endpoint, now: Instant) -> Self {
        Self {
            endpoint,
            until: now + HANDSHAKE_TIMEOUT,
        }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.endpoint.next_timeout().is_some_and(|at| now >= at)
    }

    pub(super) fn next_timeout(&self) -> Instant {
        self.endpoint
            .next_timeout()
            .map_or(self.until, |at| at.min(self.until))
    }

    pub(super) fn drive(
        &mut self,
        now: Instant,
        datagram: Option<&[u8]>,
        path: Path,
        out: &mut impl Transmit,
    ) -> Result<Option<Event>, DtlsError> {
        let send = |reply: &[u8]| out.transmit(path, reply);
        match datagram {
            Some(datagram) => self.endpoint.handle_datagram(now, datagram, send),
            None => self.endpoint.handle_timeout(now, send),
        }
    }
}
