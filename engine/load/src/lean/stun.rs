//! The few STUN messages an ICE client needs (RFC 8489, RFC 8445 §7).

use std::net::SocketAddrV4;

use aws_lc_rs::hmac;

const MAGIC_COOKIE: [u8; 4] = 0x2112_A442_u32.to_be_bytes();
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const PRIORITY: u16 = 0x0024;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLING: u16 = 0x802A;
const FINGERPRINT_XOR: u32 = 0x5354_554E;
const HEADER_LEN: usize = 20;
/// A peer-reflexive priority; with one pair of candidates any will do.
const ANY_PRIORITY: u32 = 0x6E00_1EFF;

pub type TransactionId = [u8; 12];

/// A connectivity check that nominates its path, signed with the server's password.
pub fn check(transaction: TransactionId, username: &str, password: &str) -> Vec<u8> {
    let mut message = begin(BINDING_REQUEST, transaction);
    attribute(&mut message, USERNAME, username.as_bytes());
    attribute(&mut message, PRIORITY, &ANY_PRIORITY.to_be_bytes());
    attribute(&mut message, ICE_CONTROLLING, &[7; 8]);
    attribute(&mut message, USE_CANDIDATE, &[]);
    seal(&mut message, password);
    message
}

/// The answer to the server's own check, signed with the listener's password; `None` for any other datagram. libnice
/// checks even as a lite agent, and takes no path before it is answered.
pub fn answer(datagram: &[u8], from: SocketAddrV4, password: &str) -> Option<Vec<u8>> {
    let transaction = transaction_of(datagram, BINDING_REQUEST)?;
    let mut message = begin(BINDING_SUCCESS, transaction);
    let cookie = u32::from_be_bytes(MAGIC_COOKIE);
    let port = from.port() ^ (cookie >> 16) as u16;
    let address = from.ip().to_bits() ^ cookie;
    // Family 1 is IPv4 (RFC 8489 §14.1).
    let value = [&[0, 1], &port.to_be_bytes()[..], &address.to_be_bytes()].concat();
    attribute(&mut message, XOR_MAPPED_ADDRESS, &value);
    seal(&mut message, password);
    Some(message)
}

/// The transaction that a success response answers; `None` for any other datagram.
pub fn answered(datagram: &[u8]) -> Option<TransactionId> {
    transaction_of(datagram, BINDING_SUCCESS)
}

fn transaction_of(datagram: &[u8], kind: u16) -> Option<TransactionId> {
    let header = datagram.first_chunk::<HEADER_LEN>()?;
    let is_it = header[..2] == kind.to_be_bytes() && header[4..8] == MAGIC_COOKIE;
    is_it.then(|| header.last_chunk::<12>().copied()).flatten()
}

fn begin(kind: u16, transaction: TransactionId) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&[0, 0]);
    message.extend_from_slice(&MAGIC_COOKIE);
    message.extend_from_slice(&transaction);
    message
}

/// Signs, and ends with the fingerprint. The length field counts the attribute that is about to be added
/// (RFC 8489 §14.5, §14.7).
fn seal(message: &mut Vec<u8>, password: &str) {
    set_length(message, 24);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let tag = hmac::sign(&key, message);
    attribute(message, MESSAGE_INTEGRITY, tag.as_ref());
    set_length(message, 8);
    let crc = crc32(message) ^ FINGERPRINT_XOR;
    attribute(message, FINGERPRINT, &crc.to_be_bytes());
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&(value.len() as u16).to_be_bytes());
    message.extend_from_slice(value);
    message.resize(message.len().next_multiple_of(4), 0);
    set_length(message, 0);
}

fn set_length(message: &mut [u8], to_come: usize) {
    let length = (message.len() + to_come - HEADER_LEN) as u16;
    if let Some(field) = message.get_mut(2..4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

/// CRC-32 of ITU V.42, bit by bit: a check is some 100 bytes and comes every few seconds.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(u32::MAX, byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use palabre_core::stun::{BindingRequest, Message, write_binding_request};

    #[test]
    fn the_crc_of_the_check_string_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_check_is_authentic_to_the_engine_and_its_answer_is_recognised() {
        let check = check([3; 12], "server:me", "a password of the server");
        let message = Message::parse(&check).unwrap();
        assert_eq!(message.username(), Some("server:me"));
        assert!(message.is_authentic("a password of the server"));
        assert!(!message.is_authentic("another"));
        let answer = palabre_core::stun::write_binding_success(
            [3; 12],
            "127.0.0.1:9".parse().unwrap(),
            "a password of the server",
        );
        assert_eq!(answered(&answer), Some([3; 12]));
        assert_eq!(answered(&check), None);
    }

    #[test]
    fn the_answer_to_a_servers_check_is_authentic_and_says_where_it_came_from() {
        let request = BindingRequest {
            transaction: [9; 12],
            username: "lean1:server",
            priority: 1,
            tie_breaker: 1,
            use_candidate: false,
        };
        let password = "the listener's password";
        let request = write_binding_request(&request, password);
        let from = "10.78.0.1:8082".parse().unwrap();
        let answer = answer(&request, from, password).unwrap();
        let message = Message::parse(&answer).unwrap();
        assert_eq!(message.transaction(), [9; 12]);
        assert_eq!(message.mapped_address(), Some(from.into()));
        assert!(message.is_authentic(password));
        assert!(message.fingerprint_holds());
        assert_eq!(super::answer(&answer, from, password), None);
    }
}
