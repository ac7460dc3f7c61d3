//! Certificates that no browser shows: long ones, and bytes that are none. They end their own association at most.

#![allow(
    clippy::disallowed_methods,
    reason = "virtual time begins at some real moment"
)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Instant;

use dimpl::certificate::generate_self_signed_certificate;
use dimpl::{Config, Dtls, DtlsCertificate, Output};
use palabre_core::dtls::{Cookie, DtlsError, DtlsRole, Endpoint, Event, Fingerprint, Identity};

/// Who the engine shakes hands with.
#[derive(Debug, Clone, Copy)]
enum Peer {
    Client12,
    Client13,
    /// As a client the engine speaks DTLS 1.2 only.
    Server12,
}

const PEERS: [Peer; 3] = [Peer::Client12, Peer::Client13, Peer::Server12];
const KIB: usize = 1024;

/// A certificate whose signature, which nobody looks at, is so long.
fn long_certificate(signature: usize) -> DtlsCertificate {
    let mut certificate = generate_self_signed_certificate().unwrap();
    let (body, _) = element(&certificate.certificate);
    let (to_be_signed, rest) = element(content(body));
    let (algorithm, _) = element(rest);
    let signature = wrap(0x03, &vec![0; signature]);
    let parts = [to_be_signed, algorithm, &signature].concat();
    certificate.certificate = wrap(0x30, &parts);
    certificate
}

/// So many bytes that are no certificate.
fn no_certificate(len: usize) -> DtlsCertificate {
    DtlsCertificate {
        certificate: (0..len).map(|at| at as u8).collect(),
        ..generate_self_signed_certificate().unwrap()
    }
}

/// Length in bytes of an element's header in DER, and of its content.
fn lengths(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short @ 0..0x80 => (2, short.into()),
        long => {
            let digits = usize::from(long & 0x7F);
            let number = |sum, digit: &u8| sum << 8 | usize::from(*digit);
            (2 + digits, der[2..2 + digits].iter().fold(0, number))
        }
    }
}

fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (header, content) = lengths(der);
    der.split_at(header + content)
}

fn content(der: &[u8]) -> &[u8] {
    &der[lengths(der).0..]
}

fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &len[..], content].concat()
}

/// How an engine that expects `expected` fares with a peer that shows `certificate`.
fn shake(
    peer: Peer,
    certificate: &DtlsCertificate,
    expected: Fingerprint,
) -> Result<Option<Event>, DtlsError> {
    let now = Instant::now();
    let (identity, role) = (
        Identity::generate().unwrap(),
        match peer {
            Peer::Client12 | Peer::Client13 => DtlsRole::Server,
            Peer::Server12 => DtlsRole::Client,
        },
    );
    let mut engine = Endpoint::new(&identity, role, expected, Cookie::Unneeded, now);
    let mut other = dtls(peer, certificate.clone(), now);
    let mut there = Vec::new();
    let mut outcome = None;
    if role == DtlsRole::Client {
        engine.handle_timeout(now, |sent| there.push(sent.to_vec()))?;
    }
    loop {
        there.drain(..).for_each(|datagram| {
            // What it thinks of the engine is not the question here.
            let _ = other.handle_packet(&datagram);
        });
        let back = poll(&mut other);
        if back.is_empty() {
            return Ok(outcome);
        }
        for datagram in back {
            let news = engine.handle_datagram(now, &datagram, |sent| there.push(sent.to_vec()))?;
            outcome = news.or(outcome);
        }
    }
}

fn dtls(peer: Peer, certificate: DtlsCertificate, now: Instant) -> Dtls {
    let config = Arc::new(Config::builder().max_queue_tx(64).build().unwrap());
    let mut dtls = match peer {
        Peer::Client12 | Peer::Server12 => Dtls::new_12(config, certificate, now),
        Peer::Client13 => Dtls::new_13(config, certificate, now),
    };
    dtls.set_active(!matches!(peer, Peer::Server12));
    dtls.handle_timeout(now).unwrap();
    dtls
}

fn poll(dtls: &mut Dtls) -> Vec<Vec<u8>> {
    let (mut buffer, mut sent) = ([0; 2048], Vec::new());
    loop {
        // `dimpl` may add outputs in any version.
        #[allow(clippy::wildcard_enum_match_arm)]
        match dtls.poll_output(&mut buffer) {
            Output::Packet(datagram) => sent.push(datagram.to_vec()),
            Output::Timeout(_) => return sent,
            _ => {}
        }
    }
}

#[test]
fn a_certificate_of_any_length_is_compared_with_its_fingerprint() {
    for peer in PEERS {
        for len in [KIB, 2 * KIB, 3 * KIB, 8 * KIB] {
            let certificate = long_certificate(len);
            let announced = Fingerprint::of(&certificate.certificate);
            let keys = shake(peer, &certificate, announced);
            assert!(
                matches!(keys, Ok(Some(Event::Keys(_)))),
                "{peer:?} {len}: {keys:?}"
            );
            let refused = shake(peer, &certificate, Fingerprint([1; 32]));
            assert!(
                matches!(refused, Err(DtlsError::WrongFingerprint)),
                "{peer:?} {len}: {refused:?}"
            );
        }
    }
}

#[test]
fn bytes_that_are_no_certificate_end_the_handshake_however_many_they_are() {
    for peer in PEERS {
        for len in [1, 2_048, 2_100, 3 * KIB, 8 * KIB] {
            let certificate = no_certificate(len);
            let announced = Fingerprint::of(&certificate.certificate);
            let refused = shake(peer, &certificate, announced);
            assert!(
                matches!(refused, Err(DtlsError::Failed(_))),
                "{peer:?} {len}: {refused:?}"
            );
        }
    }
}
