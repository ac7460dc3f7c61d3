//! Listeners with keys of their own, and the packets a room would send them.

#![allow(dead_code, reason = "every test file uses its part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::{Duration, Instant};

use palabre_core::fanout::{LINES, Listener};
use palabre_core::ice::Path;
use palabre_core::room::ParticipantKey;
use palabre_core::rtp::Outgoing;
use palabre_core::srtp::{MasterKey, Profile, RtpSealer};

pub const PROFILES: [Profile; 3] = [
    Profile::AeadAes128Gcm,
    Profile::AeadAes256Gcm,
    Profile::Aes128CmSha1_80,
];

/// The key of session `number`; no two are alike.
pub fn master(number: u32) -> MasterKey {
    let profile = PROFILES[number as usize % PROFILES.len()];
    let mut key = vec![7; profile.key_len()];
    key[..4].copy_from_slice(&number.to_be_bytes());
    MasterKey::new(profile, &key, &vec![9; profile.salt_len()]).unwrap()
}

/// Where session `number` is.
pub fn path(number: u32) -> Path {
    let [_, a, b, c] = number.to_be_bytes();
    Path::to(([10, a, b, c], 5_004).into())
}

pub fn listener(number: u32, now: Instant) -> Listener {
    Listener {
        who: ParticipantKey(number),
        payload_type: 96 + (number % 16) as u8,
        open: 0..LINES,
        path: path(number),
        consent_until: now + Duration::from_secs(30),
        sealer: RtpSealer::new(&master(number)).unwrap(),
    }
}

/// The header of the room's packet `seq` on a line.
pub fn header(line: usize, seq: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    let outgoing = Outgoing {
        marker: false,
        payload_type: 0,
        sequence: seq as u16,
        timestamp: (seq as u32).wrapping_mul(960),
        ssrc: 1_000 + line as u32,
        csrcs: &[42],
    };
    outgoing.write(&mut bytes).unwrap();
    bytes
}
