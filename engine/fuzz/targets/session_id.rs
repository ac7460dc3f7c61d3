//! Names of sessions, as anybody may write them into an address.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palabre_core::shard::SessionId;

fuzz_target!(|text: &str| {
    let Some(session) = SessionId::parse(text) else {
        return;
    };
    assert_eq!(session.as_str(), text);
    let digits = text.get(..2).expect("a name has 34 digits");
    assert_eq!(u8::from_str_radix(digits, 16), Ok(session.shard()));
});
