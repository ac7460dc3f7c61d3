//! Redundant audio from speakers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palabre_core::rtp::{MAX_COPIES, Red, write_red};

fuzz_target!(|bytes: &[u8]| {
    let Ok(red) = Red::parse(bytes) else {
        return;
    };
    let copies: Vec<_> = red
        .copies()
        .map(|copy| (copy.offset, copy.payload))
        .collect();
    assert!(copies.len() <= MAX_COPIES);
    let carried: usize = copies.iter().map(|(_, copy)| copy.len() + 4).sum();
    assert_eq!(carried + 1 + red.primary.len(), bytes.len());

    let mut again = vec![0; bytes.len()];
    let len = write_red(red.payload_type, &copies, red.primary, &mut again);
    assert_eq!(len, Some(bytes.len()));
    let again = Red::parse(&again).expect("what is written can be read");
    assert_eq!(again.primary, red.primary);
});
