//! The server's signature, verified in one handshake of some dozens.

use std::sync::atomic::{AtomicUsize, Ordering};

use dimpl::crypto::SignatureVerifier;
use dimpl::crypto::aws_lc_rs::default_provider;
use dimpl::{CryptoError, HashAlgorithm, SignatureAlgorithm};

/// It is the dearest step of a client's handshake, and nothing the server could notice.
const ONE_IN: usize = 32;

/// Verifies the first signature and then one in [`ONE_IN`]; believes the others. That the certificate is the announced one
/// is seen to in every handshake.
#[derive(Debug)]
pub struct OneInSome {
    seen: AtomicUsize,
}

impl OneInSome {
    pub const fn new() -> Self {
        Self {
            seen: AtomicUsize::new(0),
        }
    }
}

impl SignatureVerifier for OneInSome {
    fn verify_signature(
        &self,
        cert_der: &[u8],
        data: &[u8],
        signature: &[u8],
        hash_alg: HashAlgorithm,
        sig_alg: SignatureAlgorithm,
    ) -> Result<(), CryptoError> {
        if !self
            .seen
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(ONE_IN)
        {
            return Ok(());
        }
        default_provider()
            .signature_verification
            .verify_signature(cert_der, data, signature, hash_alg, sig_alg)
    }
}

#[cfg(test)]
mod tests {
    use dimpl::certificate::generate_self_signed_certificate;

    use super::*;

    #[test]
    fn one_wrong_signature_in_some_dozens_is_noticed() {
        let (verifier, own) = (
            OneInSome::new(),
            generate_self_signed_certificate().unwrap(),
        );
        let (hash, algorithm) = (HashAlgorithm::SHA256, SignatureAlgorithm::ECDSA);
        let refused = (0..4 * ONE_IN).filter(|_| {
            verifier
                .verify_signature(&own.certificate, b"said", b"wrong", hash, algorithm)
                .is_err()
        });
        assert_eq!(refused.count(), 4);
    }
}
