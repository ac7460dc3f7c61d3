//! The sliding window of RFC 3711 §3.3.2: which packet indices were seen.

/// Remembers the highest index and which of the 128 before it were seen; at first none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ReplayWindow {
    highest: u64,
    /// Bit n: the index `highest - n` was seen.
    seen: u128,
}

impl ReplayWindow {
    /// A window that has seen `index` and nothing else.
    pub(super) fn starting_at(index: u64) -> Self {
        Self {
            highest: index,
            seen: 1,
        }
    }

    pub(super) fn highest(&self) -> u64 {
        self.highest
    }

    /// True when `index` was not seen and is not too old to tell.
    pub(super) fn is_fresh(&self, index: u64) -> bool {
        index > self.highest || self.age(index).is_some_and(|age| self.seen >> age & 1 == 0)
    }

    /// True when `index` is known to have been seen.
    pub(super) fn has_seen(&self, index: u64) -> bool {
        index <= self.highest && self.age(index).is_some_and(|age| self.seen >> age & 1 == 1)
    }

    /// Marks `index` as seen.
    pub(super) fn insert(&mut self, index: u64) {
        if let Some(ahead) = index.checked_sub(self.highest).filter(|ahead| *ahead > 0) {
            let shift = u32::try_from(ahead).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
            self.highest = index;
        } else if let Some(age) = self.age(index) {
            self.seen |= 1 << age;
        }
    }

    fn age(&self, index: u64) -> Option<u32> {
        let age = self.highest.checked_sub(index)?;
        u32::try_from(age).ok().filter(|age| *age < u128::BITS)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_is_fresh_twice_and_recent_news_is_fresh(steps in proptest::collection::vec(0u64..400, 1..200)) {
            let mut window = ReplayWindow::starting_at(200);
            let mut seen = HashSet::from([200]);
            for (base, step) in steps.into_iter().enumerate() {
                let index = base as u64 * 2 + step;
                let recent = index + 128 > window.highest();
                prop_assert_eq!(window.is_fresh(index), recent && !seen.contains(&index));
                prop_assert_eq!(window.has_seen(index), recent && seen.contains(&index));
                if window.is_fresh(index) {
                    window.insert(index);
                    seen.insert(index);
                }
            }
        }
    }
}
