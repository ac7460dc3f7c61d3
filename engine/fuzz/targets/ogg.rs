//! Recordings as a crash may leave them: cut, torn, or something else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palabre_core::ogg::{Reader, repair};
use palabre_core::recording::summarise;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(reader) = Reader::open(bytes) {
        assert!(reader.valid_len() <= bytes.len());
        let _ = (reader.samples(), reader.ended(), reader.packets().count());
    }
    let _ = summarise(bytes);
    let mut repaired = bytes.to_vec();
    if repair(&mut repaired).is_ok() {
        let whole = Reader::open(&repaired).expect("a repaired file opens");
        assert_eq!(whole.valid_len(), repaired.len());
    }
});
