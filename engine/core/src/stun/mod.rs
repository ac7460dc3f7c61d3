//! STUN messages as ICE uses them (RFC 8489, RFC 8445 §7): connectivity checks in, answers out.

mod attributes;
mod integrity;
mod message;
mod writer;

pub use message::{Class, Message, MessageError};
pub use writer::{BindingRequest, write_binding_request, write_binding_success, write_own_check};

/// Length in bytes of a message without attributes.
pub const HEADER_LEN: usize = 20;
/// Connectivity checks are small; anything larger is not one.
pub const MAX_MESSAGE_LEN: usize = 1024;

const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING: u16 = 0x0001;
/// What the CRC-32 of a message is XORed with to tell it from other uses of CRC-32 (RFC 8489 §14.7).
const FINGERPRINT_XOR: u32 = 0x5354_554E;

const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802A;

/// Identifies a request and its answer.
pub type TransactionId = [u8; 12];

/// True when RFC 7983 sorts `datagram` as STUN and the magic cookie agrees.
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first < 4)
        && datagram.get(4..8) == Some(&MAGIC_COOKIE[..])
}

/// The receiver's half of the user name in a connectivity check (RFC 8445 §7.2.2), so that a datagram from an unknown
/// address can be routed to its link. Nothing is verified here.
pub fn peek_ufrag(datagram: &[u8]) -> Option<&str> {
    let message = Message::parse(datagram).ok()?;
    let (local, _remote) = message.username()?.split_once(':')?;
    Some(local)
}

#[cfg(test)]
mod tests;
