//! Opus packets from speakers: looked at and decoded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palabre_core::opus::{Decoder, inspect};

fuzz_target!(|bytes: &[u8]| {
    let _ = inspect(bytes);
    let mut decoder = Decoder::new();
    let _ = decoder.decode(bytes);
    let _ = decoder.recover(bytes, 960);
});
