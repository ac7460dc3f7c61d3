//! The sample messages of RFC 5769 §2 (their length and bytes as printed there), and properties.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;

const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

/// RFC 5769 §2.1.
fn sample_request() -> Vec<u8> {
    hex(
        "00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74
         00240004 6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020
         00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf",
    )
}

/// RFC 5769 §2.2.
fn sample_ipv4_response() -> Vec<u8> {
    hex("0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220
         00200008 0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96")
}

/// RFC 5769 §2.3.
fn sample_ipv6_response() -> Vec<u8> {
    hex("01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220
         00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275
         bfe3ed41 80280004 c8fb0b4c")
}

#[test]
fn the_request_of_rfc_5769_is_read_and_authentic() {
    let bytes = sample_request();
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.class(), Class::Request);
    assert_eq!(message.username(), Some("evtj:h6vY"));
    assert!(message.is_controlled() && !message.is_controlling() && !message.use_candidate());
    assert!(message.is_authentic(PASSWORD));
    assert!(!message.is_authentic("another password"));
    assert_eq!(peek_ufrag(&bytes), Some("evtj"));
}

#[test]
fn the_responses_of_rfc_5769_are_read_and_authentic() {
    let (ipv4, ipv6) = (sample_ipv4_response(), sample_ipv6_response());
    let cases = [
        (&ipv4, "192.0.2.1:32853"),
        (&ipv6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ];
    for (bytes, address) in cases {
        let message = Message::parse(bytes).unwrap();
        assert_eq!(message.class(), Class::Success);
        assert!(message.is_authentic(PASSWORD));
        assert_eq!(message.mapped_address(), Some(address.parse().unwrap()));
    }
}

#[test]
fn one_changed_bit_under_the_integrity_makes_a_request_unauthentic() {
    let good = sample_request();
    // The fingerprint's own eight bytes come after the integrity.
    for bit in 0..(good.len() - 8) * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let authentic = Message::parse(&bad).is_ok_and(|message| message.is_authentic(PASSWORD));
        assert!(!authentic, "bit {bit}");
    }
}

#[test]
fn attributes_behind_the_integrity_are_ignored() {
    let mut bytes = sample_request();
    let fingerprint = bytes.split_off(bytes.len() - 8);
    bytes.extend_from_slice(&[0x00, 0x25, 0, 0]);
    bytes.extend_from_slice(&fingerprint);
    bytes[3] += 4;
    assert!(!Message::parse(&bytes).unwrap().use_candidate());
}

#[test]
fn a_check_of_the_engines_own_is_a_controlled_agents() {
    let bytes = write_own_check([7; 12], "peer:engine", PASSWORD);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(
        (message.class(), message.transaction()),
        (Class::Request, [7; 12])
    );
    assert_eq!(message.username(), Some("peer:engine"));
    assert!(message.is_controlled() && !message.is_controlling() && !message.use_candidate());
    assert!(message.is_authentic(PASSWORD));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = peek_ufrag(&bytes);
        if let Ok(message) = Message::parse(&bytes) {
            let _ = (message.is_authentic("x"), message.mapped_address(), message.use_candidate());
        }
    }

    #[test]
    fn random_attributes_behind_a_good_header_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = vec![0, 1, 0, body.len() as u8, 0x21, 0x12, 0xA4, 0x42];
        bytes.extend_from_slice(&[7; 12]);
        bytes.extend_from_slice(&body);
        let message = Message::parse(&bytes).unwrap();
        let _ = (message.username(), message.is_authentic("x"), message.mapped_address());
    }

    #[test]
    fn a_written_answer_names_the_address_and_is_authentic(transaction: [u8; 12], ip: std::net::IpAddr, port: u16) {
        let address = SocketAddr::new(ip.to_canonical(), port);
        let bytes = write_binding_success(transaction, address, PASSWORD);
        let message = Message::parse(&bytes).unwrap();
        prop_assert_eq!(message.mapped_address(), Some(address));
        prop_assert_eq!(message.transaction(), transaction);
        prop_assert!(message.is_authentic(PASSWORD));
    }

    #[test]
    fn a_written_request_is_read_again(transaction: [u8; 12], nominate: bool, ufrags in "[a-z]{4}:[a-z]{4}") {
        let request = BindingRequest {
            transaction, username: &ufrags, priority: 7, tie_breaker: 9, use_candidate: nominate,
        };
        let bytes = write_binding_request(&request, PASSWORD);
        let message = Message::parse(&bytes).unwrap();
        prop_assert_eq!((message.username(), message.use_candidate()), (Some(&ufrags[..]), nominate));
        prop_assert!(message.is_controlling() && message.is_authentic(PASSWORD));
    }
}
