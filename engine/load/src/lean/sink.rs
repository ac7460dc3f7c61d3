//! Listeners who only receive: the other end of a raw measurement.

use std::net::UdpSocket;
use std::time::Duration;

use super::sockets::{Home, Sockets};
use crate::LoadError;

/// One socket with all the listeners' addresses.
pub struct Sink {
    sockets: Sockets,
    port: u16,
    received: u64,
}

impl Sink {
    pub fn new(home: Home) -> Result<Self, LoadError> {
        let mut port = 0;
        let mut sockets = Sockets::new(home);
        sockets.open(0, |_, socket: &UdpSocket| {
            port = socket.local_addr()?.port();
            Ok(())
        })?;
        Ok(Self {
            sockets,
            port,
            received: 0,
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Takes what has come; rests when there was little.
    pub fn turn(&mut self) {
        let Self {
            sockets, received, ..
        } = self;
        if !sockets.receive(0, |_| *received += 1) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn received(&self) -> u64 {
        self.received
    }

    /// Datagrams the socket had no room for.
    pub fn dropped(&self) -> u64 {
        self.sockets.dropped()
    }
}
