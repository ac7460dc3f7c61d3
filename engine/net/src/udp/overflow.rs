//! Datagrams that found the receive buffer full: the kernel counts them, modulo 2^32, and says how many there were with the
//! next one that it takes (socket(7)).

use std::io;
use std::os::fd::AsRawFd;

use super::option;

/// Turns the messages on.
pub(super) fn ask_for_overflow(socket: &impl AsRawFd) -> io::Result<()> {
    option::set(socket, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1)
}

/// What of the kernel's count is known.
#[derive(Debug, Default)]
pub(super) struct Overflow {
    known: u32,
}

impl Overflow {
    /// Datagrams lost since the last call. Without a `count` none ever was.
    pub fn lost_since(&mut self, count: Option<u32>) -> u32 {
        let count = count.unwrap_or(self.known);
        count.wrapping_sub(std::mem::replace(&mut self.known, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lost_datagram_is_told_once_also_when_the_count_begins_anew() {
        let mut overflow = Overflow::default();
        let told = [
            None,
            Some(3),
            Some(3),
            None,
            Some(10),
            Some(u32::MAX),
            Some(4),
        ];
        assert_eq!(
            told.map(|count| overflow.lost_since(count)),
            [0, 3, 0, 0, 7, u32::MAX - 10, 5]
        );
    }
}
