//! A link whose peer has proven its identity.

use std::time::{Duration, Instant};

use super::SILENCE_TIMEOUT;
use super::event::{Received, RtpPacket};
use super::transmit::Transmit;
use crate::dtls::{Endpoint, Event};
use crate::ice::Path;
use crate::rtcp::{self, Packets};
use crate::rtp::ExtensionIds;
use crate::srtp::{Opener, RtcpSealer, RtpSealer, SessionKeys};

/// How long the DTLS machine is kept after the handshake, to repeat a last flight that was lost and to notice an early
/// close. It is by far the largest part of a link.
const DTLS_LINGER: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct Connected {
    /// Until whoever sends takes it.
    pub(super) rtp: Option<RtpSealer>,
    pub(super) rtcp: RtcpSealer,
    opener: Opener,
    lingering: Option<Lingering>,
    last_heard: Instant,
}

/// A DTLS machine whose work is done.
#[derive(Debug)]
struct Lingering {
    endpoint: Endpoint,
    until: Instant,
}

impl Connected {
    /// `None` when the cryptographic library refuses the keys.
    pub(super) fn new(endpoint: Endpoint, keys: &SessionKeys, now: Instant) -> Option<Self> {
        Some(Self {
            rtp: Some(RtpSealer::new(&keys.local)?),
            rtcp: RtcpSealer::new(&keys.local)?,
            opener: Opener::new(&keys.remote)?,
            lingering: Some(Lingering {
                endpoint,
                until: now + DTLS_LINGER,
            }),
            last_heard: now,
        })
    }

    /// Opens an RTP or RTCP datagram in place; `None` when it is to be dropped.
    pub(super) fn open<'a>(
        &mut self,
        now: Instant,
        datagram: &'a mut [u8],
        ids: ExtensionIds,
    ) -> Option<Received<'a>> {
        let received = if rtcp::is_rtcp(datagram) {
            let len = self.opener.open_rtcp(datagram).ok()?;
            Received::Rtcp(Packets::new(datagram.get(..len)?))
        } else {
            let (header, index, len) = self.opener.open_rtp(datagram).ok()?;
            let packet = &*datagram.get_mut(..len)?;
            let audio_level = header.extensions(packet).audio_level(ids);
            Received::Rtp(RtpPacket {
                header,
                index,
                audio_level,
                payload: header.payload(packet).ok()?,
            })
        };
        self.last_heard = now;
        Some(received)
    }

    /// Takes a DTLS datagram after the handshake. True when the peer closed the association.
    pub(super) fn handle_dtls(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        out: &mut impl Transmit,
    ) -> bool {
        let Some(lingering) = &mut self.lingering else {
            return false;
        };
        let event = lingering
            .endpoint
            .handle_datagram(now, datagram, |reply| out.transmit(path, reply));
        match event {
            Ok(event) => event == Some(Event::Closed),
            Err(error) => {
                // The keys stand: an error here, which anybody may cause, is no reason to end the link.
                tracing::debug!(%error, "DTLS failed after the handshake");
                self.lingering = None;
                false
            }
        }
    }

    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        path: Option<Path>,
        out: &mut impl Transmit,
    ) {
        let Some(lingering) = &mut self.lingering else {
            return;
        };
        if now >= lingering.until {
            self.lingering = None;
        } else if let Some(path) = path.filter(|_| {
            lingering
                .endpoint
                .next_timeout()
                .is_some_and(|at| now >= at)
        }) {
            let result = lingering
                .endpoint
                .handle_timeout(now, |reply| out.transmit(path, reply));
            if let Err(error) = result {
                tracing::debug!(%error, "DTLS failed after the handshake");
                self.lingering = None;
            }
        }
    }

    pub(super) fn next_timeout(&self, consent_until: Option<Instant>) -> Instant {
        let silence = self.silence_at(consent_until);
        let dtls = self.lingering.as_ref().map(|lingering| {
            lingering
                .endpoint
                .next_timeout()
                .map_or(lingering.until, |at| at.min(lingering.until))
        });
        dtls.map_or(silence, |at| at.min(silence))
    }

    /// True when neither a check nor an authentic packet came for too long.
    pub(super) fn silent_since(&self, consent_until: Option<Instant>, now: Instant) -> bool {
        now >= self.silence_at(consent_until)
    }

    /// Says goodbye while the DTLS machine is there to say it with.
    pub(super) fn close(&mut self, path: Path, out: &mut impl Transmit) {
        if let Some(mut lingering) = self.lingering.take() {
            lingering.endpoint.close(|alert| out.transmit(path, alert));
        }
    }

    /// Some programs that send media do not go on checking: what they send counts as a sign of life, though not as
    /// consent to be sent to.
    fn silence_at(&self, consent_until: Option<Instant>) -> Instant {
        let heard = self.last_heard + SILENCE_TIMEOUT;
        consent_until.map_or(heard, |consent| consent.max(heard))
    }
}
