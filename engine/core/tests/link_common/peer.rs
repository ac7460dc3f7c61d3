//! The client side: str0m in RTP mode, set up without SDP.

use std::net::SocketAddr;
use std::time::Instant;

use palabre_core::dtls::Fingerprint;
use palabre_core::ice::IceCredentials;
use palabre_core::rtp::write_red;
use str0m::config::{DtlsVersion, Fingerprint as StrFingerprint};
use str0m::ice::IceCreds;
use str0m::media::MediaKind;
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RawPacket, RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use super::ENGINE_SSRC;

/// Which DTLS role the peer plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerRole {
    Client,
    Server,
}

/// SSRC the peer speaks with.
pub const PEER_SSRC: u32 = 1111;

pub struct Peer {
    pub rtc: Rtc,
    pub address: SocketAddr,
    pub heard: Vec<RtpPacket>,
    pub connected: bool,
    /// Repeats each packet in the one after it (RFC 2198).
    pub redundant: bool,
    /// What it read and wrote of RTP and RTCP, when its configuration has it tell.
    pub raw: Vec<RawPacket>,
    ssrc: u32,
    next_sequence: u64,
    said_before: Vec<u8>,
}

impl Peer {
    /// A peer at `address` and what its offer would say: credentials and fingerprint.
    pub fn new(
        address: SocketAddr,
        version: DtlsVersion,
        now: Instant,
    ) -> (Self, IceCredentials, Fingerprint) {
        Self::configured(RtcConfig::new().set_dtls_version(version), address, now)
    }

    /// The same of a peer with that configuration, in RTP mode and with Opus alone.
    pub fn configured(
        config: RtcConfig,
        address: SocketAddr,
        now: Instant,
    ) -> (Self, IceCredentials, Fingerprint) {
        str0m::crypto::from_feature_flags().install_process_default();
        let mut rtc = config
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, true)
            .build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let api = rtc.direct_api();
        let creds = api.local_ice_credentials();
        let fingerprint = Fingerprint(
            api.local_dtls_fingerprint()
                .bytes
                .clone()
                .try_into()
                .unwrap(),
        );
        let credentials = IceCredentials::new(&creds.ufrag, &creds.pass).unwrap();
        let peer = Self {
            rtc,
            address,
            heard: Vec::new(),
            connected: false,
            redundant: false,
            raw: Vec::new(),
            ssrc: PEER_SSRC,
            next_sequence: 65_500,
            said_before: Vec::new(),
        };
        (peer, credentials, fingerprint)
    }

    /// Takes what the answer would say and begins.
    pub fn accept(
        &mut self,
        engine: SocketAddr,
        local: &IceCredentials,
        fingerprint: Fingerprint,
        role: PeerRole,
    ) {
        self.rtc
            .add_remote_candidate(Candidate::host(engine, "udp").unwrap());
        let mut api = self.rtc.direct_api();
        api.set_ice_controlling(true);
        api.set_remote_ice_credentials(IceCreds {
            ufrag: local.ufrag().into(),
            pass: local.password().into(),
        });
        let fingerprint = StrFingerprint {
            hash_func: "sha-256".into(),
            bytes: fingerprint.0.to_vec(),
        };
        api.set_remote_fingerprint(fingerprint);
        api.start_dtls(role == PeerRole::Client).unwrap();
        let mid = "aud".into();
        api.declare_media(mid, MediaKind::Audio);
        api.declare_stream_tx(Ssrc::from(PEER_SSRC), None, mid, None);
        api.expect_stream_rx(Ssrc::from(ENGINE_SSRC), None, mid, None);
    }

    pub fn handle(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let Ok(contents) = datagram.try_into() else {
            return;
        };
        let receive = Receive {
            proto: Protocol::Udp,
            source: from,
            destination: self.address,
            contents,
        };
        self.rtc.handle_input(Input::Receive(now, receive)).unwrap();
    }

    /// Speaks under another SSRC from now on.
    pub fn speak_as(&mut self, ssrc: u32) {
        let before = std::mem::replace(&mut self.ssrc, ssrc);
        // A new stream cannot begin after a wrap: nothing tells the receiver of it.
        self.next_sequence = 100;
        let mut api = self.rtc.direct_api();
        // Of two streams of one medium str0m would serve whichever its map names first.
        api.remove_stream_tx(Ssrc::from(before));
        api.declare_stream_tx(Ssrc::from(ssrc), None, "aud".into(), None);
    }

    /// Says one packet of 20 ms; sequence numbers begin shortly before their wrap.
    pub fn speak(&mut self, now: Instant, payload: &[u8]) {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let params = *self.rtc.codec_config().params().first().unwrap();
        let (pt, sent) = match params.red().filter(|_| self.redundant) {
            Some(red) => (red, self.with_copy(*params.pt(), payload)),
            None => (params.pt(), payload.to_vec()),
        };
        self.said_before = payload.to_vec();
        let exts = ExtensionValues {
            audio_level: Some(-30),
            voice_activity: Some(true),
            ..Default::default()
        };
        let time = (sequence * 960) as u32;
        let write = RtpWrite::new(pt, sequence.into(), time, now, sent).ext_vals(exts);
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx(&Ssrc::from(self.ssrc)).unwrap();
        stream.write_rtp(write);
    }

    fn with_copy(&self, pt: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = [0; 1_200];
        let copies = [(960, &*self.said_before)];
        let len = write_red(pt, &copies, payload, &mut out).unwrap();
        out[..len].to_vec()
    }

    /// Hands out what is due; returns when to call again.
    pub fn poll(&mut self, mut send: impl FnMut(SocketAddr, Vec<u8>)) -> Instant {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Transmit(transmit) => {
                    send(transmit.destination, transmit.contents.to_vec())
                }
                Output::Event(Event::RtpPacket(packet)) => self.heard.push(packet),
                Output::Event(Event::RawPacket(packet)) => self.raw.push(*packet),
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(_) => {}
                Output::Timeout(at) => return at,
            }
        }
    }
}
