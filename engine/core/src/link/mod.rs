//! One peer's transport: ICE-lite, DTLS, SRTP behind one set of calls. Datagrams and instants in, datagrams and what
//! they said out; the caller owns socket, clock and randomness.

mod config;
mod connected;
mod event;
mod phase;
mod retransmit;
mod transmit;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dtls::{self, Cookie, Identity};
use crate::ice::{Agent, IceCredentials, Path, Replies};
use crate::rtp::ExtensionIds;
use crate::srtp::RtpSealer;
use crate::stun;

use connected::Connected;
use phase::{ExpectedPeer, Handshake, Phase};

pub use crate::stun::peek_ufrag;
pub use config::{LinkConfig, LinkState};
pub use event::{CloseReason, Received, RtpPacket};
pub use retransmit::RetransmitRing;
pub use transmit::Transmit;

/// How long a link waits for the first authenticated check.
pub const ICE_TIMEOUT: Duration = Duration::from_secs(15);
/// A link that heard nothing authentic for so long is closed.
pub const SILENCE_TIMEOUT: Duration = Duration::from_secs(30);

/// One peer's transport.
#[derive(Debug)]
pub struct Link {
    peer: ExpectedPeer,
    extensions: ExtensionIds,
    ice: Agent,
    phase: Phase,
}

impl Link {
    pub fn new(config: LinkConfig, identity: &Arc<Identity>, now: Instant) -> Self {
        Self {
            peer: ExpectedPeer::new(&config, identity),
            extensions: config.extensions,
            ice: Agent::new(config.local, config.remote, config.probe_secret),
            phase: Phase::Checking {
                until: now + ICE_TIMEOUT,
            },
        }
    }

    /// Takes a datagram that arrived on `path`. It is decrypted in place, so what is returned borrows from it. Whatever
    /// is not authentic is dropped without an answer.
    pub fn handle_datagram<'a>(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &'a mut [u8],
        out: &mut impl Transmit,
    ) -> Option<Received<'a>> {
        if stun::is_stun(datagram) {
            self.handle_check(now, path, datagram, out)
        } else if !self.ice.is_valid(path) {
            None
        } else if dtls::is_dtls(datagram) {
            self.handle_dtls(now, path, datagram, out)
        } else {
            let Phase::Connected(connected) = &mut self.phase else {
                return None;
            };
            connected.open(now, datagram, self.extensions)
        }
    }

    /// Does what time demands: asks again, retransmits handshake flights, ends what took too long. `Some` when the link
    /// closed now.
    pub fn handle_timeout(
        &mut self,
        now: Instant,
        out: &mut impl Transmit,
    ) -> Option<Received<'static>> {
        if let Some((path, check)) = self.ice.handle_timeout(now) {
            out.transmit(path, &check);
        }
        let consent = self.ice.consent_until();
        match &mut self.phase {
            Phase::Checking { until } if now >= *until => {
                Some(self.close_with(CloseReason::NoConnectivity))
            }
            Phase::Handshaking(handshake) if now >= handshake.until => {
                Some(self.close_with(CloseReason::HandshakeTimeout))
            }
            Phase::Handshaking(handshake) if handshake.is_due(now) => {
                self.drive_handshake(now, None, out)
            }
            Phase::Connected(connected) if connected.silent_since(consent, now) => {
                Some(self.close_with(CloseReason::ConsentExpired))
            }
            Phase::Checking { .. }
            | Phase::Handshaking(_)
            | Phase::Connected(_)
            | Phase::Closed(_) => None,
        }
    }

    /// When [`Self::handle_timeout`] wants to be called; `None` when closed.
    pub fn next_timeout(&self) -> Option<Instant> {
        let of_phase = match &self.phase {
            Phase::Checking { until } => *until,
            Phase::Handshaking(handshake) => handshake.next_timeout(),
            Phase::Connected(connected) => connected.next_timeout(self.ice.consent_until()),
            Phase::Closed(_) => return None,
        };
        let of_ice = self.ice.next_timeout();
        Some(of_ice.map_or(of_phase, |at| at.min(of_phase)))
    }

    pub fn state(&self) -> LinkState {
        match &self.phase {
            Phase::Checking { .. } => LinkState::Checking,
            Phase::Handshaking(_) => LinkState::Handshaking,
            Phase::Connected(_) => LinkState::Connected,
            Phase::Closed(reason) => LinkState::Closed(*reason),
        }
    }

    /// True for a datagram that goes on with the handshake, which costs as much as hundreds of packets.
    pub fn shakes_hands(&self, path: Path, datagram: &[u8]) -> bool {
        matches!(self.phase, Phase::Handshaking(_))
            && dtls::is_dtls(datagram)
            && self.ice.is_valid(path)
    }

    /// True when a flight of this side is out and the handshake is not complete.
    pub fn is_shaking_hands(&self) -> bool {
        matches!(&self.phase, Phase::Handshaking(handshake) if handshake.has_sent())
    }

    /// Where to send, when known.
    pub fn path(&self) -> Option<Path> {
        self.ice.selected()
    }

    /// The peer's address, when known.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.path().map(|path| path.remote)
    }

    /// The user name fragment that checks of the generation in use carry.
    pub fn local_ufrag(&self) -> &str {
        self.ice.local().ufrag()
    }

    /// The peer's credentials of the newest generation.
    pub fn newest_remote(&self) -> &IceCredentials {
        self.ice.newest_remote()
    }

    /// True for a path that an authenticated check came on.
    pub fn is_checked(&self, path: Path) -> bool {
        self.ice.is_valid(path)
    }

    /// Has the next handshake to begin ask for a cookie, or not.
    pub fn demand_cookie(&mut self, cookie: Cookie) {
        self.peer.cookie = cookie;
    }

    /// Begins an ICE restart; the DTLS association and the keys stay.
    pub fn restart_ice(&mut self, local: IceCredentials, remote: IceCredentials) {
        self.ice.restart(local, remote);
    }

    /// Until when the peer consents to be sent to; `None` before its first check.
    pub fn consent_until(&self) -> Option<Instant> {
        self.ice.consent_until()
    }

    /// Hands over the key for what is sent, once: only one may count its packets. `None` before the link is connected.
    pub fn take_rtp_sealer(&mut self) -> Option<RtpSealer> {
        match &mut self.phase {
            Phase::Connected(connected) => connected.rtp.take(),
            Phase::Checking { .. } | Phase::Handshaking(_) | Phase::Closed(_) => None,
        }
    }

    /// Protects the RTCP compound in `out[..len]` in place and returns its new length; `None` when not connected, or
    /// consent has expired.
    pub fn seal_rtcp(&mut self, now: Instant, len: usize, out: &mut [u8]) -> Option<usize> {
        self.sending(now)?.rtcp.seal(len, out).ok()
    }

    /// Ends the link from this side and tells the peer, if it is there already.
    pub fn close(&mut self, out: &mut impl Transmit) {
        let before = std::mem::replace(&mut self.phase, Phase::Closed(CloseReason::Local));
        if let (Phase::Connected(connected), Some(path)) = (before, self.ice.selected()) {
            connected.close(path, out);
        }
    }

    fn sending(&mut self, now: Instant) -> Option<&mut Connected> {
        let consents = self.ice.consent_until().is_some_and(|until| now < until);
        match &mut self.phase {
            Phase::Connected(connected) if consents => Some(connected),
            Phase::Checking { .. }
            | Phase::Handshaking(_)
            | Phase::Connected(_)
            | Phase::Closed(_) => None,
        }
    }

    /// The first check that holds begins the handshake.
    fn handle_check(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        out: &mut impl Transmit,
    ) -> Option<Received<'static>> {
        if matches!(self.phase, Phase::Closed(_)) {
            return None;
        }
        let Replies { answer, check } = self.ice.handle(now, path, datagram);
        for reply in [answer, check].into_iter().flatten() {
            out.transmit(path, &reply);
        }
        if !matches!(self.phase, Phase::Checking { .. }) || self.ice.selected().is_none() {
            return None;
        }
        self.phase = Phase::Handshaking(Handshake::new(now));
        if self.peer.begins() {
            return None;
        }
        self.drive_handshake(now, None, out)
    }

    fn handle_dtls(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        out: &mut impl Transmit,
    ) -> Option<Received<'static>> {
        let selected = self.ice.selected();
        match &mut self.phase {
            Phase::Handshaking(_) => return self.drive_handshake(now, Some(datagram), out),
            // Nobody is sent a flight where it is not known to be.
            Phase::Connected(connected) if selected == Some(path) => {
                connected.handle_dtls(path, datagram, out);
            }
            Phase::Connected(_) | Phase::Checking { .. } | Phase::Closed(_) => {}
        }
        None
    }

    /// Feeds the handshake a datagram or the time, and goes on when it is complete or failed.
    fn drive_handshake(
        &mut self,
        now: Instant,
        datagram: Option<&[u8]>,
        out: &mut impl Transmit,
    ) -> Option<Received<'static>> {
        let path = self.ice.selected()?;
        let Phase::Handshaking(handshake) = &mut self.phase else {
            return None;
        };
        match handshake.drive(&self.peer, now, datagram, path, out) {
            Ok(None) => None,
            Ok(Some(dtls::Event::Closed)) => Some(self.close_with(CloseReason::Remote)),
            Ok(Some(dtls::Event::Keys(keys))) => self.connect(now, &keys),
            Err(dtls::DtlsError::Failed(_)) if !handshake.has_sent() => {
                // Stray records came before the peer's first flight was whole. It repeats that; begin anew.
                handshake.endpoint = None;
                None
            }
            Err(error) => {
                tracing::debug!(%error, "a DTLS handshake failed");
                Some(self.close_with(CloseReason::of(&error)))
            }
        }
    }

    fn connect(
        &mut self,
        now: Instant,
        keys: &crate::srtp::SessionKeys,
    ) -> Option<Received<'static>> {
        let before =
            std::mem::replace(&mut self.phase, Phase::Closed(CloseReason::HandshakeFailed));
        let Phase::Handshaking(handshake) = before else {
            return None;
        };
        let connected = handshake
            .endpoint
            .and_then(|endpoint| Connected::new(endpoint, keys, now));
        match connected {
            Some(connected) => {
                self.phase = Phase::Connected(Box::new(connected));
                Some(Received::Connected)
            }
            None => Some(Received::Closed(CloseReason::HandshakeFailed)),
        }
    }

    fn close_with(&mut self, reason: CloseReason) -> Received<'static> {
        self.phase = Phase::Closed(reason);
        Received::Closed(reason)
    }
}
