//! Protecting and opening a packet takes no memory: it happens once per packet and listener.

mod counting;

use counting::allocations;
use palabre_core::rtp::Outgoing;
use palabre_core::srtp::{Indices, MasterKey, Opener, Profile, RtpSealer};

fn pass(sealer: &RtpSealer, indices: &mut Indices, opener: &mut Opener, index: u64) {
    let mut header = [0; 16];
    let outgoing = Outgoing {
        marker: false,
        payload_type: 111,
        sequence: 0,
        timestamp: 0,
        ssrc: 1,
        csrcs: &[2],
    };
    outgoing.write(&mut header).expect("16 bytes suffice");
    let mut packet = [0; 200];
    let index = indices.claim(index).expect("the index is new");
    let len = sealer
        .seal(index, &header, &[7; 100], &mut packet)
        .expect("the buffer is long enough");
    opener
        .open_rtp(&mut packet[..len])
        .expect("the packet is authentic");
}

#[test]
fn after_a_streams_first_packet_nothing_is_allocated() {
    for profile in [
        Profile::AeadAes128Gcm,
        Profile::AeadAes256Gcm,
        Profile::Aes128CmSha1_80,
    ] {
        let key = vec![7; profile.key_len()];
        let salt = vec![9; profile.salt_len()];
        let master = MasterKey::new(profile, &key, &salt).expect("the lengths are the profile's");
        let sealer = RtpSealer::new(&master).expect("the keys are taken");
        let mut indices = Indices::default();
        let mut opener = Opener::new(&master).expect("the keys are taken");
        pass(&sealer, &mut indices, &mut opener, 0);
        let before = allocations();
        (1..1_000).for_each(|index| pass(&sealer, &mut indices, &mut opener, index));
        assert_eq!(allocations(), before, "{profile:?}");
    }
}
