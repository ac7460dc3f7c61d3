//! The one certificate of a process and how it shakes hands.

use std::sync::Arc;
use std::time::Duration;

use dimpl::crypto::{CryptoProvider, aws_lc_rs};
use dimpl::{Config, DtlsCertificate, NamedGroup, certificate};

use super::private_key::PrivateKey;
use super::scratch::WAITING;
use super::verifier::Verifier;
use super::{Fingerprint, HANDSHAKE_TIMEOUT};

/// First retransmission of a flight. Shorter than the usual second: a lost flight is heard as a late join.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(400);
/// Enough doublings to fill the handshake's time; retransmissions that the peer's duplicates trigger count too.
const RETRANSMISSIONS: usize = 12;

/// Why a process has no identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    #[error("the DTLS certificate could not be made")]
    Certificate,
    #[error("DTLS refuses its configuration: {0:?}")]
    Config(dimpl::Error),
}

/// Whether a server has a client show that it receives at its address before the work of a handshake begins: by a
/// HelloVerifyRequest (RFC 6347 §4.2.1) or a HelloRetryRequest (RFC 9147 §5.1), one round trip more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    Unneeded,
    Demanded,
}

/// Certificate, private key and DTLS settings, made once and shared by all links.
pub struct Identity {
    config: Arc<Config>,
    config_with_cookie: Arc<Config>,
    certificate: DtlsCertificate,
    fingerprint: Fingerprint,
}

impl Identity {
    /// Makes a new self-signed ECDSA P-256 certificate.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn generate() -> Result<Self, IdentityError> {
        let certificate = certificate::generate_self_signed_certificate()
            .map_err(|_| IdentityError::Certificate)?;
        let key = PrivateKey::from_pkcs8(&certificate.private_key);
        // `dimpl` wants it for ever, and a process has one.
        let key: &'static PrivateKey = Box::leak(Box::new(key.ok_or(IdentityError::Certificate)?));
        let provider = CryptoProvider {
            signature_verification: &Verifier,
            key_provider: key,
            ..aws_lc_rs::default_provider()
        };
        let config_with_cookie = settings(provider.clone(), true)?;
        let config = settings(provider, false)?;
        let fingerprint = Fingerprint::of(&certificate.certificate);
        Ok(Self {
            config: Arc::new(config),
            config_with_cookie: Arc::new(config_with_cookie),
            certificate,
            fingerprint,
        })
    }

    /// What the answer SDP has to say.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(super) fn config(&self, cookie: Cookie) -> Arc<Config> {
        Arc::clone(match cookie {
            Cookie::Unneeded => &self.config,
            Cookie::Demanded => &self.config_with_cookie,
        })
    }

    pub(super) fn certificate(&self) -> DtlsCertificate {
        self.certificate.clone()
    }
}

fn settings(provider: CryptoProvider, cookie: bool) -> Result<Config, IdentityError> {
    Config::builder()
        .with_crypto_provider(provider)
        // Each group more costs a key share in every handshake.
        .kx_groups(&[NamedGroup::X25519, NamedGroup::Secp256r1])
        .use_server_cookie(cookie)
        .max_queue_rx(WAITING)
        .flight_start_rto(FIRST_RETRANSMISSION)
        .flight_retries(RETRANSMISSIONS)
        .handshake_timeout(HANDSHAKE_TIMEOUT)
        .build()
        .map_err(IdentityError::Config)
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}
