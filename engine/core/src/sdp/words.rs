use std::fmt;

/// One side's ICE user name fragment and password (RFC 8839 §5.4).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// 4 to 256 ice-chars.
    pub ufrag: String,
    /// 22 to 256 ice-chars; a secret.
    pub pwd: String,
}

impl IceCredentials {
    /// None when a length or a character is not what RFC 8839 allows.
    #[must_use]
    pub fn new(ufrag: &str, pwd: &str) -> Option<Self> {
        let valid = is_ice_text(ufrag, 4) && is_ice_text(pwd, 22);
        valid.then(|| Self {
            ufrag: ufrag.to_owned(),
            pwd: pwd.to_owned(),
        })
    }
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials")
            .field("ufrag", &self.ufrag)
            .finish_non_exhaustive()
    }
}

fn is_ice_text(text: &str, shortest: usize) -> bool {
    let is_ice_char = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    (shortest..=256).contains(&text.len()) && text.bytes().all(is_ice_char)
}

/// SHA-256 of a DTLS certificate (RFC 8122 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Reads `sha-256 AB:CD:…`; None for another hash or another form.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (hash, hex) = value.trim().split_once(' ')?;
        if !hash.eq_ignore_ascii_case("sha-256") {
            return None;
        }
        let mut digest = [0; 32];
        let mut pairs = hex.trim().split(':');
        for byte in &mut digest {
            let pair = pairs.next().filter(|pair| pair.len() == 2)?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        pairs.next().is_none().then_some(Self(digest))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha-256 ")?;
        for (place, byte) in self.0.iter().enumerate() {
            let colon = if place == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

/// What an offer says of the DTLS roles (RFC 8842 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// The answerer chooses.
    ActPass,
    /// The offerer sends the ClientHello.
    Active,
    /// The offerer waits for the ClientHello.
    Passive,
}

impl Setup {
    pub(super) fn parse(value: &str) -> Option<Self> {
        match value.trim() {
            "actpass" => Some(Self::ActPass),
            "active" => Some(Self::Active),
            "passive" => Some(Self::Passive),
            _ => None,
        }
    }

    /// The role that is left for the answerer: it waits where it may, since that costs it no timer.
    #[must_use]
    pub fn answerer(self) -> DtlsRole {
        match self {
            Self::ActPass | Self::Active => DtlsRole::Server,
            Self::Passive => DtlsRole::Client,
        }
    }
}

/// Who sends the ClientHello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtlsRole {
    /// Sends it: `a=setup:active`.
    Client,
    /// Waits for it: `a=setup:passive`.
    Server,
}

impl DtlsRole {
    /// The word of `a=setup`.
    #[must_use]
    pub fn as_setup(self) -> &'static str {
        match self {
            Self::Client => "active",
            Self::Server => "passive",
        }
    }
}
