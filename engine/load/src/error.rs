//! What can go wrong between a client and a server under test.

use std::path::PathBuf;
use std::time::Duration;

/// Why a client could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The server answered with a refusal; `code` is the problem document's code when there is one (RFC 9457).
    #[error("{url} answered {status} {code}")]
    Refused {
        url: String,
        status: u16,
        code: String,
    },
    /// The HTTP exchange itself failed.
    #[error("cannot reach {url}: {source}")]
    Http {
        url: String,
        #[source]
        source: Box<ureq::Error>,
    },
    /// A 201 without a Location is no session (RFC 9725 §4.2).
    #[error("{url} answered 201 without a usable Location")]
    NoLocation { url: String },
    /// The room let the client in without saying where to.
    #[error("{url} gave no ticket: {source}")]
    NoTicket {
        url: String,
        #[source]
        source: serde_json::Error,
    },
    /// The server closed a stream of events.
    #[error("{url} ended its stream")]
    StreamEnded { url: String },
    /// The door's address cannot be resolved or is not plain HTTP.
    #[error("{url} is not an http:// address that resolves")]
    BadUrl { url: String },
    /// The answer is not SDP this client understands.
    #[error("the answer's SDP is not usable: {0}")]
    Sdp(String),
    /// The peer failed: ICE, DTLS or SRTP.
    #[error("the WebRTC peer failed: {0}")]
    Peer(#[from] str0m::RtcError),
    /// A lean listener's handshake failed.
    #[error("DTLS: {0}")]
    Dtls(String),
    /// ICE or DTLS did not come to an end.
    #[error("not connected after {after:?}")]
    NotConnected { after: Duration },
    /// A socket could not be made or used.
    #[error("network: {0}")]
    Network(#[from] std::io::Error),
    /// The file of speech cannot be used.
    #[error("{path}: {reason}")]
    Speech { path: PathBuf, reason: String },
    /// libopus refused.
    #[error("opus: {0}")]
    Opus(#[from] opus::Error),
}
