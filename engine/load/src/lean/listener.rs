//! One lean listener: checked, shaken hands with, then only counted.

use std::time::{Duration, Instant};

use super::handshake::{DtlsVersion, Handshake, Keys};
use super::sdp::{OWN_PASSWORD, Remote, ufrag};
use super::sockets::Sockets;
use super::streams::Streams;
use super::stun;
use crate::LoadError;
use crate::rtp_header::{self, RtpHeader};

/// A check that is not answered is repeated (RFC 8445 §14.3 asks for 500 ms at least).
const CHECK_AGAIN: Duration = Duration::from_millis(500);
/// A check without an answer for this long means that the server is gone (RFC 7675 §5.1).
const CONSENT_LIFETIME: Duration = Duration::from_secs(30);

/// How long a handshake is kept for a server that asks again, when no sound comes.
const LINGER: Duration = Duration::from_secs(5);

enum Stage {
    /// The offer is with the server.
    Waiting,
    Checking {
        again_at: Instant,
    },
    /// Checks go on meanwhile, as browsers do: some servers heed only those that come after they know the listener.
    Shaking {
        handshake: Box<Handshake>,
        check_at: Instant,
    },
    /// The handshake stays until sound comes: then the server has all it needs of it.
    Listening(Option<Box<Handshake>>),
}

/// A listener and what it received.
pub struct Listener {
    number: usize,
    stage: Stage,
    remote: Option<Box<(Remote, String)>>,
    keys: Option<Box<Keys>>,
    last_consent: Instant,
    reports_sent: u32,
    pub offered_at: Instant,
    pub connected_at: Option<Instant>,
    pub first_packet_at: Option<Instant>,
    pub failure: Option<LoadError>,
    pub streams: Streams,
    pub decrypted: u32,
    pub not_decrypted: u32,
}

/// An RTP packet that was new.
pub struct Packet {
    pub header: RtpHeader,
    /// The roll-over counter it was encrypted with.
    pub roc: u32,
}

impl Listener {
    pub fn new(number: usize, now: Instant) -> Self {
        Self {
            number,
            stage: Stage::Waiting,
            remote: None,
            keys: None,
            last_consent: now,
            reports_sent: 0,
            offered_at: now,
            connected_at: None,
            first_packet_at: None,
            failure: None,
            streams: Streams::default(),
            decrypted: 0,
            not_decrypted: 0,
        }
    }

    /// The server answered: checks begin.
    pub fn connect(&mut self, remote: Remote, now: Instant, sockets: &Sockets) {
        let username = format!("{}:{}", remote.ufrag, ufrag(self.number));
        self.remote = Some(Box::new((remote, username)));
        self.stage = Stage::Checking {
            again_at: now + CHECK_AGAIN,
        };
        self.check(sockets);
    }

    /// Takes a datagram that is not RTP.
    pub fn handle_control(
        &mut self,
        datagram: &[u8],
        version: DtlsVersion,
        now: Instant,
        sockets: &Sockets,
    ) {
        // RFC 7983 tells STUN and DTLS apart by the first byte.
        match datagram.first() {
            Some(0..=3) => self.handle_stun(datagram, version, now, sockets),
            Some(20..=63) => self.shake(now, sockets, Some(datagram)),
            _ => {}
        }
    }

    /// Notes an RTP packet; `None` when it is no RTP or not a new one.
    pub fn note(&mut self, datagram: &[u8], now: Instant) -> Option<Packet> {
        let header = rtp_header::read(datagram)?;
        if self.first_packet_at.is_none() {
            self.first_packet_at = Some(now);
            self.forget_handshake();
        }
        let roc = self.streams.note(header.ssrc, header.sequence)?;
        Some(Packet { header, roc })
    }

    /// Authenticates and decrypts a packet that was noted.
    pub fn open(&mut self, packet: &Packet, datagram: &[u8]) -> Option<Vec<u8>> {
        let keys = self.keys.as_ref()?;
        let payload = keys.server.open_rtp(packet.roc, datagram);
        if payload.is_some() {
            self.decrypted += 1;
        } else {
            self.not_decrypted += 1;
        }
        payload
    }

    /// What is due while it connects.
    pub fn handle_timeout(&mut self, now: Instant, sockets: &Sockets) {
        match &mut self.stage {
            Stage::Checking { again_at } if now >= *again_at => {
                *again_at = now + CHECK_AGAIN;
                self.check(sockets);
            }
            Stage::Shaking { check_at, .. } if now >= *check_at => {
                *check_at = now + CHECK_AGAIN;
                self.check(sockets);
            }
            // The last flight may have been lost on its way (RFC 9147 §5.8.2).
            Stage::Shaking { handshake, .. } | Stage::Listening(Some(handshake))
                if handshake.next_timeout.is_some_and(|at| now >= at) =>
            {
                self.shake(now, sockets, None);
            }
            Stage::Waiting
            | Stage::Checking { .. }
            | Stage::Shaking { .. }
            | Stage::Listening(_) => {}
        }
    }

    /// Whether there is a handshake to look after. A silent server's is given up at some time.
    pub fn is_settling(&mut self, now: Instant) -> bool {
        if self.connected_at.is_some_and(|at| now > at + LINGER) {
            self.forget_handshake();
        }
        let settled = matches!(self.stage, Stage::Listening(None));
        !settled && self.failure.is_none()
    }

    /// Asks for consent anew.
    pub fn check(&self, sockets: &Sockets) {
        let Some((remote, username)) = self.remote.as_deref() else {
            return;
        };
        let mut transaction = [0; 12];
        transaction[..8].copy_from_slice(&fastrand::u64(..).to_be_bytes());
        let check = stun::check(transaction, username, &remote.password);
        sockets.send(self.number, remote.address, &check);
    }

    /// Tells the server what arrived (RFC 3550 §6.4.2).
    pub fn report(&mut self, sockets: &Sockets) {
        let (Some((remote, _)), Some(keys)) = (self.remote.as_deref(), &self.keys) else {
            return;
        };
        self.reports_sent += 1;
        let report = report(self.number as u32 + 1, &self.streams);
        if let Some(sealed) = keys.own.seal_rtcp(self.reports_sent, report) {
            sockets.send(self.number, remote.address, &sealed);
        }
    }

    fn forget_handshake(&mut self) {
        if let Stage::Listening(handshake) = &mut self.stage {
            *handshake = None;
        }
    }

    pub fn is_connected(&self, now: Instant) -> bool {
        matches!(self.stage, Stage::Listening(_)) && now < self.last_consent + CONSENT_LIFETIME
    }

    fn handle_stun(
        &mut self,
        datagram: &[u8],
        version: DtlsVersion,
        now: Instant,
        sockets: &Sockets,
    ) {
        if let Some((remote, _)) = self.remote.as_deref()
            && let Some(answer) = stun::answer(datagram, remote.address, OWN_PASSWORD)
        {
            sockets.send(self.number, remote.address, &answer);
        }
        if stun::answered(datagram).is_none() {
            return;
        }
        self.last_consent = now;
        let (Stage::Checking { .. }, Some((remote, _))) = (&self.stage, self.remote.as_deref())
        else {
            return;
        };
        match Handshake::new(version, remote.fingerprint, now) {
            Ok(handshake) => {
                self.stage = Stage::Shaking {
                    handshake: Box::new(handshake),
                    check_at: now + CHECK_AGAIN,
                };
                self.shake(now, sockets, None);
            }
            Err(error) => self.failure = Some(error),
        }
    }

    /// Gives the handshake a datagram, or only the time.
    fn shake(&mut self, now: Instant, sockets: &Sockets, datagram: Option<&[u8]>) {
        let Some((remote, _)) = self.remote.as_deref() else {
            return;
        };
        let (Stage::Shaking { handshake, .. } | Stage::Listening(Some(handshake))) =
            &mut self.stage
        else {
            return;
        };
        let send = |out: &[u8]| sockets.send(self.number, remote.address, out);
        let result = match datagram {
            Some(datagram) => handshake.handle_datagram(now, datagram, send),
            None => handshake.handle_timeout(now, send),
        };
        match result {
            Ok(Some(keys)) => self.settle(keys, now),
            Ok(None) => {}
            // The keys stand: what comes after them ends nothing.
            Err(_) if self.keys.is_some() => self.forget_handshake(),
            Err(error) => self.failure = Some(error),
        }
    }

    fn settle(&mut self, keys: Keys, now: Instant) {
        self.keys = Some(Box::new(keys));
        self.connected_at = Some(now);
        let stage = std::mem::replace(&mut self.stage, Stage::Waiting);
        self.stage = match stage {
            Stage::Shaking { handshake, .. } => Stage::Listening(Some(handshake)),
            Stage::Waiting | Stage::Checking { .. } | Stage::Listening(_) => Stage::Listening(None),
        };
    }
}

/// A receiver report and the name that has to come with it (RFC 3550 §6.1).
fn report(own_ssrc: u32, streams: &Streams) -> Vec<u8> {
    let mut packet = Vec::with_capacity(128);
    let blocks: Vec<_> = streams.for_report().take(31).collect();
    let words = 1 + 6 * blocks.len() as u16;
    packet.extend_from_slice(&[0x80 | blocks.len() as u8, 201]);
    packet.extend_from_slice(&words.to_be_bytes());
    packet.extend_from_slice(&own_ssrc.to_be_bytes());
    for (ssrc, highest) in blocks {
        // Nothing lost, no jitter, no round trip: what a listener on a good network says.
        for word in [ssrc, 0, highest, 0, 0, 0] {
            packet.extend_from_slice(&word.to_be_bytes());
        }
    }
    packet.extend_from_slice(&[0x81, 202, 0, 3]);
    packet.extend_from_slice(&own_ssrc.to_be_bytes());
    packet.extend_from_slice(&[1, 4, b'l', b'e', b'a', b'n', 0, 0]);
    packet
}
