//! As much HTTP/1.1 as thousands of joins a second need: one connection, one request at a time, nothing blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::socket_option;

const READ_BYTES: usize = 16 << 10;
const MAX_HEADERS: usize = 64;

/// What is asked.
pub struct Request<'a> {
    pub method: &'static str,
    /// `http://authority/path`
    pub url: &'a str,
    /// The bearer token.
    pub token: &'a str,
    pub content_type: &'static str,
    pub body: &'a str,
}

/// What was answered.
#[derive(Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub location: Option<String>,
    pub body: String,
}

/// A connection that is kept between requests.
pub struct Wire {
    token: Token,
    from: Option<Ipv4Addr>,
    stream: Option<TcpStream>,
    to_send: Vec<u8>,
    received: Vec<u8>,
}

impl Wire {
    /// Nothing is opened yet; requests leave from `from` where it is given.
    pub fn new(token: Token, from: Option<Ipv4Addr>) -> Self {
        Self {
            token,
            from,
            stream: None,
            to_send: Vec::new(),
            received: Vec::new(),
        }
    }

    /// Sends a request to `server`, on the open connection if there is one.
    pub fn ask(
        &mut self,
        registry: &Registry,
        server: SocketAddr,
        request: &Request<'_>,
    ) -> io::Result<()> {
        self.received.clear();
        self.to_send = request.to_bytes();
        if self.stream.as_ref().is_some_and(was_closed) {
            self.stream = None;
        }
        if self.stream.is_none() {
            let mut stream = connect(self.from, server)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            registry.register(&mut stream, self.token, both)?;
            self.stream = Some(stream);
        }
        self.send()
    }

    /// Goes on when the connection is ready; gives the reply when it is whole.
    pub fn advance(&mut self) -> io::Result<Option<Reply>> {
        self.send()?;
        let open = self.read()?;
        let (reply, keep) = match parse(&self.received)? {
            Some(whole) => whole,
            None if open => return Ok(None),
            None => {
                self.stream = None;
                return Err(ErrorKind::UnexpectedEof.into());
            }
        };
        if !(open && keep) {
            self.stream = None;
        }
        self.received.clear();
        Ok(Some(reply))
    }

    /// What has come since the last call, for answers without an end; false when the server closed.
    pub fn take_stream(&mut self, mut take: impl FnMut(&[u8])) -> io::Result<bool> {
        self.send()?;
        let open = self.read()?;
        take(&self.received);
        self.received.clear();
        Ok(open)
    }

    pub fn close(&mut self) {
        self.stream = None;
    }

    fn send(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        while !self.to_send.is_empty() {
            match stream.write(&self.to_send) {
                Ok(sent) => drop(self.to_send.drain(..sent)),
                // A connection on its way says NotConnected.
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(());
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// False when the server has closed.
    fn read(&mut self) -> io::Result<bool> {
        let Some(stream) = &mut self.stream else {
            return Ok(true);
        };
        let mut buffer = [0; READ_BYTES];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(len) => self
                    .received
                    .extend_from_slice(buffer.get(..len).unwrap_or_default()),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(true);
                }
                Err(e) => return Err(e),
            }
        }
    }
}

impl<'a> Request<'a> {
    /// `POST /rooms/{id}/join`, with an account's bearer token.
    pub fn join(url: &'a str, session: &'a str, body: &'a str) -> Self {
        Self {
            method: "POST",
            url,
            token: session,
            content_type: "application/json",
            body,
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let (authority, path) = crate::signalling::split_url(self.url).unwrap_or(("", "/"));
        let kind = if self.body.is_empty() {
            String::new()
        } else {
            format!("Content-Type: {}\r\n", self.content_type)
        };
        format!(
            "{} {path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {}\r\n{kind}Content-Length: {}\r\n\r\n{}",
            self.method,
            self.token,
            self.body.len(),
            self.body
        )
        .into_bytes()
    }
}

/// A server may close a connection that was idle for too long.
fn was_closed(stream: &TcpStream) -> bool {
    match stream.peek(&mut [0]) {
        Ok(len) => len == 0,
        Err(e) => e.kind() != ErrorKind::WouldBlock,
    }
}

fn connect(from: Option<Ipv4Addr>, to: SocketAddr) -> io::Result<TcpStream> {
    let Some(from) = from.filter(|_| to.is_ipv4()) else {
        return TcpStream::connect(to);
    };
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    // The port is chosen with the peer known, so that one address has all ports for each server.
    socket_option::set(&socket, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    match socket.connect(&to.into()) {
        Err(e) if e.raw_os_error() != Some(libc::EINPROGRESS) => Err(e),
        Ok(()) | Err(_) => Ok(TcpStream::from_std(socket.into())),
    }
}

/// The reply and whether the connection stays, when `bytes` hold all of it.
fn parse(bytes: &[u8]) -> io::Result<Option<(Reply, bool)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(io::Error::other)?;
    let httparse::Status::Complete(start) = parsed else {
        return Ok(None);
    };
    let header = |name: &str| {
        let found = response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok()
    };
    // Both servers of Palabre tell the length of what is not a stream; 204 has no body (RFC 9110 §8.6).
    let length: usize = header("content-length")
        .and_then(|l| l.parse().ok())
        .unwrap_or(0);
    let Some(body) = bytes.get(start..start + length) else {
        return Ok(None);
    };
    let reply = Reply {
        status: response.code.unwrap_or(0),
        location: header("location").map(str::to_owned),
        body: String::from_utf8_lossy(body).into_owned(),
    };
    let keep = !header("connection").is_some_and(|c| c.eq_ignore_ascii_case("close"));
    Ok(Some((reply, keep)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_whole_only_with_all_of_its_body() {
        let text = b"HTTP/1.1 201 Created\r\nlocation: /s/1\r\ncontent-length: 3\r\n\r\nv=0";
        assert!(parse(&text[..text.len() - 1]).unwrap().is_none());
        let (reply, keep) = parse(text).unwrap().unwrap();
        assert_eq!(
            (reply.status, reply.body.as_str(), keep),
            (201, "v=0", true)
        );
        assert_eq!(reply.location.as_deref(), Some("/s/1"));
    }
}
