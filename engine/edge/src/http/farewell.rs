//! The answer for a connection that there is no place for: written without waiting, and then it is closed.

use std::io::{self, Read as _};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::Problem;
use super::takeover::reader_gone;

/// Connections kept at once for a moment after their answer. Beyond that one is closed at once: a client that was still
/// sending may then see the end before it sees the answer.
const LINGERING: usize = 256;
/// For so long at most.
const LINGER: Duration = Duration::from_secs(1);
/// More than a request without an offer.
const UNREAD: usize = 4 * 1024;

/// A whole answer but for its date.
#[derive(Debug)]
pub struct LastWords {
    head: String,
    body: String,
}

impl LastWords {
    pub fn of(problem: &Problem) -> Self {
        let body = problem.document();
        let retry_after = problem
            .retry_after_s
            .map(|seconds| format!("retry-after: {seconds}\r\n"));
        let head = format!(
            "HTTP/1.1 {}\r\ncontent-type: {}\r\ncontent-length: {}\r\n{}\
             access-control-allow-origin: *\r\nconnection: close\r\n",
            problem.status,
            Problem::MEDIA_TYPE,
            body.len(),
            retry_after.unwrap_or_default(),
        );
        Self { head, body }
    }

    /// With the date, which only an answer of 5xx may leave out (RFC 9110, section 6.6.1).
    fn now(&self) -> Vec<u8> {
        let date = httpdate::fmt_http_date(SystemTime::now());
        format!("{}date: {date}\r\n\r\n{}", self.head, self.body).into_bytes()
    }
}

/// Says farewell, to how many at once as it may.
#[derive(Debug)]
pub struct Farewells {
    lingering: Arc<Semaphore>,
}

impl Default for Farewells {
    fn default() -> Self {
        Self {
            lingering: Arc::new(Semaphore::new(LINGERING)),
        }
    }
}

impl Farewells {
    /// Answers, and waits for the client to close: the kernel takes an answer back whose connection is closed before the
    /// client has sent all (RFC 9112, section 9.6).
    pub fn in_peace(&self, stream: TcpStream, words: &LastWords) {
        self.at_once(&stream, words);
        let Ok(place) = Arc::clone(&self.lingering).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            let _place = place;
            // Whoever has not closed by then is cut off.
            drop(tokio::time::timeout(LINGER, reader_gone(&stream)).await);
        });
    }

    /// Answers, for who is to close it right after.
    pub fn at_once(&self, stream: &TcpStream, words: &LastWords) {
        if let Err(error) = tell(stream, &words.now()) {
            tracing::debug!(%error, "A connection was not told that there is no place for it.");
        }
    }
}

/// Past tokio, which takes nothing for a socket that it has not been told about yet.
fn tell(stream: &TcpStream, answer: &[u8]) -> io::Result<()> {
    let socket = SockRef::from(stream);
    // A fresh socket has room for all of it.
    socket.send_with_flags(answer, libc::MSG_NOSIGNAL)?;
    socket.shutdown(Shutdown::Write)?;
    match (&*socket).read(&mut [0; UNREAD]) {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        Err(_) | Ok(_) => Ok(()),
    }
}
