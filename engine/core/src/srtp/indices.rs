//! Which packet indices an outgoing stream has used.

use super::replay::ReplayWindow;
use crate::rtp::extend_sequence;

/// RFC 3711 §9.2: after so many packets of a stream its keys are used up.
const MAX_INDEX: u64 = 1 << 48;

/// The index of a packet that may be sealed: only [`Indices`] makes one, and for two packets never the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index(u64);

impl Index {
    /// Roll-over counter and sequence number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// The low 16 bits: the RTP sequence number.
    #[must_use]
    pub fn sequence(self) -> u16 {
        self.0 as u16
    }
}

/// The indices of one stream under one key: the same keystream twice would give both packets away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Indices(ReplayWindow);

impl Indices {
    /// The index after the highest one used; None before the first.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        self.0
            .has_seen(self.0.highest())
            .then(|| self.0.highest() + 1)
    }

    /// Gives `index` away; None when it was given, or lies too far behind to tell. What was left out may still follow
    /// while it is among the last 128.
    pub fn claim(&mut self, index: u64) -> Option<Index> {
        let fresh = index < MAX_INDEX && self.0.is_fresh(index);
        fresh.then(|| {
            self.0.insert(index);
            Index(index)
        })
    }

    /// The index that a packet with this sequence number was sealed under, to seal the very same packet once more, which
    /// gives the same bytes. None when there was none among the last 128.
    #[must_use]
    pub fn again(&self, sequence: u16) -> Option<Index> {
        extend_sequence(self.0.highest(), sequence)
            .filter(|index| self.0.has_seen(*index))
            .map(Index)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_late_index_is_given_once_even_across_the_wrap() {
        let mut indices = Indices::default();
        for index in [65_534, 65_537, 65_535, 65_536] {
            assert_eq!(indices.claim(index), Some(Index(index)));
        }
        for index in [65_534, 65_535, 65_536, 65_537, 65_000] {
            assert_eq!(indices.claim(index), None);
        }
    }

    #[test]
    fn only_what_was_given_lately_is_given_again() {
        let mut indices = Indices::default();
        assert_eq!((indices.next(), indices.again(0)), (None, None));
        indices.claim(65_535);
        indices.claim(65_537);
        assert_eq!(indices.next(), Some(65_538));
        assert_eq!(indices.again(65_535), Some(Index(65_535)));
        assert_eq!(indices.again(1), Some(Index(65_537)));
        assert_eq!((indices.again(0), indices.again(2)), (None, None));
        indices.claim(65_800);
        assert_eq!(indices.again(1), None, "too old to tell");
    }

    #[test]
    fn the_last_index_of_a_key_is_the_last() {
        let mut indices = Indices::default();
        assert!(indices.claim(MAX_INDEX - 1).is_some());
        assert_eq!(indices.claim(MAX_INDEX), None);
    }

    proptest! {
        #[test]
        fn no_index_is_given_twice_whatever_the_order(steps in proptest::collection::vec(0u64..400, 1..300)) {
            let (mut indices, mut given) = (Indices::default(), HashSet::new());
            for (base, step) in steps.into_iter().enumerate() {
                if let Some(index) = indices.claim(base as u64 + step) {
                    prop_assert!(given.insert(index.get()));
                    prop_assert_eq!(indices.again(index.sequence()), Some(index));
                }
            }
        }
    }
}
