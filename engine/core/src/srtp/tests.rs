use super::*;
use crate::rtp::Outgoing;

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

/// A packet in clear, protected under known keys, and what has to come out.
struct Vector {
    profile: Profile,
    key: &'static str,
    sealed: &'static str,
}

const SALT: &str = "517569642070726f2071756f";
const KEY_128: &str = "000102030405060708090a0b0c0d0e0f";
const KEY_256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The packet of RFC 7714 §16.
const RTP_CLEAR: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
    69736120 696e2070 61727465 73207472 6573";

/// RFC 7714 §16.1.1 and §16.2.1; the keys there are session keys.
const RTP_VECTORS: [Vector; 2] = [
    Vector {
        profile: Profile::AeadAes128Gcm,
        key: KEY_128,
        sealed: "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
            42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
    },
    Vector {
        profile: Profile::AeadAes256Gcm,
        key: KEY_256,
        sealed: "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3
            b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
    },
];

/// The packet of RFC 7714 §17.
const RTCP_CLEAR: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
    deadbeef deadbeef deadbeef deadbeef deadbeef";

/// RFC 7714 §17.1 and §17.2: session keys, SRTCP index 0x5d4.
const RTCP_VECTORS: [Vector; 2] = [
    Vector {
        profile: Profile::AeadAes128Gcm,
        key: KEY_128,
        sealed: "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1
            730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
    },
    Vector {
        profile: Profile::AeadAes256Gcm,
        key: KEY_256,
        sealed: "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1
            110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4",
    },
];

impl Vector {
    fn cipher(&self) -> cipher::Cipher {
        cipher::Cipher::new(self.profile, &hex(self.key), &[], &hex(SALT)).unwrap()
    }
}

#[test]
fn the_rtp_packets_of_rfc_7714_come_out_and_are_opened_again() {
    for vector in RTP_VECTORS {
        let clear = hex(RTP_CLEAR);
        let mut packet = clear.clone();
        packet.resize(clear.len() + 16, 0);
        vector
            .cipher()
            .seal_rtp(0x5501_a0b2, 0xf17b, 12, &mut packet)
            .unwrap();
        assert_eq!(packet, hex(vector.sealed));
        let len = vector
            .cipher()
            .open_rtp(0x5501_a0b2, 0xf17b, 12, &mut packet)
            .unwrap();
        assert_eq!(packet[..len], clear);
    }
}

#[test]
fn the_rtcp_packets_of_rfc_7714_come_out_and_are_opened_again() {
    for vector in RTCP_VECTORS {
        let clear = hex(RTCP_CLEAR);
        let mut packet = clear.clone();
        packet.resize(100, 0);
        let len = vector
            .cipher()
            .seal_rtcp(0x4d61_7273, 0x5d4, clear.len(), &mut packet)
            .unwrap();
        assert_eq!(packet[..len], hex(vector.sealed));
        let word = vector.cipher().rtcp_word(&packet[..len]).unwrap();
        assert_eq!(word, 0x8000_05d4);
        let opened = vector
            .cipher()
            .open_rtcp(0x4d61_7273, word, &mut packet[..len])
            .unwrap();
        assert_eq!(packet[..opened], clear);
    }
}

const PROFILES: [Profile; 3] = [
    Profile::AeadAes128Gcm,
    Profile::AeadAes256Gcm,
    Profile::Aes128CmSha1_80,
];

/// What one side seals with: a stream's indices and the keys.
struct Sender {
    indices: Indices,
    rtp: RtpSealer,
    rtcp: RtcpSealer,
}

fn pair(profile: Profile) -> (Sender, Opener) {
    let master = MasterKey::new(
        profile,
        &vec![7; profile.key_len()],
        &vec![9; profile.salt_len()],
    )
    .unwrap();
    let sender = Sender {
        indices: Indices::default(),
        rtp: RtpSealer::new(&master).unwrap(),
        rtcp: RtcpSealer::new(&master).unwrap(),
    };
    (sender, Opener::new(&master).unwrap())
}

fn header(ssrc: u32, sequence: u16) -> [u8; 16] {
    let mut bytes = [0; 16];
    let outgoing = Outgoing {
        marker: false,
        payload_type: 111,
        sequence,
        timestamp: 1,
        ssrc,
        csrcs: &[42],
    };
    assert_eq!(outgoing.write(&mut bytes), Some(16));
    bytes
}

/// The packet `index` of the stream 1.
fn sealed(sender: &mut Sender, index: u64) -> Vec<u8> {
    let index = sender.indices.claim(index).unwrap();
    seal(sender, index, 1)
}

fn seal(sender: &Sender, index: Index, ssrc: u32) -> Vec<u8> {
    let mut out = [0; 200];
    let header = header(ssrc, 0);
    let len = sender.rtp.seal(index, &header, b"voice", &mut out).unwrap();
    out[..len].to_vec()
}

#[test]
fn what_is_sealed_is_opened_across_the_wrap_with_loss_and_reordering() {
    for profile in PROFILES {
        let (mut sender, mut opener) = pair(profile);
        let mut packets: Vec<Vec<u8>> = (65_400..65_800)
            .map(|index| sealed(&mut sender, index))
            .collect();
        for chunk in packets.chunks_mut(5) {
            chunk.reverse();
        }
        for packet in packets.iter_mut().filter(|packet| packet[3] % 7 != 0) {
            let (facts, index, len) = opener.open_rtp(packet).unwrap();
            assert_eq!(index & 0xFFFF, u64::from(facts.sequence));
            assert_eq!(&packet[facts.len..len], b"voice");
            assert_eq!(
                index >= 65_536,
                facts.sequence < 1000,
                "the roll-over was counted"
            );
        }
    }
}

#[test]
fn nothing_is_accepted_twice_and_no_changed_bit_at_all() {
    for profile in PROFILES {
        let (mut sender, mut opener) = pair(profile);
        let packet = sealed(&mut sender, 9);
        for bit in 0..packet.len() * 8 {
            let mut bad = packet.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(opener.open_rtp(&mut bad).is_err(), "{profile:?} bit {bit}");
        }
        assert!(opener.open_rtp(&mut packet.clone()).is_ok());
        assert_eq!(
            opener.open_rtp(&mut packet.clone()),
            Err(OpenError::Replayed)
        );
    }
}

#[test]
fn a_late_packet_is_opened_in_its_gap_even_across_the_wrap() {
    for profile in PROFILES {
        let (mut sender, mut opener) = pair(profile);
        for given in [65_534, 65_537, 65_535, 65_536] {
            let mut packet = sealed(&mut sender, given);
            let (_, index, _) = opener.open_rtp(&mut packet).unwrap();
            assert_eq!(index, given);
        }
    }
}

#[test]
fn a_repeated_packet_is_the_same_bytes() {
    for profile in PROFILES {
        let (mut sender, _) = pair(profile);
        let first = sealed(&mut sender, 65_540);
        sealed(&mut sender, 65_542);
        let again = sender.indices.again(4).unwrap();
        assert_eq!(seal(&sender, again, 1), first);
    }
}

#[test]
fn a_buffer_too_small_and_half_a_header_are_refused() {
    let (mut sender, _) = pair(Profile::AeadAes128Gcm);
    let index = sender.indices.claim(5).unwrap();
    let refused = sender
        .rtp
        .seal(index, &header(1, 5), b"voice", &mut [0; 30]);
    assert_eq!(refused, Err(SealError::TooLarge { need: 37, got: 30 }));
    let refused = sender.rtp.seal(index, &[0x80; 11], b"", &mut [0; 100]);
    assert_eq!(refused, Err(SealError::Header));
}

#[test]
fn rtcp_is_opened_once_and_only_encrypted() {
    for profile in PROFILES {
        let (mut sender, mut opener) = pair(profile);
        let mut out = [0; 100];
        let clear = hex(RTCP_CLEAR);
        out[..clear.len()].copy_from_slice(&clear);
        let len = sender.rtcp.seal(clear.len(), &mut out).unwrap();
        let packet = &out[..len];
        let opened = opener.open_rtcp(&mut packet.to_vec()).unwrap();
        assert_eq!(opened, clear.len());
        assert_eq!(
            opener.open_rtcp(&mut packet.to_vec()),
            Err(OpenError::Replayed)
        );
        let mut plain = packet.to_vec();
        let flag = if profile == Profile::Aes128CmSha1_80 {
            len - 14
        } else {
            len - 4
        };
        plain[flag] &= 0x7F;
        assert_eq!(opener.open_rtcp(&mut plain), Err(OpenError::NotEncrypted));
    }
}

#[test]
fn a_peer_has_a_bounded_number_of_streams_and_forgeries_take_none() {
    let (mut sender, mut opener) = pair(Profile::AeadAes128Gcm);
    let index = sender.indices.claim(1).unwrap();
    let packet = |ssrc| seal(&sender, index, ssrc);
    for ssrc in 0..100 {
        assert_eq!(
            opener.open_rtp(&mut [&header(ssrc, 1)[..], &[0; 30]].concat()),
            Err(OpenError::NotAuthentic)
        );
    }
    for ssrc in 0..MAX_STREAMS as u32 {
        assert!(opener.open_rtp(&mut packet(ssrc)).is_ok());
    }
    assert_eq!(
        opener.open_rtp(&mut packet(99)),
        Err(OpenError::TooManyStreams)
    );
}
