//! Links that have not shaken hands yet: in all, by who asked for them, and by where their peers are heard.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::network::network_of;

/// Counts. Who asks over HTTP may never send a datagram, and sends datagrams from another address where it likes: each
/// side has a count of its own.
#[derive(Debug, Default)]
pub(super) struct HalfOpen {
    all: usize,
    asked: ByNetwork,
    /// From the first authenticated connectivity check on.
    heard: ByNetwork,
}

impl HalfOpen {
    pub fn all(&self) -> usize {
        self.all
    }

    /// Those whose peers are heard from the address's network.
    pub fn from(&self, address: IpAddr) -> usize {
        self.heard.count(address)
    }

    /// Those that the address's network has asked for.
    pub fn asked_from(&self, address: IpAddr) -> usize {
        self.asked.count(address)
    }

    /// A session was opened; where its peer is will show.
    pub fn opened(&mut self, asked_from: IpAddr) {
        self.all += 1;
        self.asked.enter(asked_from);
    }

    /// Its peer showed up, or moved.
    pub fn moved(&mut self, from: Option<IpAddr>, to: Option<IpAddr>) {
        from.into_iter().for_each(|from| self.heard.leave(from));
        to.into_iter().for_each(|to| self.heard.enter(to));
    }

    /// It shook hands, or is over.
    pub fn done(&mut self, asked_from: IpAddr, at: Option<IpAddr>) {
        self.all = self.all.saturating_sub(1);
        self.asked.leave(asked_from);
        at.into_iter().for_each(|at| self.heard.leave(at));
    }
}

/// No entry is zero.
#[derive(Debug, Default)]
struct ByNetwork(HashMap<IpAddr, usize>);

impl ByNetwork {
    fn count(&self, address: IpAddr) -> usize {
        self.0.get(&network_of(address)).copied().unwrap_or(0)
    }

    fn enter(&mut self, address: IpAddr) {
        *self.0.entry(network_of(address)).or_default() += 1;
    }

    fn leave(&mut self, address: IpAddr) {
        let network = network_of(address);
        if let Some(count) = self.0.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_out_gives_the_place_back() {
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse::<IpAddr>().unwrap());
        let mut half_open = HalfOpen::default();
        for _ in 0..3 {
            half_open.opened(here);
        }
        half_open.moved(None, Some(here));
        half_open.moved(None, Some(here));
        half_open.moved(Some(here), Some(there));
        assert_eq!(
            (half_open.from(here), half_open.from(there), half_open.all()),
            (1, 1, 3)
        );
        assert_eq!(
            (half_open.asked_from(here), half_open.asked_from(there)),
            (3, 0)
        );
        half_open.done(here, Some(here));
        half_open.done(here, Some(there));
        half_open.done(here, None);
        let left = (half_open.heard.0.len(), half_open.asked.0.len());
        assert_eq!((half_open.all(), left), (0, (0, 0)));
    }
}
