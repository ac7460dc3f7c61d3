//! Protecting and opening a packet takes no memory: it happens once per packet and listener.

mod counting;

use counting::allocations;
use palabre_core::rtp::Outgoing;
use palabre_core::srtp::{MasterKey, Opener, Profile, Sealer};

fn pass(sealer: &mut Sealer, opener: &mut Opener, sequence: u16) {
    let mut header = [0; 16];
    let outgoing = Outgoing {
        marker: false,
        payload_type: 111,
        sequence,
        timestamp: 0,
        ssrc: 1,
        csrcs: &[2],
    };
    outgoing.write(&mut header).expect("16 bytes suffice");
    let mut packet = [0; 200];
    let len = sealer
        .seal_rtp(&header, &[7; 100], &mut packet)
        .expect("the index is new");
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
        let mut sealer = Sealer::new(&master).expect("the keys are taken");
        let mut opener = Opener::new(&master).expect("the keys are taken");
        pass(&mut sealer, &mut opener, 0);
        let before = allocations();
        (1..1_000).for_each(|sequence| pass(&mut sealer, &mut opener, sequence));
        assert_eq!(allocations(), before, "{profile:?}");
    }
}
