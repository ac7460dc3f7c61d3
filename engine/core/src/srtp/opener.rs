//! Checking and decrypting what a link receives.

use super::cipher::Cipher;
use super::replay::ReplayWindow;
use super::{MasterKey, RTCP_ENCRYPTED, RTCP_HEADER_LEN};
use crate::rtp::{Header, extend_sequence};

/// Streams a peer may have at a time, for RTP and for RTCP each. More are refused: forgetting an old one would let its
/// packets be replayed.
pub const MAX_STREAMS: usize = 8;

/// Why a packet is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    #[error("not an RTP or RTCP packet")]
    Malformed,
    #[error("the packet was received before, or is too old to tell")]
    Replayed,
    #[error("the packet is not encrypted, which WebRTC demands")]
    NotEncrypted,
    #[error("the packet is not authentic")]
    NotAuthentic,
    #[error("the peer has {MAX_STREAMS} streams already")]
    TooManyStreams,
}

/// Opens RTP and RTCP with the peer's keys and accepts no packet twice.
pub struct Opener {
    rtp: RtpCipher,
    rtcp: Cipher,
    rtp_streams: Streams,
    rtcp_streams: Streams,
}

impl Opener {
    /// `None` when the cryptographic library refuses the keys.
    pub fn new(master: &MasterKey) -> Option<Self> {
        Some(Self {
            rtp: RtpCipher::Unused(master.clone()),
            rtcp: master.rtcp_cipher()?,
            rtp_streams: Streams::default(),
            rtcp_streams: Streams::default(),
        })
    }

    /// Checks and decrypts the RTP `packet` in place. Returns its header, its 48-bit index, and the length of header
    /// and plaintext (padding still in it).
    ///
    /// # Errors
    /// When the packet is to be dropped; the state is as before then.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<(Header, u64, usize), OpenError> {
        let header = Header::parse(packet).map_err(|_| OpenError::Malformed)?;
        let window = self.rtp_streams.window(header.ssrc)?;
        let index = match window {
            None => u64::from(header.sequence),
            Some(window) => {
                extend_sequence(window.highest(), header.sequence).ok_or(OpenError::Replayed)?
            }
        };
        if window.is_some_and(|window| !window.is_fresh(index)) {
            return Err(OpenError::Replayed);
        }
        let cipher = self.rtp.get().ok_or(OpenError::NotAuthentic)?;
        let len = cipher
            .open_rtp(header.ssrc, index, header.len, packet)
            .ok_or(OpenError::NotAuthentic)?;
        self.rtp_streams.insert(header.ssrc, index);
        Ok((header, index, len))
    }

    /// Checks and decrypts the RTCP `packet` in place and returns the length of the compound.
    ///
    /// # Errors
    /// When the packet is to be dropped; the state is as before then.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, OpenError> {
        let ssrc = packet
            .get(4..RTCP_HEADER_LEN)
            .and_then(|ssrc| ssrc.first_chunk())
            .ok_or(OpenError::Malformed)?;
        let ssrc = u32::from_be_bytes(*ssrc);
        let word = self.rtcp.rtcp_word(packet).ok_or(OpenError::Malformed)?;
        if word & RTCP_ENCRYPTED == 0 {
            return Err(OpenError::NotEncrypted);
        }
        let index = u64::from(word & !RTCP_ENCRYPTED);
        if self
            .rtcp_streams
            .window(ssrc)?
            .is_some_and(|window| !window.is_fresh(index))
        {
            return Err(OpenError::Replayed);
        }
        let len = self
            .rtcp
            .open_rtcp(ssrc, word, packet)
            .ok_or(OpenError::NotAuthentic)?;
        self.rtcp_streams.insert(ssrc, index);
        Ok(len)
    }
}

/// Most peers listen and never send RTP: the cipher, a large part of a link, is made for the first packet.
enum RtpCipher {
    Unused(MasterKey),
    Ready(Cipher),
}

impl RtpCipher {
    /// `None` when the cryptographic library refuses the keys.
    fn get(&mut self) -> Option<&Cipher> {
        if let Self::Unused(master) = self {
            *self = Self::Ready(master.rtp_cipher()?);
        }
        match self {
            Self::Unused(_) => None,
            Self::Ready(cipher) => Some(cipher),
        }
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener")
            .field("rtp_streams", &self.rtp_streams.0.len())
            .finish_non_exhaustive()
    }
}

/// The replay windows of a peer's streams, at most [`MAX_STREAMS`].
#[derive(Debug, Default)]
struct Streams(Vec<(u32, ReplayWindow)>);

impl Streams {
    /// The window of `ssrc`, `None` when the stream is new and there is room for it.
    fn window(&self, ssrc: u32) -> Result<Option<ReplayWindow>, OpenError> {
        let found = self
            .0
            .iter()
            .find(|(known, _)| *known == ssrc)
            .map(|(_, window)| *window);
        if found.is_none() && self.0.len() >= MAX_STREAMS {
            return Err(OpenError::TooManyStreams);
        }
        Ok(found)
    }

    /// Marks an authentic packet as seen.
    fn insert(&mut self, ssrc: u32, index: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == ssrc) {
            Some((_, window)) => window.insert(index),
            None => self.0.push((ssrc, ReplayWindow::starting_at(index))),
        }
    }
}
