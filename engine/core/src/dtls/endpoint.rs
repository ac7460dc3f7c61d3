//! One DTLS association.

use std::time::{Duration, Instant};

use dimpl::{Dtls, KeyingMaterial, Output, SrtpProfile};

use super::contain::contain;
use super::scratch::{MAX_DATAGRAM, Scratch};
use super::{Cookie, Fingerprint, Identity, LastWords};
use crate::srtp::{MasterKey, Profile, SessionKeys};

/// How long a handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// What `dimpl` hands out at once is less by far: a version of it that never came to an end would be given up.
const MAX_OUTPUTS: usize = 1_024;
/// Content types of records (RFC 9147 §4) that come in clear.
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const ACK: u8 = 26;

/// Which side begins the handshake (RFC 8842).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtlsRole {
    /// `setup:active`: sends the ClientHello.
    Client,
    /// `setup:passive`: waits for it.
    Server,
}

impl DtlsRole {
    /// The word of `a=setup`.
    #[must_use]
    pub fn as_setup(self) -> &'static str {
        match self {
            Self::Client => "active",
            Self::Server => "passive",
        }
    }
}

/// What an association reports, each at most once.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// The handshake is complete and the peer's certificate is the one its SDP announced.
    Keys(SessionKeys),
    /// The peer closed the association.
    Closed,
}

/// Why an association is over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DtlsError {
    #[error("the peer's certificate is not the one its SDP announced")]
    WrongFingerprint,
    #[error("the peer showed no certificate")]
    NoCertificate,
    #[error("no SRTP profile was agreed on, or one the engine does not know")]
    NoProfile,
    #[error("the handshake failed: {0:?}")]
    Failed(dimpl::Error),
    #[error("DTLS hands out {needed} bytes at once, or never ends")]
    Output { needed: usize },
    #[error("DTLS panicked: this association is over, and no other")]
    Panicked,
}

/// A DTLS association that gives out keys only after the fingerprint matched.
pub struct Endpoint {
    dtls: Box<Dtls>,
    role: DtlsRole,
    expected: Fingerprint,
    verified: bool,
    sent: bool,
    /// Bytes that came from the peer.
    received: usize,
    /// The datagrams that were sent by the last call.
    flight: Vec<Box<[u8]>>,
    next_timeout: Option<Instant>,
}

impl Endpoint {
    /// An association that accepts the certificate with the fingerprint `expected` and no other.
    ///
    /// As server it speaks DTLS 1.2 or 1.3, as the client wishes. As client it speaks 1.2: a hybrid ClientHello would
    /// make the first stray datagram fatal, and the programs that want to be servers speak 1.2. `cookie` is the server's
    /// wish; a client has none.
    pub fn new(
        identity: &Identity,
        role: DtlsRole,
        expected: Fingerprint,
        cookie: Cookie,
        now: Instant,
    ) -> Self {
        let (config, certificate) = (identity.config(cookie), identity.certificate());
        let mut dtls = match role {
            DtlsRole::Server => Dtls::new_auto(config, certificate, now),
            DtlsRole::Client => Dtls::new_12(config, certificate, now),
        };
        dtls.set_active(role == DtlsRole::Client);
        Self {
            dtls: Box::new(dtls),
            role,
            expected,
            verified: false,
            sent: false,
            received: 0,
            flight: Vec::new(),
            next_timeout: None,
        }
    }

    /// Takes a datagram from the peer; `send` gets what is to be sent back. Records that anybody could have written and
    /// that would end the association are dropped, as is what is longer than [`MAX_DATAGRAM`].
    ///
    /// # Errors
    /// Fatal for the association.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        datagram: &[u8],
        send: impl FnMut(&[u8]),
    ) -> Result<Option<Event>, DtlsError> {
        if datagram.len() > MAX_DATAGRAM || holds_stray_record(datagram) {
            return Ok(None);
        }
        self.received = self.received.saturating_add(datagram.len());
        contain(|| {
            self.dtls.handle_timeout(now).map_err(DtlsError::Failed)?;
            match self.dtls.handle_packet(datagram) {
                // A full queue takes nothing in, and its owner retransmits: a flood of records is no reason to give up.
                Ok(()) | Err(dimpl::Error::ReceiveQueueFull) => self.poll(send),
                Err(error) => Err(DtlsError::Failed(error)),
            }
        })
    }

    /// Retransmits what is due; also begins the handshake in the client's role.
    ///
    /// # Errors
    /// Fatal for the association, for example when its time is over.
    pub fn handle_timeout(
        &mut self,
        now: Instant,
        send: impl FnMut(&[u8]),
    ) -> Result<Option<Event>, DtlsError> {
        contain(|| {
            self.dtls.handle_timeout(now).map_err(DtlsError::Failed)?;
            self.poll(send)
        })
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.next_timeout
    }

    /// True when a flight of this side is out: from then on the peer's state depends on this association.
    pub fn has_sent(&self) -> bool {
        self.sent
    }

    /// Right after [`Event::Keys`]: all that is needed of the association from then on. The machine itself, by far the
    /// largest part of a link, is gone.
    #[must_use]
    pub fn into_last_words(mut self) -> LastWords {
        let flight = std::mem::take(&mut self.flight);
        let mut goodbye = Box::default();
        let closed = contain(|| {
            self.dtls.close().map_err(DtlsError::Failed)?;
            self.poll(|alert| goodbye = alert.into())
        });
        if let Err(error) = closed {
            tracing::debug!(%error, "DTLS gave no goodbye");
        }
        LastWords::new(flight, goodbye)
    }

    /// Takes all outputs, up to the timeout that ends them.
    fn poll(&mut self, mut send: impl FnMut(&[u8])) -> Result<Option<Event>, DtlsError> {
        let mut event = None;
        let mut scratch = Scratch::after(self.received);
        self.flight.clear();
        for _ in 0..MAX_OUTPUTS {
            // `dimpl` may add outputs in any version: what the engine has no use for is passed over.
            #[allow(clippy::wildcard_enum_match_arm)]
            match self.dtls.poll_output(scratch.buffer()) {
                Output::Packet(datagram) => {
                    self.sent = true;
                    self.flight.push(Box::from(datagram));
                    send(datagram);
                }
                Output::PeerCert(certificate) => self.verify(certificate)?,
                Output::KeyingMaterial(material, profile) => {
                    event = Some(Event::Keys(self.keys(&material, profile)?))
                }
                Output::CloseNotify => event = Some(event.unwrap_or(Event::Closed)),
                Output::Timeout(at) => {
                    self.next_timeout = Some(at);
                    return Ok(event);
                }
                // It stays at hand until there is room for it, which there never will be.
                Output::BufferTooSmall { needed } => return Err(DtlsError::Output { needed }),
                _ => {}
            }
        }
        Err(DtlsError::Output { needed: 0 })
    }

    fn verify(&mut self, certificate: &[u8]) -> Result<(), DtlsError> {
        self.verified = Fingerprint::of(certificate) == self.expected;
        if self.verified {
            Ok(())
        } else {
            Err(DtlsError::WrongFingerprint)
        }
    }

    fn keys(
        &self,
        material: &KeyingMaterial,
        profile: SrtpProfile,
    ) -> Result<SessionKeys, DtlsError> {
        if !self.verified {
            return Err(DtlsError::NoCertificate);
        }
        // `dimpl` may learn profiles that the engine does not know.
        #[allow(clippy::wildcard_enum_match_arm)]
        let profile = match profile {
            SrtpProfile::AEAD_AES_128_GCM => Profile::AeadAes128Gcm,
            SrtpProfile::AEAD_AES_256_GCM => Profile::AeadAes256Gcm,
            SrtpProfile::AES128_CM_SHA1_80 => Profile::Aes128CmSha1_80,
            _ => return Err(DtlsError::NoProfile),
        };
        let (client, server) = MasterKey::split(profile, material).ok_or(DtlsError::NoProfile)?;
        Ok(match self.role {
            DtlsRole::Client => SessionKeys {
                local: client,
                remote: server,
            },
            DtlsRole::Server => SessionKeys {
                local: server,
                remote: client,
            },
        })
    }
}

/// True when `datagram` holds a record in clear of a kind that a handshake has no need of, such as an alert: anybody could
/// have written it, and `dimpl` would believe it or stumble over it at the end of the handshake.
fn holds_stray_record(mut datagram: &[u8]) -> bool {
    // Plain records: type, version (2), epoch (2), sequence number (6), length (2), then as much. The protected records
    // of DTLS 1.3 begin with bits 001 (RFC 9147 §4) and come last.
    while let Some((header, rest)) = datagram.split_first_chunk::<13>() {
        let [kind, _, _, e0, e1, .., l0, l1] = *header;
        let stray_kind = !matches!(kind, CHANGE_CIPHER_SPEC | HANDSHAKE | ACK);
        if kind >> 5 == 0b001 {
            return false;
        } else if stray_kind && ([e0, e1] == [0, 0] || kind > ACK) {
            return true;
        }
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        datagram = rest.get(len..).unwrap_or_default();
    }
    false
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("role", &self.role)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}
