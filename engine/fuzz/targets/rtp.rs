//! RTP headers, their extensions and padding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palabre_core::rtp::{ExtensionIds, Header};

fuzz_target!(|bytes: &[u8]| {
    let Ok(header) = Header::parse(bytes) else {
        return;
    };
    assert!(header.len <= bytes.len());
    assert!(header.csrcs(bytes).count() <= 15);
    let ids = ExtensionIds {
        audio_level: Some(1),
        mid: Some(4),
    };
    let extensions = header.extensions(bytes);
    let _ = (
        extensions.audio_level(ids),
        extensions.iter().count(),
        header.payload(bytes),
    );
});
