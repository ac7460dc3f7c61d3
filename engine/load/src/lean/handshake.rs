//! The client's half of a DTLS handshake, thrown away when it has given its keys.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use dimpl::crypto::CryptoProvider;
use dimpl::crypto::aws_lc_rs::default_provider;
use dimpl::{Config, Dtls, DtlsCertificate, NamedGroup, Output, certificate};

use super::private_key::PrivateKey;
use super::srtp::Master;
use super::verifier::OneInSome;
use crate::LoadError;

/// First retransmission of a flight.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(400);
const OUTPUT_LEN: usize = 2048;

/// What the ClientHello offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DtlsVersion {
    /// What browsers of 2026 agree on.
    #[default]
    V1_3,
    /// For servers on OpenSSL, such as Janus.
    V1_2,
}

/// The one certificate of all lean listeners: nothing forbids sharing it, and making 20,000 would take minutes.
struct Identity {
    config: Arc<Config>,
    certificate: DtlsCertificate,
    /// In the words of `a=fingerprint`.
    fingerprint: String,
}

/// Makes the certificate now: the library's first random numbers take a tenth of a second, which is no join's.
pub fn prepare() -> Result<(), LoadError> {
    identity().map(drop)
}

fn identity() -> Result<&'static Identity, LoadError> {
    static IDENTITY: OnceLock<Option<Identity>> = OnceLock::new();
    static VERIFIER: OneInSome = OneInSome::new();
    let make = || {
        let certificate = certificate::generate_self_signed_certificate().ok()?;
        let key = PrivateKey::from_pkcs8(&certificate.private_key)?;
        let provider = CryptoProvider {
            // `dimpl` wants it for ever, and a process has one.
            key_provider: Box::leak(Box::new(key)),
            signature_verification: &VERIFIER,
            ..default_provider()
        };
        let config = Config::builder()
            .with_crypto_provider(provider)
            // One key share, as in a browser's hello: each more would cost the client, not the server.
            .kx_groups(&[NamedGroup::X25519, NamedGroup::Secp256r1])
            .flight_start_rto(FIRST_RETRANSMISSION)
            .build()
            .ok()?;
        Some(Identity {
            config: Arc::new(config),
            fingerprint: format!("sha-256 {}", certificate.fingerprint_str()),
            certificate,
        })
    };
    let failed = || LoadError::Dtls("no certificate could be made".into());
    IDENTITY.get_or_init(make).as_ref().ok_or_else(failed)
}

/// The value of `a=fingerprint` in every lean listener's offer.
pub fn own_fingerprint() -> Result<&'static str, LoadError> {
    Ok(&identity()?.fingerprint)
}

/// A handshake on its way.
pub struct Handshake {
    dtls: Dtls,
    /// What the server's certificate has to hash to.
    expected: [u8; 32],
    verified: bool,
    pub next_timeout: Option<Instant>,
}

/// What both sides encrypt with.
pub struct Keys {
    pub own: Master,
    pub server: Master,
}

impl Handshake {
    pub fn new(version: DtlsVersion, expected: [u8; 32], now: Instant) -> Result<Self, LoadError> {
        let Identity {
            config,
            certificate,
            ..
        } = identity()?;
        let (config, certificate) = (config.clone(), certificate.clone());
        let mut dtls = match version {
            DtlsVersion::V1_3 => Dtls::new_13(config, certificate, now),
            DtlsVersion::V1_2 => Dtls::new_12(config, certificate, now),
        };
        dtls.set_active(true);
        Ok(Self {
            dtls,
            expected,
            verified: false,
            next_timeout: None,
        })
    }

    /// Begins, or repeats what was lost.
    pub fn handle_timeout(
        &mut self,
        now: Instant,
        send: impl FnMut(&[u8]),
    ) -> Result<Option<Keys>, LoadError> {
        self.dtls.handle_timeout(now).map_err(failed)?;
        self.poll(send)
    }

    pub fn handle_datagram(
        &mut self,
        now: Instant,
        datagram: &[u8],
        send: impl FnMut(&[u8]),
    ) -> Result<Option<Keys>, LoadError> {
        self.dtls.handle_timeout(now).map_err(failed)?;
        self.dtls.handle_packet(datagram).map_err(failed)?;
        self.poll(send)
    }

    fn poll(&mut self, mut send: impl FnMut(&[u8])) -> Result<Option<Keys>, LoadError> {
        let mut keys = None;
        let mut buffer = [0; OUTPUT_LEN];
        loop {
            // `dimpl` may add outputs in any version: what a listener has no use for is passed over.
            #[allow(clippy::wildcard_enum_match_arm)]
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(datagram) => send(datagram),
                Output::PeerCert(certificate) => {
                    let shown = certificate::calculate_fingerprint(certificate);
                    self.verified = shown.as_slice() == self.expected;
                }
                Output::KeyingMaterial(material, profile) => {
                    if !self.verified {
                        return Err(LoadError::Dtls(
                            "another certificate than the SDP said".into(),
                        ));
                    }
                    let split = Master::split(profile, &material);
                    let (own, server) = split
                        .ok_or_else(|| LoadError::Dtls(format!("unknown profile {profile}")))?;
                    keys = Some(Keys { own, server });
                }
                Output::Timeout(at) => {
                    self.next_timeout = Some(at);
                    return Ok(keys);
                }
                _ => {}
            }
        }
    }
}

fn failed(error: dimpl::Error) -> LoadError {
    LoadError::Dtls(format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use palabre_core::dtls::{Cookie, DtlsRole, Endpoint, Fingerprint, Identity};

    use super::*;

    /// Shakes hands with an engine whose certificate is to have the fingerprint that `announced` makes of its own.
    fn shake(announced: impl FnOnce([u8; 32]) -> [u8; 32]) -> Result<Option<Keys>, LoadError> {
        let (now, server) = (Instant::now(), Identity::generate().unwrap());
        let own = Fingerprint::parse(own_fingerprint()?).unwrap();
        let mut engine = Endpoint::new(&server, DtlsRole::Server, own, Cookie::Unneeded, now);
        let expected = announced(server.fingerprint().0);
        let mut client = Handshake::new(DtlsVersion::V1_3, expected, now)?;
        let (mut there, mut back) = (Vec::new(), Vec::new());
        let mut keys = client.handle_timeout(now, |out| there.push(out.to_vec()))?;
        while !there.is_empty() {
            for datagram in there.drain(..) {
                let send = |out: &[u8]| back.push(out.to_vec());
                engine.handle_datagram(now, &datagram, send).unwrap();
            }
            for datagram in back.drain(..) {
                let send = |out: &[u8]| there.push(out.to_vec());
                keys = client.handle_datagram(now, &datagram, send)?.or(keys);
            }
        }
        Ok(keys)
    }

    #[test]
    fn another_certificate_than_the_announced_one_gives_no_keys() {
        assert!(shake(|own| own).unwrap().is_some());
        let other = |mut own: [u8; 32]| {
            own[31] ^= 1;
            own
        };
        assert!(!matches!(shake(other), Ok(Some(_))));
    }
}
