//! AES-GCM as an SRTP cipher (RFC 7714 §8, §9).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::counter_mode::xor_at;

pub(super) const TAG_LEN: usize = 16;

/// The session key of an AEAD profile for RTP or for RTCP.
pub(super) struct Gcm {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Gcm {
    pub(super) fn new(key: &[u8], salt: &[u8]) -> Option<Self> {
        let algorithm = if key.len() == 32 {
            &AES_256_GCM
        } else {
            &AES_128_GCM
        };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
        Some(Self {
            key,
            salt: salt.try_into().ok()?,
        })
    }

    /// Encrypts `data` in place and returns its tag.
    pub(super) fn seal(
        &self,
        ssrc: u32,
        index: u64,
        aad: &[u8],
        data: &mut [u8],
    ) -> Option<[u8; TAG_LEN]> {
        let tag = self
            .key
            .seal_in_place_separate_tag(self.nonce(ssrc, index), Aad::from(aad), data)
            .ok()?;
        tag.as_ref().try_into().ok()
    }

    /// Checks and decrypts `data`, ciphertext and tag, in place and returns the length of the plaintext.
    pub(super) fn open(&self, ssrc: u32, index: u64, aad: &[u8], data: &mut [u8]) -> Option<usize> {
        let plain = self
            .key
            .open_in_place(self.nonce(ssrc, index), Aad::from(aad), data)
            .ok()?;
        Some(plain.len())
    }

    /// RFC 7714 §8.1 and §9.1: two zero bytes, SSRC, 48-bit index (of which SRTCP uses 31), XORed with the salt.
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut nonce = self.salt;
        xor_at(&mut nonce, 2, &ssrc.to_be_bytes());
        xor_at(&mut nonce, 6, &index.to_be_bytes()[2..]);
        Nonce::assume_unique_for_key(nonce)
    }
}
