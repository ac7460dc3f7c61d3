//! Every profile both ways: of all that arrives, changed and repeated and late, each side opens what was sent, once.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use palabre_core::rtcp::{is_rtcp, write_bye};
use palabre_load::netem::{Conditions, Netem};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::damage::{Damage, damage};
use crate::link_common::{ENGINE_SSRC, PeerRole};
use crate::pair::{FIRST, Opened, PROFILES, Pair, REPORT_INTERVAL, pair};
use crate::srtp::{Said, said, weather};

/// Index in the stream → payload.
type Stream = HashMap<u64, Vec<u8>>;
type Verdict = Result<(), TestCaseError>;

struct Talk {
    pair: Pair,
    to_engine: Netem<Vec<u8>>,
    to_peer: Netem<Vec<u8>>,
    damages: std::iter::Cycle<std::vec::IntoIter<Damage>>,
    /// Datagrams that arrived.
    here: HashSet<Vec<u8>>,
    there: HashSet<Vec<u8>>,
    /// Packets that the peer has to have heard.
    voices: usize,
    by_engine: Stream,
    by_peer: Stream,
}

impl Talk {
    fn new(pair: Pair, conditions: Conditions, seed: u64, damages: Vec<Damage>) -> Self {
        Self {
            pair,
            to_engine: Netem::new(conditions, seed),
            to_peer: Netem::new(conditions, !seed),
            damages: damages.into_iter().cycle(),
            here: HashSet::new(),
            there: HashSet::new(),
            voices: 0,
            by_engine: Stream::new(),
            by_peer: Stream::new(),
        }
    }

    /// One packet, and a report after each packet of the engine.
    fn say(&mut self, said: &Said) {
        if !said.by_engine {
            let index = FIRST + self.by_peer.len() as u64;
            self.by_peer.insert(index, said.payload.clone());
            return self.pair.peer.speak(self.pair.now, &said.payload);
        }
        let index = FIRST + self.by_engine.len() as u64;
        self.by_engine.insert(index, said.payload.clone());
        let packet = self.pair.voice(&said.payload);
        let mut bye = [0; 8];
        write_bye(ENGINE_SSRC, &mut bye).unwrap();
        let report = self.pair.protect(&bye);
        self.to_peer.push(self.pair.now, packet);
        self.to_peer.push(self.pair.now, report);
    }

    fn go_on(&mut self) -> Verdict {
        self.pair.run(Duration::from_millis(20));
        for datagram in std::mem::take(&mut self.pair.sent) {
            self.to_engine.push(self.pair.now, datagram);
        }
        while let Some(datagram) = self.to_engine.pop(self.pair.now) {
            self.arrives_here(&datagram)?;
        }
        while let Some(datagram) = self.to_peer.pop(self.pair.now) {
            self.arrives_there(&datagram)?;
        }
        Ok(())
    }

    fn arrives_here(&mut self, datagram: &[u8]) -> Verdict {
        let changed = self.damages.next().unwrap().apply(datagram);
        prop_assert_eq!(self.pair.engine_opens(&changed), None, "{:?}", changed);
        let opened = self.pair.engine_opens(datagram);
        prop_assert_eq!(opened.is_some(), self.here.insert(datagram.to_vec()));
        prop_assert_eq!(self.pair.engine_opens(datagram), None, "a replay");
        if let Some(Opened::Rtp { index, payload }) = opened {
            prop_assert_eq!(Some(&payload), self.by_peer.get(&index), "at {}", index);
        }
        Ok(())
    }

    /// str0m differs in three ways. It opens nothing from before the first packet of a stream that came, which the engine
    /// does. That first one sets its window before it is found to be authentic: here the first comes unchanged. And it
    /// knows no replays of SRTCP, which RFC 3711 §3.3.2 demands: here none are tried.
    fn arrives_there(&mut self, datagram: &[u8]) -> Verdict {
        if !self.pair.peer.heard.is_empty() {
            let changed = self.damages.next().unwrap().apply(datagram);
            prop_assert!(!self.pair.peer_opens(&changed), "{:?}", changed);
        }
        let fresh = self.there.insert(datagram.to_vec());
        if is_rtcp(datagram) {
            prop_assert!(!fresh || self.pair.peer_opens(datagram));
            return Ok(());
        }
        let fresh = fresh && !self.is_before_the_first(datagram);
        self.voices += usize::from(fresh);
        prop_assert_eq!(self.pair.peer_opens(datagram), fresh);
        prop_assert!(!self.pair.peer_opens(datagram), "a replay");
        Ok(())
    }

    fn is_before_the_first(&self, datagram: &[u8]) -> bool {
        let number = u16::from_be_bytes([datagram[2], datagram[3]]);
        let first = self.pair.peer.heard.first();
        first.is_some_and(|first| number.wrapping_sub(*first.seq_no as u16) >= 0x8000)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_was_sent_is_opened_once_and_what_was_changed_or_repeated_never(
        pair in pair(), traffic in vec(said(), 80..160), conditions in weather(), seed: u64,
        damages in vec(damage(), 1..40),
    ) {
        let mut talk = Talk::new(Pair::new(pair), conditions, seed, damages);
        for said in &traffic {
            talk.say(said);
            talk.go_on()?;
        }
        for _ in 0..15 {
            talk.go_on()?;
        }
        prop_assert!(talk.here.iter().any(|datagram| is_rtcp(datagram)), "the peer reports");
        for packet in &talk.pair.peer.heard {
            let sent = talk.by_engine.get(&packet.seq_no).map(Vec::as_slice);
            prop_assert_eq!(sent, Some(&packet.payload[..]));
        }
        prop_assert_eq!(talk.pair.peer.heard.len(), talk.voices);
    }
}

/// Each flipped bit, and each cut.
fn changes(datagram: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let flips = (0..8 * datagram.len()).map(|bit| {
        let mut changed = datagram.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        changed
    });
    flips.chain((0..datagram.len()).map(|len| datagram[..len].to_vec()))
}

#[test]
fn no_bit_may_be_flipped_and_no_byte_be_missing_in_any_profile() {
    for profile in PROFILES {
        let mut pair = Pair::new((profile, PeerRole::Client, std::array::from_fn(|i| i as u8)));
        let first = pair.voice(b"first");
        assert!(pair.peer_opens(&first), "{profile:?}");
        pair.peer.speak(pair.now, b"voice");
        pair.run(2 * REPORT_INTERVAL);
        let (reports, voices): (Vec<_>, Vec<_>) =
            pair.sent.clone().into_iter().partition(|it| is_rtcp(it));
        for datagram in [&reports[0], &voices[0]] {
            let mut changed = changes(datagram);
            assert!(
                changed.all(|it| pair.engine_opens(&it).is_none()),
                "{profile:?}"
            );
            assert!(pair.engine_opens(datagram).is_some(), "{profile:?}");
        }
        let mut bye = [0; 8];
        write_bye(ENGINE_SSRC, &mut bye).unwrap();
        for datagram in [pair.voice(b"voice"), pair.protect(&bye)] {
            let mut changed = changes(&datagram);
            assert!(changed.all(|it| !pair.peer_opens(&it)), "{profile:?}");
            assert!(pair.peer_opens(&datagram), "{profile:?}");
        }
    }
}
