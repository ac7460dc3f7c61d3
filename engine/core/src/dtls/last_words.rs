//! What is left of an association after its handshake: datagrams that are ready to be sent.

/// How often a peer may ask for the last flight. Anybody who can send from the peer's address can ask.
const REPEATS: u8 = 8;
/// Content types of plain records (RFC 9147 §4).
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;

/// The flight that ended the handshake, for a peer that lost it, and the alert that ends the association. Both are
/// sealed already: whoever repeats them needs no keys, and a repeated record is the same bytes, as a network may double
/// any datagram.
#[derive(Debug)]
pub struct LastWords {
    flight: Box<[Box<[u8]>]>,
    goodbye: Box<[u8]>,
    repeats_left: u8,
}

impl LastWords {
    pub(super) fn new(flight: Vec<Box<[u8]>>, goodbye: Box<[u8]>) -> Self {
        Self {
            flight: flight.into(),
            goodbye,
            repeats_left: REPEATS,
        }
    }

    /// A DTLS datagram from the peer: one that goes on with the handshake says that our last flight was lost.
    pub fn answer(&mut self, datagram: &[u8], mut send: impl FnMut(&[u8])) {
        if self.repeats_left > 0 && is_of_handshake(datagram) {
            self.repeats_left -= 1;
            self.flight.iter().for_each(|datagram| send(datagram));
        }
    }

    /// Says goodbye.
    pub fn close(self, mut send: impl FnMut(&[u8])) {
        if !self.goodbye.is_empty() {
            send(&self.goodbye);
        }
    }
}

/// DTLS 1.2 repeats a flight that begins in clear; DTLS 1.3 repeats one under the keys of the handshake, whose epoch is 2
/// (RFC 9147 §4: `001CSLEE`).
fn is_of_handshake(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| {
        matches!(*first, CHANGE_CIPHER_SPEC | HANDSHAKE) || first & 0b1110_0011 == 0b0010_0010
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_flight_is_repeated_to_a_handshake_and_not_for_ever() {
        let flight = vec![Box::from(*b"one"), Box::from(*b"two")];
        let mut words = LastWords::new(flight, Box::from(*b"bye"));
        let mut sent = Vec::new();
        let alert = [21, 0xFE, 0xFD];
        let of_other_epoch = [0b0010_0011, 0];
        for other in [&alert[..], &of_other_epoch, &[]] {
            words.answer(other, |datagram| sent.push(datagram.to_vec()));
        }
        assert_eq!(sent, Vec::<Vec<u8>>::new());
        for first in [20, 22, 0b0010_1110].into_iter().cycle().take(20) {
            words.answer(&[first, 0xFE], |datagram| sent.push(datagram.to_vec()));
        }
        assert_eq!(sent.len(), 2 * usize::from(REPEATS));
        words.close(|datagram| assert_eq!(datagram, b"bye"));
    }
}
