//! One cipher with one set of session keys, behind which the profiles differ.

use super::counter_mode::CounterMode;
use super::gcm::Gcm;
use super::{Profile, RTCP_ENCRYPTED, RTCP_HEADER_LEN, RTCP_INDEX_LEN};

/// Protects and checks packets whose index is known. It has no memory: indices are its callers' business.
///
/// Boxed: the two differ in size, and a link holds four of them.
pub(super) enum Cipher {
    Gcm(Gcm),
    CounterMode(Box<CounterMode>),
}

impl Cipher {
    pub(super) fn new(
        profile: Profile,
        key: &[u8],
        authentication: &[u8],
        salt: &[u8],
    ) -> Option<Self> {
        Some(match profile {
            Profile::AeadAes128Gcm | Profile::AeadAes256Gcm => Self::Gcm(Gcm::new(key, salt)?),
            Profile::Aes128CmSha1_80 => {
                Self::CounterMode(Box::new(CounterMode::new(key, authentication, salt)?))
            }
        })
    }

    pub(super) fn tag_len(&self) -> usize {
        match self {
            Self::Gcm(_) => super::gcm::TAG_LEN,
            Self::CounterMode(_) => super::counter_mode::TAG_LEN,
        }
    }

    /// Protects `packet`: header of `header_len` bytes, plaintext, and room for the tag.
    pub(super) fn seal_rtp(
        &self,
        ssrc: u32,
        index: u64,
        header_len: usize,
        packet: &mut [u8],
    ) -> Option<()> {
        let tag_start = packet.len().checked_sub(self.tag_len())?;
        let (plain, tag) = packet.split_at_mut_checked(tag_start)?;
        match self {
            Self::Gcm(gcm) => {
                let (header, payload) = plain.split_at_mut_checked(header_len)?;
                tag.copy_from_slice(&gcm.seal(ssrc, index, header, payload)?);
            }
            Self::CounterMode(mode) => {
                mode.crypt(ssrc, index, plain.get_mut(header_len..)?)?;
                tag.copy_from_slice(&mode.tag([plain, &roll_over_counter(index)]));
            }
        }
        Some(())
    }

    /// Checks and decrypts `packet` in place; returns the length of header and plaintext.
    pub(super) fn open_rtp(
        &self,
        ssrc: u32,
        index: u64,
        header_len: usize,
        packet: &mut [u8],
    ) -> Option<usize> {
        match self {
            Self::Gcm(gcm) => {
                let (header, payload) = packet.split_at_mut_checked(header_len)?;
                Some(header_len + gcm.open(ssrc, index, header, payload)?)
            }
            Self::CounterMode(mode) => {
                let len = packet.len().checked_sub(self.tag_len())?;
                let (sealed, tag) = packet.split_at_mut_checked(len)?;
                if !mode.tag_matches([sealed, &roll_over_counter(index)], tag) {
                    return None;
                }
                mode.crypt(ssrc, index, sealed.get_mut(header_len..)?)?;
                Some(len)
            }
        }
    }

    /// Protects the compound RTCP packet in `out[..len]`; returns the protected length. `None` when `out` is too small.
    pub(super) fn seal_rtcp(
        &self,
        ssrc: u32,
        index: u32,
        len: usize,
        out: &mut [u8],
    ) -> Option<usize> {
        let word = (RTCP_ENCRYPTED | index).to_be_bytes();
        let total = len + self.tag_len() + RTCP_INDEX_LEN;
        let (plain, trailer) = out.get_mut(..total)?.split_at_mut_checked(len)?;
        let (header, body) = plain.split_at_mut_checked(RTCP_HEADER_LEN)?;
        match self {
            Self::Gcm(gcm) => {
                let tag = gcm.seal(ssrc, u64::from(index), &rtcp_aad(header, word)?, body)?;
                put(trailer, [&tag, &word]);
            }
            Self::CounterMode(mode) => {
                mode.crypt(ssrc, u64::from(index), body)?;
                let tag = mode.tag([plain, &word]);
                put(trailer, [&word, &tag]);
            }
        }
        Some(total)
    }

    /// The word with E flag and index of a protected RTCP packet: at the very end with an AEAD (RFC 7714 §9.2), before
    /// the tag otherwise (RFC 3711 §3.4).
    pub(super) fn rtcp_word(&self, packet: &[u8]) -> Option<u32> {
        let end = match self {
            Self::Gcm(_) => packet.len(),
            Self::CounterMode(_) => packet.len().checked_sub(self.tag_len())?,
        };
        let word = packet.get(end.checked_sub(RTCP_INDEX_LEN)?..end)?;
        word.first_chunk().map(|word| u32::from_be_bytes(*word))
    }

    /// Checks and decrypts the RTCP `packet` in place; returns the length of the compound.
    pub(super) fn open_rtcp(&self, ssrc: u32, word: u32, packet: &mut [u8]) -> Option<usize> {
        let index = u64::from(word & !RTCP_ENCRYPTED);
        let len = packet.len().checked_sub(self.tag_len() + RTCP_INDEX_LEN)?;
        match self {
            Self::Gcm(gcm) => {
                let (header, rest) = packet.split_at_mut_checked(RTCP_HEADER_LEN)?;
                let sealed = rest.len().checked_sub(RTCP_INDEX_LEN)?;
                let aad = rtcp_aad(header, word.to_be_bytes())?;
                gcm.open(ssrc, index, &aad, rest.get_mut(..sealed)?)?;
            }
            Self::CounterMode(mode) => {
                let (sealed, trailer) = packet.split_at_mut_checked(len)?;
                let (word, tag) = trailer.split_at_checked(RTCP_INDEX_LEN)?;
                if !mode.tag_matches([sealed, word], tag) {
                    return None;
                }
                mode.crypt(ssrc, index, sealed.get_mut(RTCP_HEADER_LEN..)?)?;
            }
        }
        Some(len)
    }
}

/// The authenticated part of an SRTP packet ends with the roll-over counter (RFC 3711 §4.2).
fn roll_over_counter(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// RFC 7714 §9.2: the eight bytes in clear and the word with the index.
fn rtcp_aad(
    header: &[u8],
    word: [u8; RTCP_INDEX_LEN],
) -> Option<[u8; RTCP_HEADER_LEN + RTCP_INDEX_LEN]> {
    let mut aad = [0; RTCP_HEADER_LEN + RTCP_INDEX_LEN];
    let (front, back) = aad.split_at_mut(RTCP_HEADER_LEN);
    front.copy_from_slice(header.get(..RTCP_HEADER_LEN)?);
    back.copy_from_slice(&word);
    Some(aad)
}

fn put(target: &mut [u8], parts: [&[u8]; 2]) {
    target
        .iter_mut()
        .zip(parts.into_iter().flatten())
        .for_each(|(to, from)| *to = *from);
}
