//! What all listeners of a crowd received, in a few numbers.

use std::time::Instant;

use super::super::listener::Listener;

/// What a crowd received since it began to count.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub struct Counted {
    pub received: u64,
    pub lost: u64,
    pub duplicates: u64,
    pub reordered: u64,
    pub decrypted: u64,
    pub not_decrypted: u64,
    /// Listeners that received nothing.
    pub silent_listeners: usize,
    pub still_connected: usize,
    /// Datagrams that reached the generator's machine and found its sockets full: not the server's fault.
    pub dropped_by_generator: u64,
}

impl Counted {
    pub(super) fn of(listeners: &[Listener], dropped_by_generator: u64, now: Instant) -> Self {
        let mut all = Self {
            dropped_by_generator,
            ..Self::default()
        };
        for listener in listeners {
            all.add(listener, now);
        }
        all
    }

    fn add(&mut self, listener: &Listener, now: Instant) {
        let before = self.received;
        for stream in listener.streams.iter() {
            self.received += u64::from(stream.received);
            self.lost += stream.lost();
            self.duplicates += u64::from(stream.duplicates);
            self.reordered += u64::from(stream.reordered);
        }
        self.silent_listeners += usize::from(self.received == before);
        self.still_connected += usize::from(listener.is_connected(now));
        self.decrypted += u64::from(listener.decrypted);
        self.not_decrypted += u64::from(listener.not_decrypted);
    }
}
