//! What a client is going to do.

use std::sync::Arc;
use std::sync::OnceLock;

use str0m::RtcConfig;
use str0m::crypto::{CryptoProvider, from_feature_flags};

use crate::speech::Speech;

/// Who opens the DTLS handshake, as the offer says (RFC 5763 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dtls {
    /// `a=setup:actpass`: the server chooses, as browsers let it.
    #[default]
    ServerChooses,
    /// `a=setup:active`: this client opens.
    Opens,
    /// `a=setup:passive`: this client waits, as FFmpeg's WHIP muxer does.
    Waits,
}

impl Dtls {
    pub(super) fn into_offer(self, sdp: String) -> String {
        let setup = match self {
            Dtls::ServerChooses => return sdp,
            Dtls::Opens => "a=setup:active",
            Dtls::Waits => "a=setup:passive",
        };
        sdp.replace("a=setup:actpass", setup)
    }
}

/// What a client is going to do.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) speech: Option<Arc<Speech>>,
    pub(super) repeat: bool,
    pub(super) lines: usize,
    pub(super) dtls: Dtls,
    pub(super) keep_audio: bool,
    pub(super) decrypt: bool,
    pub(super) nack: bool,
}

impl Plan {
    /// Listen over WHEP with one audio line: the server's mix.
    pub fn listen() -> Self {
        Self {
            speech: None,
            repeat: false,
            lines: 1,
            dtls: Dtls::default(),
            keep_audio: false,
            decrypt: true,
            nack: false,
        }
    }

    /// Speak over WHIP: `speech` once, in real time.
    pub fn speak(speech: Arc<Speech>) -> Self {
        Self {
            speech: Some(speech),
            ..Self::listen()
        }
    }

    /// Offer this many audio lines: a WHEP server with slots then forwards as many speakers.
    pub fn lines(self, lines: usize) -> Self {
        Self { lines, ..self }
    }

    /// Begin again when the speech is over.
    pub fn repeating(self) -> Self {
        Self {
            repeat: true,
            ..self
        }
    }

    pub fn dtls(self, dtls: Dtls) -> Self {
        Self { dtls, ..self }
    }

    /// Keep every packet in the inbox, to decode it later.
    pub fn keeping_audio(self) -> Self {
        Self {
            keep_audio: true,
            ..self
        }
    }

    /// Once connected, read only RTP headers: loss and order are seen, decryption is not checked, and the machine that
    /// makes the load is spared.
    pub fn only_counting(self) -> Self {
        Self {
            decrypt: false,
            ..self
        }
    }

    /// Ask again for lost packets (generic NACK, RFC 4585 §6.2.1).
    pub fn asking_again(self) -> Self {
        Self { nack: true, ..self }
    }

    pub(super) fn rtc_config(&self) -> RtcConfig {
        static CRYPTO: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
        let crypto = CRYPTO.get_or_init(|| Arc::new(from_feature_flags()));
        let mut config = RtcConfig::new()
            .set_crypto_provider(crypto.clone())
            .set_rtp_mode(true)
            .set_stats_interval(None)
            .clear_codecs();
        add_opus(&mut config, self.nack);
        config
    }
}

/// Opus as browsers offer it (RFC 7587 §7), payload type 111.
fn add_opus(config: &mut RtcConfig, nack: bool) {
    use str0m::format::{Codec, CodecSpec, FormatParams, PayloadParams};
    use str0m::media::Frequency;
    let spec = CodecSpec {
        codec: Codec::Opus,
        clock_rate: Frequency::FORTY_EIGHT_KHZ,
        channels: Some(2),
        format: FormatParams {
            min_p_time: Some(10),
            use_inband_fec: Some(true),
            ..FormatParams::default()
        },
    };
    let mut opus = PayloadParams::new(111.into(), None, spec);
    opus.set_fb_nack(nack);
    *config.codec_config() = str0m::format::CodecConfig::new_from_payload_params(vec![opus]);
}
