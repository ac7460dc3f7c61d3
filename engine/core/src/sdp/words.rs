//! The words of SDP that the engine decides by.

use crate::dtls::DtlsRole;

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
