//! How the listeners of a crowd behave.

use std::time::Duration;

use super::super::handshake::DtlsVersion;

/// The same for all of them.
#[derive(Debug, Clone, Copy)]
pub struct CrowdOptions {
    pub dtls: DtlsVersion,
    /// Audio lines in each offer.
    pub lines: usize,
    /// One listener in so many authenticates and decrypts all it receives; 0 for none.
    pub decrypt_one_in: usize,
    /// One listener in so many sends receiver reports; 0 for none.
    pub report_one_in: usize,
    /// How often each asks for consent (RFC 7675 §5.1: every five seconds).
    pub consent_every: Duration,
}

impl Default for CrowdOptions {
    fn default() -> Self {
        Self {
            dtls: DtlsVersion::default(),
            lines: 1,
            decrypt_one_in: 100,
            report_one_in: 10,
            consent_every: Duration::from_secs(5),
        }
    }
}
