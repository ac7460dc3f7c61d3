//! How the engine is set up, and why it does not start.

use std::io;
use std::net::IpAddr;

use axum::http::HeaderValue;
use ipnet::IpNet;
use palabre_core::shard::Limits;
use palabre_net::{MediaConfig, MediaError, Pinning};
use tokio::net::TcpListener;

use crate::http::limits::HttpLimits;

/// How the engine is set up; fixed for its life.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// `address:port` of the HTTP doors; port 0 takes any free one.
    pub edge_bind: String,
    /// `address:port` of the one UDP port for media; port 0 takes any free one.
    pub media_bind: String,
    /// Addresses told to clients; the machine's own when empty.
    pub media_addresses: Vec<IpAddr>,
    /// Media threads, 1 to 255.
    pub shards: u8,
    pub media: Limits,
    /// Whether each media thread keeps to a core of its own.
    pub pinning: Pinning,
    /// 32 random bytes shared with whoever signs tickets.
    pub ticket_key: Vec<u8>,
    /// Origins whose pages may use the doors; all when empty.
    pub cors_origins: Vec<String>,
    pub http: HttpLimits,
    /// Proxies whose X-Forwarded-For is believed: limits for one address count whom they speak for.
    pub proxies: Vec<IpAddr>,
    /// Who may read the metrics.
    pub metrics_for: Vec<IpNet>,
    /// Event streams open at once: fewer than connections, see [`Places`](crate::http::places::Places).
    pub max_streams: usize,
}

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    #[error("Cannot listen on {address}: {error}. Choose another port, or stop what uses it.")]
    Bind { address: String, error: io::Error },
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error("{origin:?} is not an origin. Write it as https://host.")]
    Origin { origin: String },
    #[error("{address:?} is not an address with a port. Write it as 0.0.0.0:8082.")]
    Address { address: String },
    #[error("The engine cannot start its threads: {0}")]
    Threads(#[from] io::Error),
}

pub(super) fn media_config(config: &EngineConfig) -> Result<MediaConfig, EngineError> {
    let bind = config
        .media_bind
        .parse()
        .map_err(|_| EngineError::Address {
            address: config.media_bind.clone(),
        })?;
    Ok(MediaConfig {
        bind,
        addresses: config.media_addresses.clone(),
        shards: config.shards,
        limits: config.media,
        pinning: config.pinning,
    })
}

pub(super) async fn listen(address: &str) -> Result<TcpListener, EngineError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| EngineError::Bind {
            address: address.to_owned(),
            error,
        })
}

pub(super) fn origins(texts: &[String]) -> Result<Vec<HeaderValue>, EngineError> {
    let parse = |origin: &String| {
        HeaderValue::from_str(origin).map_err(|_| EngineError::Origin {
            origin: origin.clone(),
        })
    };
    texts.iter().map(parse).collect()
}
