//! The SHA-256 of a certificate, as SDP carries it (RFC 8122 §5).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;

/// Why a fingerprint's text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintError {
    #[error("a SHA-256 fingerprint is 32 bytes in hexadecimal with colons between them")]
    Format,
}

/// SHA-256 of a certificate's DER form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate in DER form.
    pub fn of(certificate: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, certificate);
        let mut bytes = [0; 32];
        bytes
            .iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(bytes)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let mut bytes = [0; 32];
        let mut pairs = text.split(':');
        for byte in &mut bytes {
            let pair = pairs
                .next()
                .filter(|pair| is_hex_byte(pair))
                .ok_or(FingerprintError::Format)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| FingerprintError::Format)?;
        }
        if pairs.next().is_some() {
            Err(FingerprintError::Format)
        } else {
            Ok(Self(bytes))
        }
    }
}

/// `from_str_radix` alone would take a sign.
fn is_hex_byte(pair: &str) -> bool {
    pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit())
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { ":" };
            write!(f, "{separator}{byte:02X}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written() {
        let fingerprint = Fingerprint::of(b"certificate");
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert_eq!(
            fingerprint.to_string().to_lowercase().parse(),
            Ok(fingerprint)
        );
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "AB",
            "AB:CD",
            &"AB:".repeat(32),
            &["AB"; 33].join(":"),
            &["+B"; 32].join(":"),
        ] {
            assert_eq!(
                text.parse::<Fingerprint>(),
                Err(FingerprintError::Format),
                "{text}"
            );
        }
    }
}
