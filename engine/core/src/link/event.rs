//! What a link tells its owner.

use crate::dtls::DtlsError;
use crate::rtcp::Packets;
use crate::rtp::{AudioLevel, Header};

/// What a datagram or the passing of time brought.
#[derive(Debug)]
pub enum Received<'a> {
    /// The peer proved its identity; media may flow.
    Connected,
    Rtp(RtpPacket<'a>),
    Rtcp(Packets<'a>),
    /// The link is over and says nothing more.
    Closed(CloseReason),
}

/// An authentic RTP packet, decrypted.
#[derive(Debug, Clone, Copy)]
pub struct RtpPacket<'a> {
    pub header: Header,
    /// The sequence number with its roll-overs counted: 48 bits that never wrap.
    pub index: u64,
    /// What the sender claims.
    pub audio_level: Option<AudioLevel>,
    /// Without padding; empty in packets that only pad.
    pub payload: &'a [u8],
}

/// Why a link is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// No authenticated connectivity check came in time.
    NoConnectivity,
    HandshakeTimeout,
    HandshakeFailed,
    /// The certificate is not the one the peer's SDP announced.
    WrongFingerprint,
    /// The peer said nothing authentic for [`super::SILENCE_TIMEOUT`].
    ConsentExpired,
    /// The peer closed the DTLS association.
    Remote,
    /// [`super::Link::close`] was called.
    Local,
}

impl CloseReason {
    pub(super) fn of(error: &DtlsError) -> Self {
        match error {
            DtlsError::WrongFingerprint => Self::WrongFingerprint,
            DtlsError::NoCertificate
            | DtlsError::NoProfile
            | DtlsError::Failed(_)
            | DtlsError::Output { .. }
            | DtlsError::Panicked => Self::HandshakeFailed,
        }
    }
}
