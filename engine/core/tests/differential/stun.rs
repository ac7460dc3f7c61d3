//! Connectivity checks: what one side writes the other reads, and what was changed on the way neither believes.

use std::net::SocketAddr;

use aws_lc_rs::hmac;
use palabre_core::stun::{
    BindingRequest, Class, Message, write_binding_request, write_binding_success,
};
use proptest::prelude::*;
use str0m::ice::{StunMessage, TransId};

use crate::damage::damage;

/// The attribute FINGERPRINT: it comes after what is signed, where attributes may be ignored (RFC 8489 §14.5).
const FINGERPRINT_LEN: usize = 8;

fn sha1_hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let mut context = hmac::Context::with_key(&key);
    parts.iter().for_each(|part| context.update(part));
    context.sign().as_ref().try_into().unwrap()
}

fn str0m_believes(message: &[u8], password: &str) -> bool {
    StunMessage::parse(message).is_ok_and(|message| message.verify(password.as_bytes(), sha1_hmac))
}

fn engine_believes(message: &[u8], password: &str) -> bool {
    Message::parse(message).is_ok_and(|message| message.is_authentic(password))
}

fn written_by_str0m(message: StunMessage<'_>, password: &str) -> Vec<u8> {
    let mut buffer = [0; 1024];
    let len = message
        .to_bytes(Some(password.as_bytes()), &mut buffer, sha1_hmac)
        .unwrap();
    buffer[..len].to_vec()
}

fn address() -> impl Strategy<Value = SocketAddr> {
    prop_oneof![
        (any::<[u8; 4]>(), any::<u16>()).prop_map(SocketAddr::from),
        // A mapped IPv4 address is written as IPv4: no peer knows itself by the other.
        (any::<[u8; 16]>(), any::<u16>())
            .prop_map(SocketAddr::from)
            .prop_filter("mapped", |address| address.ip().to_canonical()
                == address.ip()),
    ]
}

const UFRAGS: &str = "[A-Za-z0-9+/]{4,32}:[A-Za-z0-9+/]{4,32}";
const PASSWORD: &str = "[A-Za-z0-9+/]{22,64}";

proptest! {
    #[test]
    fn a_check_of_the_engines_tests_is_a_check_to_str0m(
        transaction: [u8; 12], username in UFRAGS, password in PASSWORD, other in PASSWORD,
        priority: u32, tie_breaker: u64, use_candidate: bool,
    ) {
        let request = BindingRequest { transaction, username: &username, priority, tie_breaker, use_candidate };
        let bytes = write_binding_request(&request, &password);
        let read = StunMessage::parse(&bytes).unwrap();
        prop_assert!(read.is_binding_request());
        let answer = written_by_str0m(StunMessage::binding_reply(read.trans_id(), ([192, 0, 2, 1], 1).into()), &password);
        prop_assert_eq!(Message::parse(&answer).unwrap().transaction(), transaction);
        prop_assert_eq!(read.username(), Some(username.as_str()));
        prop_assert_eq!(read.prio(), Some(priority));
        prop_assert_eq!(read.ice_controlling(), Some(tie_breaker));
        prop_assert_eq!(read.use_candidate(), use_candidate);
        prop_assert!(str0m_believes(&bytes, &password));
        prop_assert_eq!(str0m_believes(&bytes, &other), engine_believes(&bytes, &other));
    }

    #[test]
    fn a_check_of_str0m_is_a_check_to_the_engine(
        username in UFRAGS, password in PASSWORD, other in PASSWORD,
        controlling: bool, tie_breaker: u64, priority: u32, use_candidate: bool,
    ) {
        let request = StunMessage::binding_request(
            &username, TransId::new(), controlling, tie_breaker, priority, use_candidate);
        let bytes = written_by_str0m(request, &password);
        let read = Message::parse(&bytes).unwrap();
        prop_assert_eq!(read.class(), Class::Request);
        prop_assert_eq!(&read.transaction()[..], &bytes[8..20]);
        prop_assert_eq!(read.username(), Some(username.as_str()));
        prop_assert_eq!(read.is_controlling(), controlling);
        prop_assert_eq!(read.is_controlled(), !controlling);
        prop_assert_eq!(read.use_candidate(), use_candidate);
        prop_assert!(read.is_authentic(&password));
        prop_assert_eq!(read.is_authentic(&other), other == password);
    }

    #[test]
    fn both_read_the_same_address_in_the_others_answer(
        transaction: [u8; 12], mapped in address(), password in PASSWORD,
    ) {
        let ours = write_binding_success(transaction, mapped, &password);
        let read = StunMessage::parse(&ours).unwrap();
        prop_assert!(read.is_successful_binding_response());
        prop_assert_eq!(read.mapped_address(), Some(mapped));
        prop_assert!(str0m_believes(&ours, &password));

        let theirs = written_by_str0m(StunMessage::binding_reply(TransId::new(), mapped), &password);
        let read = Message::parse(&theirs).unwrap();
        prop_assert_eq!(read.class(), Class::Success);
        prop_assert_eq!(read.mapped_address(), Some(mapped));
        prop_assert!(read.is_authentic(&password));
    }

    #[test]
    fn what_was_changed_on_the_way_neither_believes(
        transaction: [u8; 12], username in UFRAGS, password in PASSWORD, damage in damage(),
    ) {
        let request = BindingRequest {
            transaction, username: &username, priority: 1, tie_breaker: 2, use_candidate: true };
        let whole = write_binding_request(&request, &password);
        let changed = damage.apply(&whole);
        let signed = whole.len() - FINGERPRINT_LEN;
        if changed.get(..signed) != whole.get(..signed) || changed.len() != whole.len() {
            prop_assert!(!engine_believes(&changed, &password));
            prop_assert!(!str0m_believes(&changed, &password));
        }
    }
}
