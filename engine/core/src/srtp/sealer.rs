//! Protecting what a link sends.

use super::cipher::Cipher;
use super::{Index, MasterKey, RTCP_ENCRYPTED, RTCP_HEADER_LEN};

/// Why a packet is not protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    #[error("the header to protect is not an RTP or RTCP header")]
    Header,
    #[error("the buffer of {got} bytes cannot hold the protected packet of {need}")]
    TooLarge { need: usize, got: usize },
    #[error("the keys have protected as many packets as they may")]
    KeysUsedUp,
}

/// Protects RTP with one direction's keys. It has no memory: which index a packet may have is the business of the
/// stream's [`super::Indices`].
pub struct RtpSealer(Cipher);

impl RtpSealer {
    /// `None` when the cryptographic library refuses the keys.
    #[must_use]
    pub fn new(master: &MasterKey) -> Option<Self> {
        master.rtp_cipher().map(Self)
    }

    /// Writes the protected packet made of `header` (a whole RTP header, whose sequence number the index replaces) and
    /// `payload` to the start of `out` and returns its length. Nothing is allocated.
    ///
    /// # Errors
    /// When there is no whole header, or `out` is too small.
    pub fn seal(
        &self,
        index: Index,
        header: &[u8],
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let ssrc = header.get(8..12).and_then(|ssrc| ssrc.first_chunk());
        let ssrc = u32::from_be_bytes(*ssrc.ok_or(SealError::Header)?);
        let need = header.len() + payload.len() + self.0.tag_len();
        let too_large = SealError::TooLarge {
            need,
            got: out.len(),
        };
        let packet = out.get_mut(..need).ok_or(too_large)?;
        let (front, rest) = packet.split_at_mut(header.len());
        front.copy_from_slice(header);
        if let Some(number) = front.get_mut(2..4) {
            number.copy_from_slice(&index.sequence().to_be_bytes());
        }
        rest.get_mut(..payload.len())
            .ok_or(too_large)?
            .copy_from_slice(payload);
        self.0
            .seal_rtp(ssrc, index.get(), header.len(), packet)
            .ok_or(SealError::KeysUsedUp)?;
        Ok(need)
    }
}

/// Protects RTCP with one direction's keys and gives no index away twice.
pub struct RtcpSealer {
    cipher: Cipher,
    next_index: u32,
}

impl RtcpSealer {
    /// `None` when the cryptographic library refuses the keys.
    #[must_use]
    pub fn new(master: &MasterKey) -> Option<Self> {
        Some(Self {
            cipher: master.rtcp_cipher()?,
            next_index: 0,
        })
    }

    /// Protects the RTCP compound in `out[..len]` in place and returns its new length.
    ///
    /// # Errors
    /// When it is no RTCP packet, `out` is too small, or the keys are used up after 2^31 packets.
    pub fn seal(&mut self, len: usize, out: &mut [u8]) -> Result<usize, SealError> {
        let ssrc = out
            .get(4..RTCP_HEADER_LEN)
            .filter(|_| len >= RTCP_HEADER_LEN);
        let ssrc = ssrc
            .and_then(|ssrc| ssrc.first_chunk())
            .ok_or(SealError::Header)?;
        let ssrc = u32::from_be_bytes(*ssrc);
        let index = self.next_index;
        if index >= RTCP_ENCRYPTED {
            return Err(SealError::KeysUsedUp);
        }
        let got = out.len();
        let need = len + super::MAX_RTCP_OVERHEAD;
        let total = self
            .cipher
            .seal_rtcp(ssrc, index, len, out)
            .ok_or(SealError::TooLarge { need, got })?;
        self.next_index += 1;
        Ok(total)
    }
}

impl std::fmt::Debug for RtpSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RtpSealer").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for RtcpSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RtcpSealer")
            .field("next_index", &self.next_index)
            .finish_non_exhaustive()
    }
}
