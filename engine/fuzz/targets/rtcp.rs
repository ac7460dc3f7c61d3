//! RTCP compounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palabre_core::rtcp::Packets;

fuzz_target!(|bytes: &[u8]| {
    for packet in Packets::new(bytes) {
        let _ = (packet.report_blocks().count(), packet.lost().count());
    }
});
