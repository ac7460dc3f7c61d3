//! Event streams without HTTP's machinery: once a stream's answer is decided, its socket is taken out of hyper's
//! connection, whose buffers are most of what an open stream would hold. What is written from then on is the same shared
//! bytes for every reader: the body ends with the connection (RFC 9112, section 6.3), so it needs no framing.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::HeaderValue;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use axum::response::Response;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::subscription::Subscription;

/// A reader that takes nothing for so long is let go; it comes back and starts from a snapshot.
const STALLED_AFTER: Duration = Duration::from_secs(60);
/// What a reader has sent is thrown away in pieces of this size.
const IGNORED: usize = 256;

/// A subscription on its way through the router's layers, which ask of an extension that it can be cloned.
#[derive(Clone)]
struct Marked(Arc<Mutex<Option<Subscription>>>);

/// An answer that goes on as an event stream.
pub struct Taken {
    head: Vec<u8>,
    subscription: Subscription,
}

/// Says that `response` goes on as the stream of `subscription`.
pub fn mark(mut response: Response, subscription: Subscription) -> Response {
    let marked = Marked(Arc::new(Mutex::new(Some(subscription))));
    response.extensions_mut().insert(marked);
    response
}

/// The stream that `response`, with all that the router's layers added to it, is the head of.
pub fn take(response: &mut Response) -> Option<Taken> {
    let Marked(held) = response.extensions_mut().remove()?;
    let subscription = held.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    Some(Taken {
        head: write_head(response),
        subscription,
    })
}

impl Taken {
    /// Writes head and frames until either side ends the stream.
    pub async fn write(self, mut socket: TcpStream) {
        let Self { head, subscription } = self;
        if let Err(error) = write_all(&mut socket, head.as_slice()).await {
            tracing::debug!(%error, "An event stream did not begin.");
            return;
        }
        drop(head);
        if let Err(error) = frames(&mut socket, &subscription).await {
            tracing::debug!(%error, "An event stream ended early.");
        }
    }
}

async fn frames(socket: &mut TcpStream, subscription: &Subscription) -> io::Result<()> {
    loop {
        let frame = tokio::select! {
            biased;
            frame = subscription.next() => frame,
            gone = reader_gone(socket) => return gone,
        };
        match frame {
            Some(frame) => write_all(socket, &frame).await?,
            None => return socket.shutdown().await,
        }
    }
}

async fn write_all(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    // Most readers have room, and then nothing has to be waited for.
    let written = match socket.try_write(bytes) {
        Ok(written) => written,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Err(error) => return Err(error),
    };
    match bytes.get(written..) {
        None | Some([]) => Ok(()),
        Some(rest) => tokio::time::timeout(STALLED_AFTER, socket.write_all(rest)).await?,
    }
}

/// Waits until the reader closes its side; whatever else it sends is thrown away.
pub(super) async fn reader_gone(socket: &TcpStream) -> io::Result<()> {
    loop {
        socket.readable().await?;
        match socket.try_read(&mut [0; IGNORED]) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// RFC 9112, section 2.1.
fn write_head(response: &mut Response) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let now = httpdate::fmt_http_date(SystemTime::now());
    if let Ok(now) = HeaderValue::from_str(&now) {
        headers.insert(DATE, now);
    }
    for (name, value) in headers.iter() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}
