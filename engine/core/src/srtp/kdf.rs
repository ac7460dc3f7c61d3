//! Key derivation with AES in counter mode (RFC 3711 §4.3.3), key derivation rate 0 as DTLS-SRTP prescribes.

use aws_lc_rs::cipher::EncryptingKey;

use super::counter_mode::{counter_key, keystream_xor};

/// What a derived key is for (RFC 3711 §4.3.2).
#[derive(Debug, Clone, Copy)]
pub(super) enum Label {
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
}

/// A master key and its salt, ready for all that is derived from them: the key's schedule is made once.
pub(super) struct Derivation {
    key: EncryptingKey,
    salt: [u8; 16],
}

impl Derivation {
    /// A 96-bit salt counts as a 112-bit one with zeros at its end (RFC 7714 §11). `None` when the key has no length of AES
    /// or the salt is longer than 14 bytes.
    pub(super) fn new(master_key: &[u8], master_salt: &[u8]) -> Option<Self> {
        let mut salt = [0; 16];
        salt.get_mut(..14)?
            .get_mut(..master_salt.len())?
            .copy_from_slice(master_salt);
        let key = counter_key(master_key)?;
        Some(Self { key, salt })
    }

    /// Fills `out` with the key for `label`.
    pub(super) fn derive(&self, label: Label, out: &mut [u8]) -> Option<()> {
        let mut block = self.salt;
        // The label is the byte above the 48-bit packet index, which is 0 at derivation rate 0.
        block[7] ^= label as u8;
        out.fill(0);
        keystream_xor(&self.key, block, out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::hex;
    use super::*;

    /// RFC 3711 §B.3.
    #[test]
    fn the_derived_keys_of_rfc_3711_come_out() {
        let key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
        let salt = hex("0EC675AD498AFEEBB6960B3AABE6");
        let cases = [
            (Label::RtpEncryption, "C61E7A93744F39EE10734AFE3FF7A087"),
            (Label::RtpSalt, "30CBBC08863D8C85D49DB34A9AE1"),
            (
                Label::RtpAuthentication,
                "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
            ),
        ];
        for (label, expected) in cases {
            let mut derived = vec![0; expected.len() / 2];
            let derivation = Derivation::new(&key, &salt).unwrap();
            derivation.derive(label, &mut derived).unwrap();
            assert_eq!(derived, hex(expected), "{label:?}");
        }
    }
}
