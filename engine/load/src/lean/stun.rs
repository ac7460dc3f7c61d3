//! The few STUN messages an ICE client of a lite server needs (RFC 8489, RFC 8445 §7).

use aws_lc_rs::hmac;

const MAGIC_COOKIE: [u8; 4] = 0x2112_A442_u32.to_be_bytes();
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const PRIORITY: u16 = 0x0024;
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
    let mut message = Vec::with_capacity(128);
    message.extend_from_slice(&BINDING_REQUEST.to_be_bytes());
    message.extend_from_slice(&[0, 0]);
    message.extend_from_slice(&MAGIC_COOKIE);
    message.extend_from_slice(&transaction);
    attribute(&mut message, USERNAME, username.as_bytes());
    attribute(&mut message, PRIORITY, &ANY_PRIORITY.to_be_bytes());
    attribute(&mut message, ICE_CONTROLLING, &[7; 8]);
    attribute(&mut message, USE_CANDIDATE, &[]);
    // The length field counts the attribute that is about to be added (RFC 8489 §14.5, §14.7).
    set_length(&mut message, 24);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let tag = hmac::sign(&key, &message);
    attribute(&mut message, MESSAGE_INTEGRITY, tag.as_ref());
    set_length(&mut message, 8);
    let crc = crc32(&message) ^ FINGERPRINT_XOR;
    attribute(&mut message, FINGERPRINT, &crc.to_be_bytes());
    message
}

/// The transaction that a success response answers; `None` for any other datagram.
pub fn answered(datagram: &[u8]) -> Option<TransactionId> {
    let header = datagram.first_chunk::<HEADER_LEN>()?;
    let is_success = header[..2] == BINDING_SUCCESS.to_be_bytes() && header[4..8] == MAGIC_COOKIE;
    is_success
        .then(|| header.last_chunk::<12>().copied())
        .flatten()
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
    use palabre_core::stun::Message;

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
}
