//! Protecting what a link sends.

use super::cipher::Cipher;
use super::replay::ReplayWindow;
use super::{MasterKey, RTCP_ENCRYPTED, RTCP_HEADER_LEN};
use crate::rtp::{Header, extend_sequence};

/// Why a packet is not protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    #[error("the header to protect is not an RTP or RTCP header")]
    Header,
    #[error("the buffer of {got} bytes cannot hold the protected packet of {need}")]
    TooLarge { need: usize, got: usize },
    #[error("the index of sequence number {sequence} was used or lies too far behind to tell")]
    IndexUsed { sequence: u16 },
    #[error(
        "the index of sequence number {sequence} was not used lately: there is nothing to repeat"
    )]
    NothingToRepeat { sequence: u16 },
    #[error("the keys have protected as many packets as they may")]
    KeysUsedUp,
}

/// Protects RTP and RTCP with one direction's keys and gives no index away twice.
pub struct Sealer {
    rtp: Cipher,
    rtcp: Cipher,
    /// Which indices each of our streams has used. Few: the engine chooses the SSRCs.
    streams: Vec<(u32, ReplayWindow)>,
    next_rtcp_index: u32,
}

impl Sealer {
    /// `None` when the cryptographic library refuses the keys.
    pub fn new(master: &MasterKey) -> Option<Self> {
        let (rtp, rtcp) = master.ciphers()?;
        Some(Self {
            rtp,
            rtcp,
            streams: Vec::new(),
            next_rtcp_index: 0,
        })
    }

    /// Writes the protected packet made of `header` (a whole RTP header) and `payload` to the start of `out` and returns
    /// its length. Nothing is allocated, except for the first packet of a stream.
    ///
    /// Sequence numbers of a stream go forward by less than 2^15 at a time; one that was left out may still follow while
    /// it is among the last 128.
    ///
    /// # Errors
    /// When the index was used or lies too far behind to tell, or `out` is too small; nothing is used up then.
    pub fn seal_rtp(
        &mut self,
        header: &[u8],
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let facts = Header::parse(header).map_err(|_| SealError::Header)?;
        let known = self
            .streams
            .iter()
            .position(|(ssrc, _)| *ssrc == facts.ssrc);
        let window = known
            .and_then(|at| self.streams.get(at))
            .map(|(_, window)| *window);
        let index = next_index(window, facts.sequence)?;
        let len = self.seal_at(index, facts.ssrc, [header, payload], out)?;
        match known.and_then(|at| self.streams.get_mut(at)) {
            Some((_, window)) => window.insert(index),
            None => self
                .streams
                .push((facts.ssrc, ReplayWindow::starting_at(index))),
        }
        Ok(len)
    }

    /// Protects a packet once more to answer a NACK. It has to be the very packet that was sealed under its sequence
    /// number: the result is then the same bytes again, which reveals nothing.
    ///
    /// # Errors
    /// When no packet with this sequence number was among the last 128 of its stream, or `out` is too small.
    pub fn repeat_rtp(
        &mut self,
        header: &[u8],
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let facts = Header::parse(header).map_err(|_| SealError::Header)?;
        let stream = self.streams.iter().find(|(ssrc, _)| *ssrc == facts.ssrc);
        let index = stream.and_then(|(_, window)| {
            extend_sequence(window.highest(), facts.sequence)
                .filter(|index| window.has_seen(*index))
        });
        let index = index.ok_or(SealError::NothingToRepeat {
            sequence: facts.sequence,
        })?;
        self.seal_at(index, facts.ssrc, [header, payload], out)
    }

    /// Protects the RTCP compound in `out[..len]` in place and returns its new length.
    ///
    /// # Errors
    /// When it is no RTCP packet, `out` is too small, or the keys are used up after 2^31 packets.
    pub fn seal_rtcp(&mut self, len: usize, out: &mut [u8]) -> Result<usize, SealError> {
        let ssrc = out
            .get(4..RTCP_HEADER_LEN)
            .filter(|_| len >= RTCP_HEADER_LEN);
        let ssrc = ssrc
            .and_then(|ssrc| ssrc.first_chunk())
            .ok_or(SealError::Header)?;
        let ssrc = u32::from_be_bytes(*ssrc);
        let index = self.next_rtcp_index;
        if index >= RTCP_ENCRYPTED {
            return Err(SealError::KeysUsedUp);
        }
        let got = out.len();
        let need = len + super::MAX_RTCP_OVERHEAD;
        let total = self
            .rtcp
            .seal_rtcp(ssrc, index, len, out)
            .ok_or(SealError::TooLarge { need, got })?;
        self.next_rtcp_index += 1;
        Ok(total)
    }

    fn seal_at(
        &self,
        index: u64,
        ssrc: u32,
        parts: [&[u8]; 2],
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let [header, payload] = parts;
        let plain_len = header.len() + payload.len();
        let need = plain_len + self.rtp.tag_len();
        let too_large = SealError::TooLarge {
            need,
            got: out.len(),
        };
        let packet = out.get_mut(..need).ok_or(too_large)?;
        let (front, rest) = packet.split_at_mut(header.len());
        front.copy_from_slice(header);
        rest.get_mut(..payload.len())
            .ok_or(too_large)?
            .copy_from_slice(payload);
        self.rtp
            .seal_rtp(ssrc, index, header.len(), packet)
            .ok_or(SealError::KeysUsedUp)?;
        Ok(need)
    }
}

/// The index of `sequence`, which nothing may have used: the same keystream twice would give both packets away.
fn next_index(window: Option<ReplayWindow>, sequence: u16) -> Result<u64, SealError> {
    let Some(window) = window else {
        return Ok(u64::from(sequence));
    };
    let index = extend_sequence(window.highest(), sequence);
    index
        .filter(|index| window.is_fresh(*index))
        .ok_or(SealError::IndexUsed { sequence })
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("streams", &self.streams.len())
            .finish_non_exhaustive()
    }
}
