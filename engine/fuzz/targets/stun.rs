//! STUN messages, as anybody may send them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palabre_core::stun::{Message, peek_ufrag};

fuzz_target!(|bytes: &[u8]| {
    let ufrag = peek_ufrag(bytes);
    let Ok(message) = Message::parse(bytes) else {
        assert_eq!(ufrag, None);
        return;
    };
    let _ = (
        message.mapped_address(),
        message.use_candidate(),
        message.is_controlling(),
    );
    assert!(!message.is_authentic("a password that nobody knows"));
});
