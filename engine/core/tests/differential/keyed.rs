//! In place of a handshake, keys that the test chose: str0m speaks the profile they fit, whichever a handshake would prefer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::RtcConfig;
use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion, KeyingMaterial};
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile,
};

/// A configuration with `material` as what DTLS exports.
pub fn config(material: &[u8]) -> RtcConfig {
    let provider = CryptoProvider {
        dtls_provider: &Provider,
        ..str0m::crypto::from_feature_flags()
    };
    // The one thing of a configuration that str0m hands on to DTLS.
    let certificate = DtlsCert {
        certificate: b"of nobody".to_vec(),
        private_key: material.to_vec(),
    };
    RtcConfig::new()
        .set_crypto_provider(Arc::new(provider))
        .set_dtls_cert(certificate)
}

/// Only one profile has keys of that length.
fn profile_of(material: &[u8]) -> SrtpProfile {
    let fits = |profile: &&SrtpProfile| profile.keying_material_len() == material.len();
    *SrtpProfile::ALL.iter().find(fits).unwrap()
}

#[derive(Debug)]
struct Provider;

impl DtlsProvider for Provider {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        None
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        _version: DtlsVersion,
        _mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        Ok(Box::new(Keyed {
            material: cert.private_key.clone(),
            told: 0,
            active: false,
            closed: false,
            never: now + Duration::from_secs(1_000_000),
        }))
    }
}

#[derive(Debug)]
struct Keyed {
    material: Vec<u8>,
    /// Outputs so far, as far as they count.
    told: u8,
    active: bool,
    closed: bool,
    never: Instant,
}

impl DtlsInstance for Keyed {
    fn set_active(&mut self, active: bool) {
        self.active = active;
    }

    fn handle_packet(&mut self, _packet: &[u8]) -> Result<(), DtlsImplError> {
        Ok(())
    }

    fn poll_output<'a>(&mut self, _buf: &'a mut [u8]) -> DtlsOutput<'a> {
        self.told = self.told.saturating_add(1);
        match self.told {
            1 => DtlsOutput::Connected,
            2 => DtlsOutput::KeyingMaterial(
                KeyingMaterial::new(&self.material),
                profile_of(&self.material),
            ),
            _ => DtlsOutput::Timeout(self.never),
        }
    }

    fn handle_timeout(&mut self, _now: Instant) -> Result<(), DtlsImplError> {
        Ok(())
    }

    fn send_application_data(&mut self, _data: &[u8]) -> Result<usize, DtlsImplError> {
        Ok(0)
    }

    fn is_active(&self) -> bool {
        self.active
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        Some(ProtocolVersion::DTLS1_2)
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.closed = true;
        Ok(())
    }
}
