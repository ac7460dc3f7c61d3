//! AES in counter mode with HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1): the profile AES128_CM_SHA1_80.

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

/// RFC 3711 §5.2: 80 bits.
pub(super) const TAG_LEN: usize = 10;

/// A counter-mode key of 16 or 32 bytes; `None` for other lengths.
pub(super) fn counter_key(key: &[u8]) -> Option<EncryptingKey> {
    let algorithm = match key.len() {
        16 => &AES_128,
        32 => &AES_256,
        _ => return None,
    };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()
}

/// XORs the key stream that starts at the counter `block` into `data`.
pub(super) fn keystream_xor(key: &EncryptingKey, block: [u8; 16], data: &mut [u8]) -> Option<()> {
    let context = EncryptionContext::Iv128(FixedLength::from(block));
    key.less_safe_encrypt(data, context).ok().map(drop)
}

/// The session keys of AES128_CM_SHA1_80 for RTP or for RTCP.
pub(super) struct CounterMode {
    key: EncryptingKey,
    authentication: hmac::Key,
    salt: [u8; 14],
}

impl CounterMode {
    pub(super) fn new(key: &[u8], authentication: &[u8], salt: &[u8]) -> Option<Self> {
        let authentication = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, authentication);
        Some(Self {
            key: counter_key(key)?,
            authentication,
            salt: salt.try_into().ok()?,
        })
    }

    /// Encrypts or decrypts `data`, the packet `index` (48 or 31 bits) of the stream `ssrc`.
    pub(super) fn crypt(&self, ssrc: u32, index: u64, data: &mut [u8]) -> Option<()> {
        let mut block = [0; 16];
        let (salted, _counter) = block.split_at_mut(14);
        salted.copy_from_slice(&self.salt);
        // RFC 3711 §4.1.1: (salt << 16) XOR (SSRC << 64) XOR (index << 16).
        xor_at(salted, 4, &ssrc.to_be_bytes());
        xor_at(salted, 8, &index.to_be_bytes()[2..]);
        keystream_xor(&self.key, block, data)
    }

    /// The tag over `parts` in a row.
    pub(super) fn tag(&self, parts: [&[u8]; 2]) -> [u8; TAG_LEN] {
        let mut context = hmac::Context::with_key(&self.authentication);
        parts.iter().for_each(|part| context.update(part));
        let full = context.sign();
        let mut tag = [0; TAG_LEN];
        tag.iter_mut()
            .zip(full.as_ref())
            .for_each(|(to, from)| *to = *from);
        tag
    }

    /// Compares in constant time.
    pub(super) fn tag_matches(&self, parts: [&[u8]; 2], tag: &[u8]) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.tag(parts), tag).is_ok()
    }
}

/// XORs `bytes` into `target` from the offset `at` on.
pub(super) fn xor_at(target: &mut [u8], at: usize, bytes: &[u8]) {
    target
        .iter_mut()
        .skip(at)
        .zip(bytes)
        .for_each(|(to, from)| *to ^= from);
}

#[cfg(test)]
mod tests {
    use super::super::tests::hex;
    use super::*;

    /// RFC 3711 §B.2.
    #[test]
    fn the_key_stream_of_rfc_3711_comes_out() {
        let key = hex("2B7E151628AED2A6ABF7158809CF4F3C");
        let salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
        let cipher = CounterMode::new(&key, &[0; 20], &salt).unwrap();
        let mut stream = vec![0; 0xFF02 * 16];
        cipher.crypt(0, 0, &mut stream).unwrap();
        let first = "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(stream[..48], hex(first));
        let last = "EC8CDF7398607CB0F2D21675EA9EA1E4362B7C3C6773516318A077D7FC5073AE6A2CC3787889374FBEB4C81B17BA6C44";
        assert_eq!(stream[0xFEFF * 16..0xFF02 * 16], hex(last));
    }
}
