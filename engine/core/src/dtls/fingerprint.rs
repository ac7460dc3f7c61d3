//! The SHA-256 of a certificate, as SDP carries it (RFC 8122 §5).

use std::fmt;

use aws_lc_rs::digest;

/// SHA-256 of a certificate's DER form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate in DER form.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, certificate);
        let mut bytes = [0; 32];
        bytes
            .iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// Reads `sha-256 AB:CD:…`; `None` for another hash or another form.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (hash, hex) = value.trim().split_once(' ')?;
        let mut pairs = hex.trim().split(':');
        let mut bytes = [0; 32];
        for byte in &mut bytes {
            *byte = hex_byte(pairs.next()?)?;
        }
        let complete = hash.eq_ignore_ascii_case("sha-256") && pairs.next().is_none();
        complete.then_some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every section of every answer has it: formatted byte by byte it was a seventh of what the edge computes for a join.
        let digit = |nibble: u8| char::from(b"0123456789ABCDEF"[usize::from(nibble)]);
        let mut text = String::with_capacity(8 + 3 * self.0.len());
        text.push_str("sha-256");
        for (place, byte) in self.0.iter().enumerate() {
            text.push(if place == 0 { ' ' } else { ':' });
            text.extend([digit(byte >> 4), digit(byte & 0x0F)]);
        }
        f.write_str(&text)
    }
}

/// Two hexadecimal digits; `from_str_radix` alone would take a sign.
fn hex_byte(pair: &str) -> Option<u8> {
    let digits = pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
    digits.then(|| u8::from_str_radix(pair, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written() {
        let fingerprint = Fingerprint::of(b"certificate");
        let text = fingerprint.to_string();
        assert_eq!(Fingerprint::parse(&text), Some(fingerprint));
        assert_eq!(Fingerprint::parse(&text.to_lowercase()), Some(fingerprint));
    }

    #[test]
    fn other_text_is_refused() {
        let repeated = |pair: &str, count: usize| vec![pair; count].join(":");
        for hex in [
            String::new(),
            repeated("AB", 31),
            repeated("AB", 33),
            repeated("+B", 32),
        ] {
            assert_eq!(Fingerprint::parse(&format!("sha-256 {hex}")), None, "{hex}");
        }
        assert_eq!(
            Fingerprint::parse(&format!("sha-1 {}", repeated("AB", 32))),
            None
        );
    }
}
