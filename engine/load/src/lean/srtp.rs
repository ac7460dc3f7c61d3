//! Opening what a server sends, and signing a report (RFC 3711, RFC 7714). Keys are expanded anew each time: a listener
//! keeps some dozens of bytes, and only a sample of packets is opened.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::{constant_time, hmac};
use dimpl::SrtpProfile;

const TAG_GCM: usize = 16;
const TAG_SHA1_80: usize = 10;

/// What a label's derived key is for (RFC 3711 §4.3.2).
#[derive(Clone, Copy)]
enum Label {
    RtpKey = 0,
    RtpTag = 1,
    RtpSalt = 2,
    RtcpKey = 3,
    RtcpSalt = 5,
}

/// One direction's master key and salt.
#[derive(Clone)]
pub struct Master {
    aead: bool,
    key: Box<[u8]>,
    salt: Box<[u8]>,
}

/// An RTP packet as it came.
struct Sealed<'a> {
    roc: [u8; 4],
    sequence: &'a [u8],
    ssrc: &'a [u8],
    /// Its length.
    header: usize,
    packet: &'a [u8],
}

impl Sealed<'_> {
    /// XORs SSRC, roll-over counter and sequence number into ten bytes: what no two packets under a key share.
    fn count_into(&self, iv: &mut [u8]) -> Option<()> {
        xor(iv.get_mut(..4)?, self.ssrc);
        xor(iv.get_mut(4..8)?, &self.roc);
        xor(iv.get_mut(8..10)?, self.sequence);
        Some(())
    }
}

impl Master {
    /// The client's and the server's write keys out of DTLS's exported material (RFC 5764 §4.2).
    pub fn split(profile: SrtpProfile, material: &[u8]) -> Option<(Self, Self)> {
        let (key_len, salt_len) = match profile {
            SrtpProfile::AEAD_AES_128_GCM => (16, 12),
            SrtpProfile::AEAD_AES_256_GCM => (32, 12),
            SrtpProfile::AES128_CM_SHA1_80 => (16, 14),
            // `dimpl` may learn profiles that this client does not know.
            #[allow(unreachable_patterns)]
            _ => return None,
        };
        let part = |from: usize, len: usize| material.get(from..from + len).map(Box::from);
        let master = |nth: usize| {
            Some(Self {
                aead: salt_len == 12,
                key: part(nth * key_len, key_len)?,
                salt: part(2 * key_len + nth * salt_len, salt_len)?,
            })
        };
        Some((master(0)?, master(1)?))
    }

    /// Authenticates and decrypts an RTP packet with the roll-over counter `roc`; gives the payload.
    pub fn open_rtp(&self, roc: u32, packet: &[u8]) -> Option<Vec<u8>> {
        let sealed = Sealed {
            roc: roc.to_be_bytes(),
            sequence: packet.get(2..4)?,
            ssrc: packet.get(8..12)?,
            header: header_len(packet)?,
            packet,
        };
        if self.aead {
            self.open_gcm(&sealed)
        } else {
            self.open_counter(&sealed)
        }
    }

    /// Appends tag and index to an RTCP packet, encrypted; `None` for profiles without AEAD.
    pub fn seal_rtcp(&self, index: u32, mut packet: Vec<u8>) -> Option<Vec<u8>> {
        if !self.aead {
            return None;
        }
        let word = (index | 1 << 31).to_be_bytes();
        let mut nonce = self.derived(Label::RtcpSalt, 12)?;
        xor(nonce.get_mut(2..6)?, packet.get(4..8)?);
        xor(nonce.get_mut(8..12)?, &(index & 0x7FFF_FFFF).to_be_bytes());
        // RFC 7714 §9.2: the header and the index word are authenticated, the rest is encrypted too.
        let aad = [packet.get(..8)?, &word].concat();
        let key = self.gcm(Label::RtcpKey)?;
        let nonce = Nonce::assume_unique_for_key(nonce.try_into().ok()?);
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::from(&aad), packet.get_mut(8..)?)
            .ok()?;
        packet.extend_from_slice(tag.as_ref());
        packet.extend_from_slice(&word);
        Some(packet)
    }

    fn open_gcm(&self, sealed: &Sealed<'_>) -> Option<Vec<u8>> {
        let mut nonce = self.derived(Label::RtpSalt, 12)?;
        sealed.count_into(nonce.get_mut(2..12)?)?;
        let (header, payload) = sealed.packet.split_at_checked(sealed.header)?;
        let mut payload = payload.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce.try_into().ok()?);
        let key = self.gcm(Label::RtpKey)?;
        key.open_in_place(nonce, Aad::from(header), &mut payload)
            .ok()?;
        payload.truncate(payload.len().checked_sub(TAG_GCM)?);
        Some(payload)
    }

    fn open_counter(&self, sealed: &Sealed<'_>) -> Option<Vec<u8>> {
        let end = sealed.packet.len().checked_sub(TAG_SHA1_80)?;
        let (signed, tag) = sealed.packet.split_at_checked(end)?;
        let secret = self.derived(Label::RtpTag, 20)?;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
        let mut expected = hmac::Context::with_key(&key);
        expected.update(signed);
        expected.update(&sealed.roc);
        let expected = expected.sign();
        constant_time::verify_slices_are_equal(expected.as_ref().get(..TAG_SHA1_80)?, tag).ok()?;
        // RFC 3711 §4.1.1: salt, SSRC and index, then a 16-bit block counter.
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.derived(Label::RtpSalt, 14)?);
        sealed.count_into(iv.get_mut(4..14)?)?;
        let mut payload = signed.get(sealed.header..)?.to_vec();
        keystream(
            &self.derived(Label::RtpKey, self.key.len())?,
            iv,
            &mut payload,
        )?;
        Some(payload)
    }

    fn gcm(&self, label: Label) -> Option<LessSafeKey> {
        let algorithm = if self.key.len() == 32 {
            &AES_256_GCM
        } else {
            &AES_128_GCM
        };
        let key = self.derived(label, self.key.len())?;
        Some(LessSafeKey::new(UnboundKey::new(algorithm, &key).ok()?))
    }

    /// RFC 3711 §4.3.3, key derivation rate 0.
    fn derived(&self, label: Label, len: usize) -> Option<Vec<u8>> {
        let mut iv = [0; 16];
        iv.get_mut(..self.salt.len())?.copy_from_slice(&self.salt);
        iv[7] ^= label as u8;
        let mut out = vec![0; len];
        keystream(&self.key, iv, &mut out)?;
        Some(out)
    }
}

/// XORs `data` with AES in counter mode.
fn keystream(key: &[u8], iv: [u8; 16], data: &mut [u8]) -> Option<()> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    let key = UnboundCipherKey::new(algorithm, key).ok()?;
    let context = EncryptionContext::Iv128(iv.into());
    EncryptingKey::ctr(key)
        .ok()?
        .less_safe_encrypt(data, context)
        .ok()?;
    Some(())
}

fn xor(into: &mut [u8], with: &[u8]) {
    into.iter_mut().zip(with).for_each(|(a, b)| *a ^= b);
}

/// The RTP header with its contributing sources and extension (RFC 3550 §5.1, §5.3.1).
fn header_len(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let fixed = 12 + 4 * usize::from(first & 0x0F);
    if first & 0x10 == 0 {
        return Some(fixed);
    }
    let words = packet.get(fixed + 2..fixed + 4)?;
    Some(fixed + 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]])))
}
