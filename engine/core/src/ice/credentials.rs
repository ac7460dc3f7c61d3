//! User name fragment and password (RFC 8839 §5.4).

/// The alphabet of `ice-char`.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// One side's credentials of one ICE generation. Its `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    ufrag: String,
    password: String,
}

impl IceCredentials {
    /// Takes what an SDP says; `None` when a length or a character is not what RFC 8839 §5.4 allows. `-`, `_` and `=` are
    /// let through as well: clients in the field use base64 of several kinds.
    #[must_use]
    pub fn new(ufrag: &str, password: &str) -> Option<Self> {
        let allowed = |byte: u8| ICE_CHARS.contains(&byte) || b"-_=".contains(&byte);
        let valid = (4..=256).contains(&ufrag.len())
            && (22..=256).contains(&password.len())
            && ufrag.bytes().chain(password.bytes()).all(allowed);
        valid.then(|| Self {
            ufrag: ufrag.to_owned(),
            password: password.to_owned(),
        })
    }

    /// Credentials of the engine's own from `random` bytes (60 bits of ufrag, 144 of password), with the `shard` that
    /// owns the link as the ufrag's first two characters, so that a datagram can be handed to it.
    pub fn for_shard(shard: u8, random: &[u8; 34]) -> Self {
        let (ufrag, password) = random.split_at(10);
        let shard = [ice_char(shard >> 4), ice_char(shard & 0x0F)];
        Self {
            ufrag: shard
                .into_iter()
                .chain(ufrag.iter().map(|byte| ice_char(*byte)))
                .collect(),
            password: password.iter().map(|byte| ice_char(*byte)).collect(),
        }
    }

    /// The shard that [`Self::for_shard`] wrote into `ufrag`; `None` when it is none of the engine's.
    pub fn shard_of(ufrag: &str) -> Option<u8> {
        let [high, low, ..] = ufrag.as_bytes() else {
            return None;
        };
        let nibble = |byte| {
            ICE_CHARS
                .iter()
                .position(|known| *known == byte)
                .and_then(|at| u8::try_from(at).ok())
        };
        let (high, low) = (nibble(*high)?, nibble(*low)?);
        (high < 16 && low < 16).then_some(high << 4 | low)
    }

    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    pub fn password(&self) -> &str {
        &self.password
    }
}

impl std::fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IceCredentials")
            .field("ufrag", &self.ufrag)
            .finish_non_exhaustive()
    }
}

fn ice_char(byte: u8) -> char {
    char::from(ICE_CHARS[usize::from(byte & 0x3F)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shard_is_read_from_the_ufrag_again() {
        for shard in [0, 1, 17, 255] {
            let credentials = IceCredentials::for_shard(shard, &[0xA7; 34]);
            assert_eq!(IceCredentials::shard_of(credentials.ufrag()), Some(shard));
            let again = IceCredentials::new(credentials.ufrag(), credentials.password());
            assert_eq!(again, Some(credentials));
        }
        assert_eq!(IceCredentials::shard_of("zz12"), None);
    }

    #[test]
    fn short_or_odd_credentials_are_refused() {
        let password = "p".repeat(22);
        assert_eq!(IceCredentials::new("abc", &password), None);
        assert_eq!(IceCredentials::new("abcd", "short"), None);
        assert_eq!(IceCredentials::new("ab:d", &password), None);
    }
}
