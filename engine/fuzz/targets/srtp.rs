//! Packets under every profile: what was sealed is opened once, whatever comes between, and nothing else ever is.
#![no_main]

use std::collections::{HashMap, HashSet};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use palabre_core::srtp::{Indices, MasterKey, Opener, Profile, RtcpSealer, RtpSealer};

const MOST_STEPS: usize = 500;
/// From one packet to the next of a stream: so far ahead every receiver follows.
const MOST_AHEAD: u64 = 1_000;
/// Before the first roll-over, and not for long.
const FIRST: u64 = 64_000;

#[derive(Debug, Arbitrary)]
struct Run {
    profile: u8,
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    /// One of four streams goes on by so many numbers.
    Rtp {
        stream: u8,
        ahead: u16,
        payload: Vec<u8>,
    },
    Rtcp {
        more: Vec<u8>,
    },
    /// A packet that was sealed before, as it was or with a byte changed.
    Again {
        which: u8,
        at: u16,
        bits: u8,
    },
    Raw(Vec<u8>),
}

struct Scene {
    rtp: RtpSealer,
    rtcp: RtcpSealer,
    opener: Opener,
    streams: HashMap<u8, Indices>,
    sealed: Vec<Vec<u8>>,
    opened: HashSet<Vec<u8>>,
}

impl Scene {
    fn new(profile: Profile) -> Option<Self> {
        let key = vec![7; profile.key_len()];
        let master = MasterKey::new(profile, &key, &vec![9; profile.salt_len()])?;
        Some(Self {
            rtp: RtpSealer::new(&master)?,
            rtcp: RtcpSealer::new(&master)?,
            opener: Opener::new(&master)?,
            streams: HashMap::new(),
            sealed: Vec::new(),
            opened: HashSet::new(),
        })
    }

    fn rtp(&mut self, stream: u8, ahead: u16, payload: &[u8]) {
        let stream = stream % 4;
        let indices = self.streams.entry(stream).or_default();
        let index = indices.next().unwrap_or(FIRST) + u64::from(ahead) % MOST_AHEAD;
        let index = indices.claim(index).expect("it is the newest");
        let header = [0x80, 111, 0, 0, 0, 0, 0, 1, 0, 0, 0, stream];
        let payload = payload.get(..1_000).unwrap_or(payload);
        let mut packet = vec![0; 1_500];
        let len = self.rtp.seal(index, &header, payload, &mut packet);
        packet.truncate(len.expect("there is room for it"));
        assert!(
            self.open(&packet),
            "the newest packet of a stream is opened"
        );
        self.sealed.push(packet);
    }

    fn rtcp(&mut self, more: &[u8]) {
        let more = more.get(..1_000).unwrap_or(more);
        let mut packet = [&[0x80, 201, 0, 1, 0, 0, 0, 1], more].concat();
        let len = packet.len();
        packet.resize(1_500, 0);
        let len = self.rtcp.seal(len, &mut packet);
        packet.truncate(len.expect("there is room for it"));
        assert!(self.open(&packet), "the newest report is opened");
        self.sealed.push(packet);
    }

    fn again(&mut self, which: u8, at: u16, bits: u8) {
        if self.sealed.is_empty() {
            return;
        }
        let mut packet = self.sealed[usize::from(which) % self.sealed.len()].clone();
        let at = usize::from(at) % packet.len();
        packet[at] ^= bits;
        assert!(!self.open(&packet), "it was opened before, or is damaged");
    }

    /// True when it is opened, as RTP or as RTCP.
    fn open(&mut self, packet: &[u8]) -> bool {
        let rtp = self.opener.open_rtp(&mut packet.to_vec()).is_ok();
        let opened = rtp || self.opener.open_rtcp(&mut packet.to_vec()).is_ok();
        assert!(!opened || self.opened.insert(packet.to_vec()));
        opened
    }
}

fuzz_target!(|run: Run| {
    let profiles = [
        Profile::AeadAes128Gcm,
        Profile::AeadAes256Gcm,
        Profile::Aes128CmSha1_80,
    ];
    let profile = profiles[usize::from(run.profile) % profiles.len()];
    let mut scene = Scene::new(profile).expect("the lengths are the profile's");
    for step in run.steps.into_iter().take(MOST_STEPS) {
        match step {
            Step::Rtp {
                stream,
                ahead,
                payload,
            } => scene.rtp(stream, ahead, &payload),
            Step::Rtcp { more } => scene.rtcp(&more),
            Step::Again { which, at, bits } => scene.again(which, at, bits),
            Step::Raw(bytes) => assert!(!scene.open(&bytes), "nobody sealed it"),
        }
    }
});
