//! Links that have not shaken hands yet: in all, and by the network they come from.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::network::network_of;

/// Counts; an address is known from the first authenticated connectivity check on.
#[derive(Debug, Default)]
pub(super) struct HalfOpen {
    all: usize,
    /// No entry is zero.
    by_network: HashMap<IpAddr, usize>,
}

impl HalfOpen {
    pub fn all(&self) -> usize {
        self.all
    }

    pub fn from(&self, address: IpAddr) -> usize {
        let count = self.by_network.get(&network_of(address));
        count.copied().unwrap_or(0)
    }

    /// A session was opened; where its peer is will show.
    pub fn opened(&mut self) {
        self.all += 1;
    }

    /// Its peer showed up, or moved.
    pub fn moved(&mut self, from: Option<IpAddr>, to: Option<IpAddr>) {
        self.leave(from);
        if let Some(to) = to {
            *self.by_network.entry(network_of(to)).or_default() += 1;
        }
    }

    /// It shook hands, or is over.
    pub fn done(&mut self, at: Option<IpAddr>) {
        self.all = self.all.saturating_sub(1);
        self.leave(at);
    }

    fn leave(&mut self, address: Option<IpAddr>) {
        let Some(address) = address.map(network_of) else {
            return;
        };
        if let Some(count) = self.by_network.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_network.remove(&address);
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
            half_open.opened();
        }
        half_open.moved(None, Some(here));
        half_open.moved(None, Some(here));
        half_open.moved(Some(here), Some(there));
        assert_eq!(
            (half_open.from(here), half_open.from(there), half_open.all()),
            (1, 1, 3)
        );
        half_open.done(Some(here));
        half_open.done(Some(there));
        half_open.done(None);
        assert_eq!((half_open.all(), half_open.by_network.len()), (0, 0));
    }
}
