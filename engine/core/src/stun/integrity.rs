//! MESSAGE-INTEGRITY (RFC 8489 §14.5) and FINGERPRINT (§14.7).

use aws_lc_rs::hmac;

use super::{FINGERPRINT_XOR, HEADER_LEN};

pub(super) const INTEGRITY_LEN: usize = 20;

/// The HMAC-SHA1 of a message up to its MESSAGE-INTEGRITY attribute at `offset`, with the header's length field set
/// as if the message ended right after that attribute. `None` when `message` is shorter than that.
pub(super) fn integrity(message: &[u8], offset: usize, password: &str) -> Option<hmac::Tag> {
    let mut context = hmac::Context::with_key(&key(password));
    feed(message, offset, INTEGRITY_LEN, |bytes| {
        context.update(bytes)
    })?;
    Some(context.sign())
}

/// Compares in constant time.
pub(super) fn integrity_matches(message: &[u8], offset: usize, password: &str, tag: &[u8]) -> bool {
    let expected = integrity(message, offset, password);
    expected.is_some_and(|expected| {
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), tag).is_ok()
    })
}

/// The value of the FINGERPRINT attribute at `offset`.
pub(super) fn fingerprint(message: &[u8], offset: usize) -> Option<u32> {
    let mut crc = Crc32::new();
    feed(message, offset, 4, |bytes| crc.update(bytes))?;
    Some(crc.finish() ^ FINGERPRINT_XOR)
}

/// Hands out the message up to `offset` with the length field of a message that ends with the attribute there.
fn feed(
    message: &[u8],
    offset: usize,
    value_len: usize,
    mut update: impl FnMut(&[u8]),
) -> Option<()> {
    let len = u16::try_from(offset + 4 + value_len - HEADER_LEN).ok()?;
    update(message.get(..2)?);
    update(&len.to_be_bytes());
    update(message.get(4..offset)?);
    Some(())
}

/// A short-term credential's key is the password itself (RFC 8489 §9.1.1).
fn key(password: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes())
}

/// CRC-32 of ITU V.42, a byte at a time from a table.
struct Crc32(u32);

impl Crc32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let mut crc = i as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 {
                    crc >> 1 ^ 0xEDB8_8320
                } else {
                    crc >> 1
                };
                bit += 1;
            }
            table[i] = crc;
            i += 1;
        }
        table
    };

    fn new() -> Self {
        Self(u32::MAX)
    }

    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let index = self.0 as u8 ^ byte;
            self.0 = self.0 >> 8 ^ Self::TABLE[usize::from(index)];
        }
    }

    fn finish(self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_of_the_check_string_is_the_published_one() {
        let mut crc = Crc32::new();
        crc.update(b"123456789");
        assert_eq!(crc.finish(), 0xCBF4_3926);
    }
}
