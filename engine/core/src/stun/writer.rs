//! Writing Binding requests and their answers, signed and with a FINGERPRINT.

use std::net::{IpAddr, SocketAddr};

use super::integrity::{fingerprint, integrity};
use super::message::{ipv6_mask, xor};
use super::{
    FINGERPRINT, HEADER_LEN, ICE_CONTROLLED, ICE_CONTROLLING, MAGIC_COOKIE, MESSAGE_INTEGRITY,
    PRIORITY, TransactionId, USE_CANDIDATE, USERNAME, XOR_MAPPED_ADDRESS,
};

/// A peer-reflexive candidate's (RFC 8445 §5.1.2.1); who is asked from one address has nothing to compare it with.
const ANY_PRIORITY: u32 = 0x6E00_1EFF;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;

/// What a controlling agent's connectivity check says (RFC 8445 §7.2.2).
#[derive(Debug, Clone, Copy)]
pub struct BindingRequest<'a> {
    pub transaction: TransactionId,
    /// `receiver's ufrag:sender's ufrag`.
    pub username: &'a str,
    pub priority: u32,
    pub tie_breaker: u64,
    pub use_candidate: bool,
}

/// The success response to the request `transaction` that arrived from `mapped`, signed with `password` (the local
/// one: both directions of a check use the receiver's password).
pub fn write_binding_success(
    transaction: TransactionId,
    mapped: SocketAddr,
    password: &str,
) -> Vec<u8> {
    let mut message = header(BINDING_SUCCESS, transaction);
    attribute(
        &mut message,
        XOR_MAPPED_ADDRESS,
        &xor_address(mapped, &transaction),
    );
    seal(message, password)
}

/// A connectivity check, signed with the receiver's `password`.
pub fn write_binding_request(request: &BindingRequest<'_>, password: &str) -> Vec<u8> {
    let mut message = header(BINDING_REQUEST, request.transaction);
    attribute(&mut message, USERNAME, request.username.as_bytes());
    attribute(&mut message, PRIORITY, &request.priority.to_be_bytes());
    attribute(
        &mut message,
        ICE_CONTROLLING,
        &request.tie_breaker.to_be_bytes(),
    );
    if request.use_candidate {
        attribute(&mut message, USE_CANDIDATE, &[]);
    }
    seal(message, password)
}

/// The check of a controlled agent, which the peer answers where it is. `username` is as in [`BindingRequest`].
pub fn write_own_check(transaction: TransactionId, username: &str, password: &str) -> Vec<u8> {
    let mut message = header(BINDING_REQUEST, transaction);
    attribute(&mut message, USERNAME, username.as_bytes());
    attribute(&mut message, PRIORITY, &ANY_PRIORITY.to_be_bytes());
    // The tie-breaker: the roles are never in question, for a lite agent is always controlled.
    attribute(&mut message, ICE_CONTROLLED, &[0; 8]);
    seal(message, password)
}

fn header(kind: u16, transaction: TransactionId) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&[0, 0]);
    message.extend_from_slice(&MAGIC_COOKIE);
    message.extend_from_slice(&transaction);
    message
}

/// Appends an attribute, padded to a whole word.
fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&(value.len() as u16).to_be_bytes());
    message.extend_from_slice(value);
    message.resize(message.len().next_multiple_of(4), 0);
    let body = (message.len() - HEADER_LEN) as u16;
    if let Some(length) = message.get_mut(2..4) {
        length.copy_from_slice(&body.to_be_bytes());
    }
}

fn seal(mut message: Vec<u8>, password: &str) -> Vec<u8> {
    if let Some(tag) = integrity(&message, message.len(), password) {
        attribute(&mut message, MESSAGE_INTEGRITY, tag.as_ref());
    }
    if let Some(crc) = fingerprint(&message, message.len()) {
        attribute(&mut message, FINGERPRINT, &crc.to_be_bytes());
    }
    message
}

fn xor_address(address: SocketAddr, transaction: &TransactionId) -> Vec<u8> {
    let [p0, p1] = address.port().to_be_bytes();
    let port = xor([p0, p1], [MAGIC_COOKIE[0], MAGIC_COOKIE[1]]);
    // A dual-stack socket reports IPv4 peers as mapped IPv6 addresses; the peer knows itself as IPv4.
    let (family, ip) = match address.ip().to_canonical() {
        IpAddr::V4(ip) => (1, xor(ip.octets(), MAGIC_COOKIE).to_vec()),
        IpAddr::V6(ip) => (2, xor(ip.octets(), ipv6_mask(transaction)).to_vec()),
    };
    [&[0, family], &port[..], &ip].concat()
}
