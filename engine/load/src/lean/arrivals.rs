//! When the packets that mean the same to everybody reached whom: the spread from the first listener to the last.

use std::collections::HashMap;

/// What goes to many listeners at once has one SSRC, one RTP time and one length: packs that begin alike may be longer for
/// those whose turn comes later.
pub type Moment = (u32, u32, usize);

/// When one packet of the room left for the first and for the last listener.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub first_ns: u64,
    pub last_ns: u64,
    pub listeners: u32,
}

/// How late each listener got what the first one got.
#[derive(Default)]
pub struct Lateness {
    sent: HashMap<Moment, Sent>,
}

impl Lateness {
    /// Notes an arrival.
    pub fn note(&mut self, moment: Moment, at_ns: u64) {
        let sent = self.sent.entry(moment).or_insert(Sent {
            first_ns: at_ns,
            last_ns: at_ns,
            listeners: 0,
        });
        sent.listeners += 1;
        sent.first_ns = sent.first_ns.min(at_ns);
        sent.last_ns = sent.last_ns.max(at_ns);
    }

    pub fn clear(&mut self) {
        self.sent.clear();
    }

    pub fn of(&self, moment: Moment) -> Option<Sent> {
        self.sent.get(&moment).copied()
    }

    /// Milliseconds from the first listener's packet to the last one's, for each packet that went to several.
    pub fn spreads_ms(&self) -> Vec<f64> {
        let several = self.sent.values().filter(|sent| sent.listeners > 1);
        several
            .map(|sent| (sent.last_ns - sent.first_ns) as f64 / 1e6)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_from_the_first_to_the_last_listener_of_one_packet() {
        let mut lateness = Lateness::default();
        for (rtp_ts, at_ns) in [
            (960, 5_000_000),
            (960, 2_000_000),
            (960, 9_500_000),
            (1920, 1),
        ] {
            lateness.note((7, rtp_ts, 100), at_ns);
        }
        assert_eq!(lateness.spreads_ms(), [7.5]);
        assert_eq!(lateness.of((7, 960, 100)).unwrap().listeners, 3);
    }
}
