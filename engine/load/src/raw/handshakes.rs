//! What no server can leave out of a handshake: the public-key cryptography of DTLS with two certificates (RFC 8446 §4.4.3,
//! RFC 8827 §6.5), and nothing else.

use std::io;
use std::time::Duration;

use aws_lc_rs::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
};

use crate::LoadError;
use crate::cpu::{pin_to_core, thread_time};

/// What both sides sign: a hash of the messages so far, behind a label (RFC 8446 §4.4.3).
const SIGNED: [u8; 130] = [0x20; 130];

/// What it took.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Handshakes {
    pub made: u64,
    /// CPU time of one.
    pub cpu_us: f64,
    /// So many take one core a second.
    pub per_second: f64,
}

/// Does the server's half of handshakes for that much CPU time.
pub fn measure_handshakes(time: Duration, core: Option<usize>) -> Result<Handshakes, LoadError> {
    core.map_or(Ok(()), pin_to_core)?;
    let half = Half::new()?;
    // The library's first random numbers take a tenth of a second.
    half.once()?;
    let (before, mut made) = (thread_time()?, 0);
    while thread_time()? - before < time {
        half.once()?;
        made += 1;
    }
    let cpu_s = (thread_time()? - before).as_secs_f64();
    Ok(Handshakes {
        made,
        cpu_us: cpu_s * 1e6 / made.max(1) as f64,
        per_second: made as f64 / cpu_s,
    })
}

/// The server, and what its client has sent.
struct Half {
    random: SystemRandom,
    own: EcdsaKeyPair,
    key_share: Vec<u8>,
    signature: Vec<u8>,
}

impl Half {
    fn new() -> io::Result<Self> {
        let random = SystemRandom::new();
        let own = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
        let share = EphemeralPrivateKey::generate(&X25519, &random).map_err(failed)?;
        let key_share = share.compute_public_key().map_err(failed)?;
        // The client might as well have the server's key: verifying costs the same.
        let signature = own.sign(&random, &SIGNED).map_err(failed)?;
        Ok(Self {
            random,
            own,
            key_share: key_share.as_ref().to_vec(),
            signature: signature.as_ref().to_vec(),
        })
    }

    /// A key share, the secret of both, a signature, and the client's signature verified.
    fn once(&self) -> io::Result<()> {
        let share = EphemeralPrivateKey::generate(&X25519, &self.random).map_err(failed)?;
        share.compute_public_key().map_err(failed)?;
        let peer = UnparsedPublicKey::new(&X25519, &self.key_share);
        let used = |secret: &[u8]| Ok(std::hint::black_box(secret.first().copied()));
        agree_ephemeral(share, peer, aws_lc_rs::error::Unspecified, used).map_err(failed)?;
        self.own.sign(&self.random, &SIGNED).map_err(failed)?;
        let client = self.own.public_key().as_ref();
        let client = signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, client);
        client.verify(&SIGNED, &self.signature).map_err(failed)
    }
}

fn failed(_unspecified: aws_lc_rs::error::Unspecified) -> io::Error {
    io::Error::other("the cryptographic library refused its own keys")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_takes_some_cpu() {
        let made = measure_handshakes(Duration::from_millis(20), None).unwrap();
        assert!(made.made > 0 && made.cpu_us > 1.0, "{made:?}");
        assert!((made.cpu_us * made.per_second - 1e6).abs() < 1.0);
    }
}
