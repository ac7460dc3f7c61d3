//! Where `dimpl` writes what it hands out.

/// Bytes of the longest datagram that is read, and more than any that is sent: the MTU given to `dimpl` is smaller.
pub const MAX_DATAGRAM: usize = 2048;
/// Datagrams that wait in `dimpl` for a message to be whole; beyond that it takes nothing in.
pub(super) const WAITING: usize = 30;
/// Everything that waits, as one message.
const MAX_MESSAGE: usize = WAITING * MAX_DATAGRAM;

/// `dimpl` panics where the peer's certificate does not fit, and tells nobody how long that is. It cannot be longer than
/// all that the peer has sent, which is next to nothing with a certificate that clients make for themselves: only who
/// has sent more gets more room, and gives it back at the end of the call.
#[derive(Debug)]
pub(super) struct Scratch {
    small: [u8; MAX_DATAGRAM],
    large: Vec<u8>,
}

impl Scratch {
    /// Enough for whatever is handed out after so many bytes from the peer.
    pub fn after(received: usize) -> Self {
        let large = if received > MAX_DATAGRAM {
            vec![0; received.min(MAX_MESSAGE)]
        } else {
            Vec::new()
        };
        Self {
            small: [0; MAX_DATAGRAM],
            large,
        }
    }

    pub fn buffer(&mut self) -> &mut [u8] {
        if self.large.is_empty() {
            &mut self.small
        } else {
            &mut self.large
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_all_that_came_and_for_no_more_than_can_wait() {
        let room = |received| Scratch::after(received).buffer().len();
        assert_eq!(
            [0, 2_048, 2_049, 9_000].map(room),
            [2_048, 2_048, 2_049, 9_000]
        );
        assert_eq!(room(usize::MAX), 61_440);
    }
}
