//! Protected packets under every profile: nothing that was not sealed is opened.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palabre_core::srtp::{MasterKey, Opener, Profile};

fuzz_target!(|bytes: &[u8]| {
    for profile in [
        Profile::AeadAes128Gcm,
        Profile::AeadAes256Gcm,
        Profile::Aes128CmSha1_80,
    ] {
        let key = MasterKey::new(
            profile,
            &vec![7; profile.key_len()],
            &vec![9; profile.salt_len()],
        );
        let mut opener = key
            .as_ref()
            .and_then(Opener::new)
            .expect("the lengths are the profile's");
        assert!(opener.open_rtp(&mut bytes.to_vec()).is_err());
        assert!(opener.open_rtcp(&mut bytes.to_vec()).is_err());
    }
});
