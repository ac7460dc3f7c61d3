//! Signatures under the peer's certificate, on one curve more than `dimpl` knows.

use aws_lc_rs::digest;
use dimpl::crypto::{SignatureVerifier, aws_lc_rs::default_provider};
use dimpl::{CryptoError, HashAlgorithm, NamedGroup, SignatureAlgorithm};
use p224::ecdsa::signature::hazmat::PrehashVerifier as _;
use p224::ecdsa::{Signature, VerifyingKey};
use p224::pkcs8::DecodePublicKey as _;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

/// `secp224r1` (RFC 5480 §2.1.1.1), as a certificate with a key on that curve names it.
const P224: [u8; 7] = [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x21];

/// Verifies P-224 itself and leaves everything else to `dimpl`.
///
/// FFmpeg's WHIP muxer makes its certificate on P-224 where it is built with GnuTLS. The curve's 112 bits are enough
/// for a certificate that lives as long as one session and is pinned by its fingerprint.
#[derive(Debug)]
pub(super) struct Verifier;

impl SignatureVerifier for Verifier {
    fn verify_signature(
        &self,
        cert_der: &[u8],
        data: &[u8],
        signature: &[u8],
        hash_alg: HashAlgorithm,
        sig_alg: SignatureAlgorithm,
    ) -> Result<(), CryptoError> {
        match p224_key(cert_der) {
            Some(key) if sig_alg == SignatureAlgorithm::ECDSA => {
                verify(&key, data, signature, hash_alg)
            }
            _ => default_provider()
                .signature_verification
                .verify_signature(cert_der, data, signature, hash_alg, sig_alg),
        }
    }
}

/// The key of a certificate on P-224; None for any other. Most others are not even read: `dimpl` does that anyway.
fn p224_key(certificate: &[u8]) -> Option<VerifyingKey> {
    if !certificate.windows(P224.len()).any(|bytes| bytes == P224) {
        return None;
    }
    let certificate = Certificate::from_der(certificate).ok()?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    VerifyingKey::from_public_key_der(&key.to_der().ok()?).ok()
}

fn verify(
    key: &VerifyingKey,
    data: &[u8],
    signature: &[u8],
    hash_alg: HashAlgorithm,
) -> Result<(), CryptoError> {
    let algorithm = SignatureAlgorithm::ECDSA;
    let hash = match hash_alg {
        HashAlgorithm::SHA256 => &digest::SHA256,
        HashAlgorithm::SHA384 => &digest::SHA384,
        _ => {
            return Err(CryptoError::UnsupportedSignaturePair {
                signature: algorithm,
                hash: hash_alg,
            });
        }
    };
    let verified = Signature::from_der(signature)
        .and_then(|signature| key.verify_prehash(digest::digest(hash, data).as_ref(), &signature));
    verified.map_err(|_| CryptoError::SignatureVerificationFailed {
        signature: algorithm,
        hash: hash_alg,
        group: NamedGroup::Secp224r1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp224r1 -days 36500 -subj /CN=test`, in DER.
    const CERTIFICATE: &[u8] = include_bytes!("verifier/p224.der");
    /// `openssl dgst -sha256 -sign` of [`SIGNED`] with that certificate's key.
    const SIGNATURE: &[u8] = include_bytes!("verifier/p224-sha256.sig");
    const SIGNED: &[u8] = b"what the handshake signs";

    fn check(data: &[u8], signature: &[u8], hash: HashAlgorithm) -> Result<(), CryptoError> {
        Verifier.verify_signature(
            CERTIFICATE,
            data,
            signature,
            hash,
            SignatureAlgorithm::ECDSA,
        )
    }

    #[test]
    fn a_signature_under_a_p224_certificate_is_verified() {
        assert!(check(SIGNED, SIGNATURE, HashAlgorithm::SHA256).is_ok());
    }

    #[test]
    fn other_data_another_hash_and_a_broken_signature_are_refused() {
        assert!(check(b"something else", SIGNATURE, HashAlgorithm::SHA256).is_err());
        assert!(check(SIGNED, SIGNATURE, HashAlgorithm::SHA384).is_err());
        for at in 0..SIGNATURE.len() {
            let mut broken = SIGNATURE.to_vec();
            broken[at] ^= 1;
            assert!(check(SIGNED, &broken, HashAlgorithm::SHA256).is_err());
            assert!(check(SIGNED, &SIGNATURE[..at], HashAlgorithm::SHA256).is_err());
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let verdict = Verifier.verify_signature(
            b"no certificate",
            SIGNED,
            SIGNATURE,
            HashAlgorithm::SHA256,
            SignatureAlgorithm::ECDSA,
        );
        assert!(verdict.is_err());
    }
}
