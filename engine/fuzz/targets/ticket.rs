//! Tickets as anybody may make them up, and claims of any shape under the right signature.
#![no_main]

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use libfuzzer_sys::fuzz_target;
use palabre_edge::ticket::Tickets;

const KEY: &[u8] = &[7; 32];

fuzz_target!(|text: &str| {
    let tickets = Tickets::new(KEY);
    assert!(tickets.check(text).is_err(), "nobody can know the key");
    if let Ok(claims) = serde_json::from_str::<serde_json::Value>(text) {
        let signed = encode(
            &Header::new(Algorithm::HS256),
            &claims,
            &EncodingKey::from_secret(KEY),
        );
        let _ = signed.map(|ticket| tickets.check(&ticket).is_ok());
    }
});
