//! A client that costs next to nothing: a connectivity check and a DTLS handshake, on the parts alone. For counting what
//! the engine spends on many of them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use dimpl::{Config, Dtls, DtlsCertificate, NamedGroup, Output, certificate};
use palabre_core::dtls::{DtlsRole, Fingerprint};
use palabre_core::ice::{IceCredentials, Path};
use palabre_core::link::Transmit;
use palabre_core::rtp::ExtensionIds;
use palabre_core::sdp::Section;
use palabre_core::shard::{Accepted, Entropy, Offered, RecordingId, RoomId, ShardEvent, ShardSink};
use palabre_core::stun::{BindingRequest, write_binding_request};

/// What the clients of one test share: one certificate is enough for all of them.
pub struct Kin {
    config: Arc<Config>,
    certificate: DtlsCertificate,
    version: Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Dtls12,
    Dtls13,
}

impl Kin {
    pub fn new(version: Version) -> Self {
        let config = Config::builder()
            .kx_groups(&[NamedGroup::X25519])
            .build()
            .unwrap();
        Self {
            config: Arc::new(config),
            certificate: certificate::generate_self_signed_certificate().unwrap(),
            version,
        }
    }

    /// What its offer says.
    pub fn offered(&self, audio_lines: usize) -> Offered {
        Offered {
            asked_from: Ipv4Addr::LOCALHOST.into(),
            remote: IceCredentials::new("lean", &"p".repeat(22)).unwrap(),
            fingerprint: Fingerprint::of(&self.certificate.certificate),
            dtls_role: DtlsRole::Server,
            extensions: ExtensionIds {
                audio_level: None,
                mid: None,
            },
            payload_type: 111,
            red: None,
            audio_lines,
            section: Section {
                kind: "audio".to_owned(),
                proto: "UDP/TLS/RTP/SAVPF".to_owned(),
                format: "111".to_owned(),
                mid: Some("0".to_owned()),
                audio: None,
            },
        }
    }

    /// A client at `address` that begins its handshake.
    pub fn client(&self, address: SocketAddr, accepted: &Accepted, now: Instant) -> Lean {
        let (config, certificate) = (Arc::clone(&self.config), self.certificate.clone());
        let mut dtls = match self.version {
            Version::Dtls12 => Dtls::new_12(config, certificate, now),
            Version::Dtls13 => Dtls::new_13(config, certificate, now),
        };
        dtls.set_active(true);
        dtls.handle_timeout(now).unwrap();
        Lean {
            address,
            local: accepted.local.clone(),
            dtls,
            connected: false,
        }
    }
}

pub struct Lean {
    pub address: SocketAddr,
    pub connected: bool,
    /// The engine's credentials.
    local: IceCredentials,
    dtls: Dtls,
}

impl Lean {
    /// A connectivity check that nominates.
    pub fn check(&self) -> Vec<u8> {
        let request = BindingRequest {
            transaction: [7; 12],
            username: &format!("{}:lean", self.local.ufrag()),
            priority: 1,
            tie_breaker: 1,
            use_candidate: true,
        };
        write_binding_request(&request, self.local.password())
    }

    /// Takes a datagram of the engine's; STUN is passed over.
    pub fn handle(&mut self, datagram: &[u8]) {
        if palabre_core::dtls::is_dtls(datagram) {
            self.dtls.handle_packet(datagram).unwrap();
        }
    }

    /// What it sends next.
    pub fn poll(&mut self) -> Vec<Vec<u8>> {
        let (mut buffer, mut sent) = ([0; 2048], Vec::new());
        loop {
            // `dimpl` may add outputs in any version.
            #[allow(clippy::wildcard_enum_match_arm)]
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(datagram) => sent.push(datagram.to_vec()),
                Output::KeyingMaterial(..) => self.connected = true,
                Output::Timeout(_) => return sent,
                _ => {}
            }
        }
    }
}

/// Keeps the shard's datagrams; passes over all else.
#[derive(Default)]
pub struct Sent {
    pub datagrams: Vec<(SocketAddr, Vec<u8>)>,
    /// Datagrams of media, which are counted and not kept.
    pub media: usize,
}

impl Transmit for Sent {
    fn transmit(&mut self, path: Path, datagram: &[u8]) {
        self.datagrams.push((path.remote, datagram.to_vec()));
    }
}

impl ShardSink for Sent {
    fn datagram(&mut self, _: Path, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        self.media += usize::from(fill(&mut [0; 1500]).is_some());
    }
    fn event(&mut self, _: ShardEvent) {}
    fn recording_page(&mut self, _: &RoomId, _: &RecordingId, _: &[u8]) {}
}

/// Bytes from a seed (xorshift64): a test has to repeat itself.
pub fn entropy(seed: u64) -> Entropy {
    let mut state = seed ^ 0x9E37_79B9_7F4A_7C15;
    Box::new(move |bytes| {
        for byte in bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 32) as u8;
        }
    })
}

/// The `number`th of many addresses.
pub fn address(number: usize) -> SocketAddr {
    let number = number as u32;
    let [_, a, b, c] = number.to_be_bytes();
    ([10, a, b, c], 40_000).into()
}
