//! Who shakes hands with the engine: `dimpl` by itself, so that a handshake comes to its end, and what is sent after it.
#![allow(dead_code, reason = "each target uses a part of it")]

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use arbitrary::Arbitrary;
use dimpl::certificate::generate_self_signed_certificate;
use dimpl::{Config, Dtls, DtlsCertificate, Output, SrtpProfile};
use palabre_core::dtls::{DtlsRole, Fingerprint, Identity};
use palabre_core::srtp::{Indices, MasterKey, Profile, RtcpSealer, RtpSealer};

/// One certificate of each side for all runs: making one costs more than a run.
pub static IDENTITY: LazyLock<Arc<Identity>> =
    LazyLock::new(|| Arc::new(Identity::generate().expect("the cryptographic library works")));
pub static CERTIFICATE: LazyLock<DtlsCertificate> =
    LazyLock::new(|| generate_self_signed_certificate().expect("the cryptographic library works"));
static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| {
    let config = Config::builder().max_queue_tx(64).build();
    Arc::new(config.expect("the settings fit together"))
});

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Kind {
    Client12,
    Client13,
    /// As a client the engine speaks DTLS 1.2 only.
    Server12,
}

impl Kind {
    pub fn engines_role(self) -> DtlsRole {
        match self {
            Self::Client12 | Self::Client13 => DtlsRole::Server,
            Self::Server12 => DtlsRole::Client,
        }
    }
}

pub fn fingerprint() -> Fingerprint {
    Fingerprint::of(&CERTIFICATE.certificate)
}

pub struct Peer {
    dtls: Dtls,
    role: DtlsRole,
    /// It has had enough.
    broken: bool,
    pub keys: Option<Keys>,
}

/// What it seals with.
pub struct Keys {
    rtp: RtpSealer,
    rtcp: RtcpSealer,
    indices: Indices,
    sealed: HashMap<u64, Vec<u8>>,
}

impl Peer {
    pub fn new(kind: Kind, certificate: &DtlsCertificate, now: Instant) -> Self {
        let (config, certificate) = (Arc::clone(&CONFIG), certificate.clone());
        let (mut dtls, role) = match kind {
            Kind::Client12 => (Dtls::new_12(config, certificate, now), DtlsRole::Client),
            Kind::Client13 => (Dtls::new_13(config, certificate, now), DtlsRole::Client),
            Kind::Server12 => (Dtls::new_12(config, certificate, now), DtlsRole::Server),
        };
        dtls.set_active(role == DtlsRole::Client);
        let broken = dtls.handle_timeout(now).is_err();
        Self {
            dtls,
            role,
            broken,
            keys: None,
        }
    }

    pub fn handle(&mut self, datagram: &[u8]) {
        self.broken = self.broken || self.dtls.handle_packet(datagram).is_err();
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.broken = self.broken || self.dtls.handle_timeout(now).is_err();
    }

    /// What it sends next.
    pub fn poll(&mut self) -> Vec<Vec<u8>> {
        let (mut buffer, mut sent) = ([0; 2048], Vec::new());
        while !self.broken {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(datagram) => sent.push(datagram.to_vec()),
                Output::KeyingMaterial(material, profile) => {
                    self.keys = keys(&material, profile, self.role);
                }
                Output::Timeout(_) => break,
                _ => {}
            }
        }
        sent
    }
}

fn keys(material: &[u8], profile: SrtpProfile, role: DtlsRole) -> Option<Keys> {
    let profile = match profile {
        SrtpProfile::AEAD_AES_128_GCM => Profile::AeadAes128Gcm,
        SrtpProfile::AEAD_AES_256_GCM => Profile::AeadAes256Gcm,
        SrtpProfile::AES128_CM_SHA1_80 => Profile::Aes128CmSha1_80,
        _ => return None,
    };
    let (client, server) = MasterKey::split(profile, material)?;
    let own = match role {
        DtlsRole::Client => client,
        DtlsRole::Server => server,
    };
    Some(Keys {
        rtp: RtpSealer::new(&own)?,
        rtcp: RtcpSealer::new(&own)?,
        indices: Indices::default(),
        sealed: HashMap::new(),
    })
}

impl Keys {
    /// The packet of RTP with this index: sealed now, or when it was first asked for.
    pub fn rtp(&mut self, index: u64, payload: &[u8]) -> Option<Vec<u8>> {
        if let Some(claimed) = self.indices.claim(index) {
            let mut packet = [0; 1500];
            let header = [0x80, 111, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1];
            let payload = payload.get(..1_000).unwrap_or(payload);
            let len = self.rtp.seal(claimed, &header, payload, &mut packet);
            let packet = packet[..len.expect("there is room for it")].to_vec();
            self.sealed.insert(index, packet);
        }
        self.sealed.get(&index).cloned()
    }

    /// A receiver report without blocks, and `more` behind it.
    pub fn rtcp(&mut self, more: &[u8]) -> Vec<u8> {
        let more = more.get(..1_000).unwrap_or(more);
        let mut packet = [&[0x80, 201, 0, 1, 0, 0, 0, 1], more].concat();
        let len = packet.len();
        packet.resize(1_500, 0);
        let len = self.rtcp.seal(len, &mut packet);
        packet.truncate(len.expect("there is room for it"));
        packet
    }
}

/// What a network does to a datagram.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Fate {
    Arrives,
    /// It comes again at another time.
    Doubled,
    Lost,
    Flipped {
        at: u16,
        bits: u8,
    },
    Cut(u16),
}

impl Fate {
    /// What arrives.
    pub fn meets(self, datagram: &[u8]) -> Option<Vec<u8>> {
        let mut datagram = datagram.to_vec();
        match self {
            Self::Arrives | Self::Doubled => {}
            Self::Lost => return None,
            Self::Flipped { at, bits } => {
                let at = usize::from(at) % datagram.len().max(1);
                if let Some(byte) = datagram.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Cut(len) => datagram.truncate(len.into()),
        }
        Some(datagram)
    }
}
