//! The phases of a link, each with what it alone needs.

use std::sync::Arc;
use std::time::Instant;

use super::LinkConfig;

use super::connected::Connected;
use super::event::CloseReason;
use super::transmit::Transmit;
use crate::dtls::{
    Cookie, DtlsError, DtlsRole, Endpoint, Event, Fingerprint, HANDSHAKE_TIMEOUT, Identity,
};
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
    /// Of the handshake that begins next.
    pub(super) cookie: Cookie,
}

impl ExpectedPeer {
    pub(super) fn new(config: &LinkConfig, identity: &Arc<Identity>) -> Self {
        Self {
            identity: Arc::clone(identity),
            fingerprint: config.remote_fingerprint,
            role: config.dtls_role,
            cookie: Cookie::Unneeded,
        }
    }

    /// True when the peer sends the first flight.
    pub(super) fn begins(&self) -> bool {
        self.role == DtlsRole::Server
    }

    /// A new association with that peer.
    fn endpoint(&self, now: Instant) -> Endpoint {
        Endpoint::new(
            &self.identity,
            self.role,
            self.fingerprint,
            self.cookie,
            now,
        )
    }
}

#[derive(Debug)]
pub(super) struct Handshake {
    /// Made for the first datagram: who has only shown an address is to hold little.
    pub(super) endpoint: Option<Endpoint>,
    pub(super) until: Instant,
}

impl Handshake {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            endpoint: None,
            until: now + HANDSHAKE_TIMEOUT,
        }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.endpoint_timeout().is_some_and(|at| now >= at)
    }

    /// True when a flight of this side is out.
    pub(super) fn has_sent(&self) -> bool {
        self.endpoint.as_ref().is_some_and(Endpoint::has_sent)
    }

    pub(super) fn next_timeout(&self) -> Instant {
        self.endpoint_timeout()
            .map_or(self.until, |at| at.min(self.until))
    }

    fn endpoint_timeout(&self) -> Option<Instant> {
        self.endpoint.as_ref()?.next_timeout()
    }

    pub(super) fn drive(
        &mut self,
        peer: &ExpectedPeer,
        now: Instant,
        datagram: Option<&[u8]>,
        path: Path,
        out: &mut impl Transmit,
    ) -> Result<Option<Event>, DtlsError> {
        let send = |reply: &[u8]| out.transmit(path, reply);
        let endpoint = self.endpoint.get_or_insert_with(|| peer.endpoint(now));
        match datagram {
            Some(datagram) => endpoint.handle_datagram(now, datagram, send),
            None => endpoint.handle_timeout(now, send),
        }
    }
}
