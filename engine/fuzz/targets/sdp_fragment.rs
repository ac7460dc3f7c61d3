//! Trickle-ICE fragments.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palabre_core::sdp::Fragment;

fuzz_target!(|bytes: &[u8]| {
    let _ = Fragment::parse(bytes);
});
