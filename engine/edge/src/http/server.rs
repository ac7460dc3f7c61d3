//! The listening socket: connections in, requests to the router.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::Problem;
use super::limits::Addresses;

/// A client that takes longer to send its headers is let go.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// A peer that acknowledges nothing for so long is gone, although nobody closed the connection.
const PEER_GONE_AFTER: Duration = Duration::from_secs(30);

/// Accepts until the task is dropped. Beyond `connections` open ones, newcomers wait in the kernel's queue.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    addresses: Arc<Addresses>,
    connections: usize,
) {
    let places = Arc::new(Semaphore::new(connections));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "A connection could not be accepted.");
                // Out of descriptors: trying again at once would only burn the processor.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(opened) = addresses.open(peer.ip(), Instant::now()) else {
            continue;
        };
        let (router, addresses) = (router.clone(), Arc::clone(&addresses));
        tokio::spawn(async move {
            let _held = (place, opened);
            connection(stream, peer, router, addresses).await;
        });
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    addresses: Arc<Addresses>,
) {
    if let Err(error) = tune(&stream) {
        tracing::debug!(%error, "A connection could not be tuned.");
    }
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, allowed) = (router.clone(), addresses.may_ask(peer.ip(), Instant::now()));
        async move {
            if !allowed {
                return Ok(too_many(peer.ip()).into_response());
            }
            router.oneshot(request.map(Body::new)).await
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "A connection ended early.");
    }
}

fn tune(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(PEER_GONE_AFTER))?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(PEER_GONE_AFTER))
}

fn too_many(address: IpAddr) -> Problem {
    let detail = format!("Too many requests from {address}. Wait a second.");
    Problem::new(
        axum::http::StatusCode::TOO_MANY_REQUESTS,
        "TOO_MANY_REQUESTS",
        detail,
    )
    .retry_after(1)
}
