//! Certificates of all kinds, shown in a real handshake by somebody who has the key of one of them: no other is a proof.
#![no_main]

#[path = "../common/peer.rs"]
mod peer;

use std::time::Instant;

use arbitrary::Arbitrary;
use dimpl::DtlsCertificate;
use libfuzzer_sys::fuzz_target;
use palabre_core::dtls::{Cookie, Endpoint, Event, Fingerprint};
use peer::{CERTIFICATE, IDENTITY, Kind, Peer};

/// On the curve that `dimpl` does not know.
const P224: &[u8] = include_bytes!("../../core/src/dtls/verifier/p224.der");
/// More of a flight than `dimpl` keeps as a sender, for DTLS 1.3.
const MOST_BYTES: usize = 8 * 1024;
/// In the certificate of a key on P-256: a BIT STRING of 66 bytes, none of its bits unused, an uncompressed point.
const POINT: [u8; 4] = [0x03, 66, 0, 4];
/// Its two coordinates. The byte before them may say 6 or 7 as well (X9.62's hybrid form): it is the same key.
const POINT_LEN: usize = 64;

#[derive(Debug, Arbitrary)]
struct Run {
    kind: Kind,
    demands_cookie: bool,
    shows: Shows,
}

#[derive(Debug, Arbitrary)]
enum Shows {
    Raw(Vec<u8>),
    Own(Vec<Change>),
    P224(Vec<Change>),
}

#[derive(Debug, Arbitrary)]
enum Change {
    Byte { at: u16, to: u8 },
    Insert { at: u16, bytes: Vec<u8> },
    Remove { at: u16, count: u8 },
}

impl Shows {
    fn bytes(self) -> Vec<u8> {
        let mut bytes = match self {
            Self::Raw(bytes) => bytes,
            Self::Own(changes) => changed(&CERTIFICATE.certificate, changes),
            Self::P224(changes) => changed(P224, changes),
        };
        bytes.truncate(MOST_BYTES);
        // `dimpl` refuses to be a peer that has none.
        if bytes.is_empty() {
            bytes.push(0);
        }
        bytes
    }
}

fn changed(certificate: &[u8], changes: Vec<Change>) -> Vec<u8> {
    let mut bytes = certificate.to_vec();
    for change in changes {
        let place = |at: u16| usize::from(at) % (bytes.len() + 1);
        match change {
            Change::Byte { at, to } => {
                let at = place(at);
                bytes.get_mut(at).into_iter().for_each(|byte| *byte = to);
            }
            Change::Insert { at, bytes: new } => {
                let at = place(at);
                bytes.splice(at..at, new);
            }
            Change::Remove { at, count } => {
                let at = place(at);
                let end = bytes.len().min(at + usize::from(count));
                bytes.drain(at..end);
            }
        }
    }
    bytes
}

/// The public key that the peer has the private one of.
fn own_point() -> &'static [u8] {
    let der = &CERTIFICATE.certificate;
    let at = der.windows(POINT.len()).position(|bytes| bytes == POINT);
    let start = at.expect("the key is on P-256") + POINT.len();
    &der[start..start + POINT_LEN]
}

fuzz_target!(|run: Run| {
    let (now, certificate) = (Instant::now(), run.shows.bytes());
    let announced = Fingerprint::of(&certificate);
    let cookie = if run.demands_cookie {
        Cookie::Demanded
    } else {
        Cookie::Unneeded
    };
    let mut engine = Endpoint::new(&IDENTITY, run.kind.engines_role(), announced, cookie, now);
    let shown = DtlsCertificate {
        certificate: certificate.clone(),
        ..CERTIFICATE.clone()
    };
    let (mut peer, mut there) = (Peer::new(run.kind, &shown, now), Vec::new());
    let begun = engine.handle_timeout(now, |sent| there.push(sent.to_vec()));
    assert!(begun.is_ok(), "{begun:?}");
    loop {
        there.drain(..).for_each(|datagram| peer.handle(&datagram));
        let back = peer.poll();
        if back.is_empty() {
            return;
        }
        for datagram in back {
            let news = engine.handle_datagram(now, &datagram, |sent| there.push(sent.to_vec()));
            match news {
                Ok(Some(Event::Keys(_))) => {
                    let is_own = certificate.windows(POINT_LEN).any(|key| key == own_point());
                    assert!(is_own, "it has no key for this one");
                    return;
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
});
