//! Handshakes on a budget: what takes a tenth of a millisecond waits until those who listen have been served.

use std::collections::VecDeque;
use std::time::Instant;

use super::{LinkKey, Shard, ShardSink};
use crate::dtls::Cookie;
use crate::ice::Path;
use crate::link::Received;

/// Datagrams that wait in all: half a second's work. What comes when it is full is dropped, and its peer repeats it.
const WAITING: usize = 4_096;
/// Of one link: a ClientHello comes in three datagrams at most, the flight after it in about as many.
const WAITING_OF_ONE: u8 = 8;

/// Datagrams of handshakes, oldest first; those that have begun go before those that begin, or none would ever end. All came from addresses that an authenticated check has proven.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    begun: VecDeque<Waiting>,
    beginning: VecDeque<Waiting>,
    dropped: u64,
}

#[derive(Debug)]
struct Waiting {
    link: LinkKey,
    path: Path,
    datagram: Box<[u8]>,
}

impl Handshakes {
    /// When so many wait, a newcomer would only wait longer.
    pub const BEHIND: usize = WAITING / 4;

    pub fn are_behind(&self) -> bool {
        self.len() >= Self::BEHIND
    }

    /// `of_link` counts those that wait of the same link.
    fn add(&mut self, waiting: Waiting, begun: bool, of_link: &mut u8) {
        let queue = if begun {
            &mut self.begun
        } else {
            &mut self.beginning
        };
        if queue.len() >= WAITING / 2 || *of_link >= WAITING_OF_ONE {
            self.dropped += 1;
            return;
        }
        *of_link += 1;
        queue.push_back(waiting);
    }

    fn next(&mut self) -> Option<Waiting> {
        self.begun
            .pop_front()
            .or_else(|| self.beginning.pop_front())
    }

    fn len(&self) -> usize {
        self.begun.len() + self.beginning.len()
    }
}

impl Shard {
    /// Goes on with at most `datagrams` of the handshakes that wait, about 0.1 ms of work each; true when more wait.
    pub fn shake_hands(
        &mut self,
        now: Instant,
        datagrams: usize,
        out: &mut impl ShardSink,
    ) -> bool {
        for _ in 0..datagrams {
            let Some(next) = self.handshakes.next() else {
                return false;
            };
            self.shake_hand(now, next, out);
        }
        self.handshakes.len() > 0
    }

    /// Datagrams of handshakes that wait, and those that were dropped because too many did.
    #[must_use]
    pub fn handshakes(&self) -> (usize, u64) {
        (self.handshakes.len(), self.handshakes.dropped)
    }

    /// Links that have not shaken hands yet.
    #[must_use]
    pub fn half_open(&self) -> usize {
        self.half_open.all()
    }

    /// True when the datagram is one of a handshake, and waits now.
    pub(super) fn postpone(&mut self, link: LinkKey, path: Path, datagram: &[u8]) -> bool {
        let Some(peer) = self.links.get_mut(link) else {
            return false;
        };
        let postponed = peer.link.shakes_hands(path, datagram);
        if postponed {
            let waiting = Waiting {
                link,
                path,
                datagram: datagram.into(),
            };
            let begun = peer.link.is_shaking_hands();
            self.handshakes.add(waiting, begun, &mut peer.waiting);
        }
        postponed
    }

    /// A check has come from where a handshake begins, but anybody can write an address on one: while few have begun, what
    /// is sent there for nothing is too little to harm anybody. Beyond, nothing but a cookie is, nor is a key made.
    fn cookie(&self) -> Cookie {
        if self.half_open.all() > self.limits.half_open_without_cookie {
            Cookie::Demanded
        } else {
            Cookie::Unneeded
        }
    }

    fn shake_hand(&mut self, now: Instant, next: Waiting, out: &mut impl ShardSink) {
        let Waiting {
            link: key,
            path,
            mut datagram,
        } = next;
        let cookie = self.cookie();
        // The link may be over, and its key another's: that one does not take what comes from here.
        let Some(peer) = self.links.get_mut(key) else {
            return;
        };
        peer.waiting = peer.waiting.saturating_sub(1);
        peer.link.demand_cookie(cookie);
        match peer.link.handle_datagram(now, path, &mut datagram, out) {
            Some(Received::Connected) => self.on_connected(now, key, out),
            Some(Received::Closed(reason)) => return self.on_closed(now, key, reason, out),
            Some(Received::Rtp(_) | Received::Rtcp(_)) | None => {}
        }
        self.schedule_link(key);
    }
}
