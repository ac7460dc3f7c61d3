use thiserror::Error;

/// Why an offer cannot be answered; the sentence tells its author what to change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OfferError {
    /// Longer than [`super::MAX_LEN`] bytes.
    #[error("the description has {len} bytes, more than {max}", max = super::MAX_LEN)]
    TooLong {
        /// Bytes received.
        len: usize,
    },
    /// More sections than [`super::MAX_SECTIONS`].
    #[error("the description has {count} m-lines, more than {max}", max = super::MAX_SECTIONS)]
    TooManySections {
        /// Sections received.
        count: usize,
    },
    /// More formats in an audio section than [`super::MAX_FORMATS`].
    #[error("an audio section has {count} formats, more than {max}", max = super::MAX_FORMATS)]
    TooManyFormats {
        /// Formats received.
        count: usize,
    },
    /// More attributes in an audio section, or of the session, than [`super::MAX_ATTRIBUTES`].
    #[error("a section has {count} attributes, more than {max}", max = super::MAX_ATTRIBUTES)]
    TooManyAttributes {
        /// Attributes received.
        count: usize,
    },
    /// A word that the answer would repeat is longer than [`super::MAX_WORD_LEN`].
    #[error("an m-line or a=mid has a word of {len} bytes, more than {max}", max = super::MAX_WORD_LEN)]
    LongWord {
        /// Its length in bytes.
        len: usize,
    },
    /// Not a session description.
    #[error("not a session description: {0}")]
    Syntax(String),
    /// No audio section that could be answered.
    #[error("no audio section with Opus (rtpmap opus/48000/2) over UDP/TLS/RTP/SAVPF")]
    NoOpus,
    /// No usable ICE credentials.
    #[error(
        "a=ice-ufrag (4 to 256 characters) or a=ice-pwd (22 to 256 characters) is missing or malformed"
    )]
    IceCredentials,
    /// No certificate fingerprint that can be checked.
    #[error("a=fingerprint with sha-256 is missing or malformed")]
    Fingerprint,
    /// No DTLS role that could be answered.
    #[error("a=setup must be actpass, active or passive")]
    Setup,
    /// RTP and RTCP on two ports.
    #[error("a=rtcp-mux is missing: RTP and RTCP must share one port")]
    RtcpMux,
}
