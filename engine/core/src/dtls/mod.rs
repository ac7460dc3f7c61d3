//! DTLS-SRTP (RFC 5764) on `dimpl`: the handshake that proves who the peer is and yields the SRTP keys.

mod contain;
mod endpoint;
mod fingerprint;
mod identity;
mod last_words;
mod private_key;
mod scratch;
mod verifier;

pub use endpoint::{DtlsError, DtlsRole, Endpoint, Event, HANDSHAKE_TIMEOUT};
pub use fingerprint::Fingerprint;
pub use identity::{Cookie, Identity, IdentityError};
pub use last_words::LastWords;
pub use scratch::MAX_DATAGRAM;

/// True when RFC 7983 sorts `datagram` as DTLS.
pub fn is_dtls(datagram: &[u8]) -> bool {
    datagram
        .first()
        .is_some_and(|first| (20..=63).contains(first))
}
