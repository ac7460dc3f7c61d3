//! The listening socket: connections in, requests to the router.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tower::ServiceExt;

use super::Problem;
use super::entrance::{Entrance, NoPlace, Place};
use super::proxies::Proxies;
use super::spare::Spare;
use super::takeover::{self, Taken};

/// A client that takes longer to send its headers is let go.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// A peer that acknowledges nothing for so long is gone, although nobody closed the connection.
const PEER_GONE_AFTER: Duration = Duration::from_secs(30);

/// Who may ask, and what answers. Cheap to clone.
#[derive(Clone)]
pub struct Doors {
    pub router: Router,
    pub entrance: Arc<Entrance>,
    pub proxies: Proxies,
}

/// Whose request it is.
#[derive(Debug, Clone, Copy)]
pub struct Sender(pub IpAddr);

/// Accepts until the task is dropped. Whom there is no place for is told so.
pub async fn serve(listener: TcpListener, doors: Doors) {
    let mut spare = Spare::new();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => receive(stream, peer, &doors),
            Err(error) => {
                let told = Spare::is_needed(&error)
                    && spare
                        .lend(&listener, |stream| {
                            doors.entrance.turn_away(stream, NoPlace::Files);
                        })
                        .await;
                if !told {
                    tracing::warn!(%error, "A connection could not be accepted.");
                    // Trying again at once would only burn the processor.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

fn receive(stream: TcpStream, peer: SocketAddr, doors: &Doors) {
    let counted = (!doors.proxies.has(peer.ip())).then(|| peer.ip());
    match doors.entrance.enter(counted, Instant::now()) {
        Ok(place) => drop(tokio::spawn(connection(stream, peer, doors.clone(), place))),
        Err(why) => doors.entrance.turn_away(stream, why),
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, doors: Doors, place: Place) {
    if let Err(error) = tune(&stream) {
        tracing::debug!(%error, "A connection could not be tuned.");
    }
    let (sender, mut taken) = mpsc::channel(1);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let address = doors.proxies.sender(peer.ip(), request.headers());
        let allowed = doors.entrance.may_ask(address, Instant::now());
        request.extensions_mut().insert(Sender(address));
        let (router, sender) = (doors.router.clone(), sender.clone());
        async move {
            if !allowed {
                return Ok(too_many(address).into_response());
            }
            // A question for the head alone has no stream.
            let streams = request.method() == Method::GET;
            let mut response = router.oneshot(request.map(Body::new)).await?;
            match takeover::take(&mut response) {
                Some(stream) if streams => hand_over(&sender, stream).await,
                Some(_) | None => Ok(response),
            }
        }
    });
    let mut served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        ended = &mut served => {
            if let Err(error) = ended {
                tracing::debug!(%error, "A connection ended early.");
            }
        }
        Some(stream) = taken.recv() => {
            // What came before on this connection has been written: a client waits for one answer before it asks on.
            let socket = served.into_parts().io.into_inner();
            // A task of its own: this one has room for all that HTTP needs.
            tokio::spawn(async move {
                let _held = place;
                stream.write(socket).await;
            });
        }
    }
}

/// Gives the stream to the connection's task, which ends this answer before it has begun.
async fn hand_over(sender: &mpsc::Sender<Taken>, stream: Taken) -> Result<Response, Infallible> {
    if sender.send(stream).await.is_err() {
        tracing::debug!("A connection ended before its stream began.");
    }
    std::future::pending().await
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
