//! A link whose peer has proven its identity.

use std::time::Instant;

use super::SILENCE_TIMEOUT;
use super::event::{Received, RtpPacket};
use super::transmit::Transmit;
use crate::dtls::{Endpoint, LastWords};
use crate::ice::Path;
use crate::rtcp::{self, Packets};
use crate::rtp::ExtensionIds;
use crate::srtp::{Opener, RtcpSealer, RtpSealer, SessionKeys};

#[derive(Debug)]
pub(super) struct Connected {
    /// Until whoever sends takes it.
    pub(super) rtp: Option<RtpSealer>,
    pub(super) rtcp: RtcpSealer,
    opener: Opener,
    last_words: LastWords,
    last_heard: Instant,
}

impl Connected {
    /// `None` when the cryptographic library refuses the keys.
    pub(super) fn new(endpoint: Endpoint, keys: &SessionKeys, now: Instant) -> Option<Self> {
        Some(Self {
            rtp: Some(RtpSealer::new(&keys.local)?),
            rtcp: RtcpSealer::new(&keys.local)?,
            opener: Opener::new(&keys.remote)?,
            last_words: endpoint.into_last_words(),
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

    /// Takes a DTLS datagram after the handshake.
    pub(super) fn handle_dtls(&mut self, path: Path, datagram: &[u8], out: &mut impl Transmit) {
        self.last_words
            .answer(datagram, |reply| out.transmit(path, reply));
    }

    pub(super) fn next_timeout(&self, consent_until: Option<Instant>) -> Instant {
        self.silence_at(consent_until)
    }

    /// True when neither a check nor an authentic packet came for too long.
    pub(super) fn silent_since(&self, consent_until: Option<Instant>, now: Instant) -> bool {
        now >= self.silence_at(consent_until)
    }

    /// Says goodbye.
    pub(super) fn close(self, path: Path, out: &mut impl Transmit) {
        self.last_words.close(|alert| out.transmit(path, alert));
    }

    /// Some programs that send media do not go on checking: what they send counts as a sign of life, though not as
    /// consent to be sent to.
    fn silence_at(&self, consent_until: Option<Instant>) -> Instant {
        let heard = self.last_heard + SILENCE_TIMEOUT;
        consent_until.map_or(heard, |consent| consent.max(heard))
    }
}
