//! Whose datagrams come from which address. A check proves whose it is and not where it comes from, so it takes nothing
//! away from who is known to be there: the bearer of one session can write any address on its checks.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::LinkKey;
use crate::{dtls, stun};

/// At most two addresses of a link: where it is sent to, and where it is about to move.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    /// Of those who shook hands there, or answered there; who does so later takes it over.
    proven: HashMap<SocketAddr, LinkKey>,
    /// Of those whose checks come from there; the newest counts.
    claimed: HashMap<SocketAddr, LinkKey>,
}

impl Addresses {
    /// Sound is of who has shaken hands; what belongs to a handshake or a move, of who is about to.
    pub fn owner(&self, remote: SocketAddr, datagram: &[u8]) -> Option<LinkKey> {
        let begins = dtls::is_dtls(datagram) || stun::is_stun(datagram);
        let (first, second) = if begins {
            (&self.claimed, &self.proven)
        } else {
            (&self.proven, &self.claimed)
        };
        first.get(&remote).or_else(|| second.get(&remote)).copied()
    }

    pub fn is_known(&self, remote: SocketAddr) -> bool {
        self.is_proven(remote) || self.is_claimed(remote)
    }

    pub fn is_claimed(&self, remote: SocketAddr) -> bool {
        self.claimed.contains_key(&remote)
    }

    pub fn is_proven(&self, remote: SocketAddr) -> bool {
        self.proven.contains_key(&remote)
    }

    pub fn claim(&mut self, remote: SocketAddr, link: LinkKey) {
        self.claimed.insert(remote, link);
    }

    pub fn prove(&mut self, remote: SocketAddr, link: LinkKey) {
        self.leave(remote, link);
        self.proven.insert(remote, link);
    }

    /// The link is not there any more.
    pub fn leave(&mut self, remote: SocketAddr, link: LinkKey) {
        for table in [&mut self.proven, &mut self.claimed] {
            if table.get(&remote) == Some(&link) {
                table.remove(&remote);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIA: [u8; 2] = [0x80, 111];
    const HELLO: [u8; 3] = [22, 0xFE, 0xFD];

    #[test]
    fn a_claim_takes_no_sound_from_who_shook_hands_there() {
        let (here, mut addresses) = (([192, 0, 2, 1], 9).into(), Addresses::default());
        addresses.claim(here, 1);
        assert_eq!(addresses.owner(here, &MEDIA), Some(1));
        addresses.prove(here, 1);
        addresses.claim(here, 2);
        assert_eq!(addresses.owner(here, &MEDIA), Some(1));
        assert_eq!(
            addresses.owner(here, &HELLO),
            Some(2),
            "it may be there now"
        );
        addresses.prove(here, 2);
        assert_eq!(addresses.owner(here, &MEDIA), Some(2));
    }

    #[test]
    fn who_leaves_takes_only_its_own_along() {
        let (here, mut addresses) = (([192, 0, 2, 1], 9).into(), Addresses::default());
        addresses.prove(here, 1);
        addresses.claim(here, 2);
        addresses.leave(here, 2);
        assert_eq!(addresses.owner(here, &HELLO), Some(1));
        addresses.leave(here, 1);
        assert!(!addresses.is_known(here));
    }
}
