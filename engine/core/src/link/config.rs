//! What a link is made from, and how far it has come.

use super::event::CloseReason;
use crate::dtls::{DtlsRole, Fingerprint};
use crate::ice::IceCredentials;
use crate::rtp::ExtensionIds;

/// What offer and answer agreed on.
#[derive(Debug, Clone)]
pub struct LinkConfig {
    pub local: IceCredentials,
    pub remote: IceCredentials,
    pub remote_fingerprint: Fingerprint,
    /// The engine's own role.
    pub dtls_role: DtlsRole,
    /// The ids of the header extensions in what the peer sends.
    pub extensions: ExtensionIds,
    /// Random, and told to nobody: what the peer is asked by where it moves cannot be guessed from elsewhere.
    pub probe_secret: [u8; 16],
}

/// How far a link has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Waits for an authenticated connectivity check.
    Checking,
    Handshaking,
    /// Media flows, as long as the peer consents.
    Connected,
    Closed(CloseReason),
}
