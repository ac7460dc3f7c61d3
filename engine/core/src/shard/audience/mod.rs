//! Who of a room's listeners hears the slots and who hears the mix, and in which group of it.

mod moves;
mod rules;
mod shelter;

use std::collections::HashMap;
use std::time::Instant;

use super::LinkKey;
use super::shelter::Shelter;
use super::types::FloorRules;
use crate::opus::MAX_PACKED;
use crate::room::{MOVE_WITHIN, PackSize};
use rules::Crowd;

/// What a listener hears at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feed {
    Slots,
    /// A phase group of the mix.
    Group(u8),
}

impl Feed {
    fn group(self) -> Option<u8> {
        match self {
            Self::Slots => None,
            Self::Group(group) => Some(group),
        }
    }
}

/// What a session has lines for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hears {
    Slots,
    Mix,
    Both,
}

#[derive(Debug)]
struct Listener {
    feed: Feed,
    /// Of the mix: its present one, or its last.
    group: u8,
    /// In the list of the feed.
    index: usize,
    hears: Hears,
    may_speak: bool,
    /// What is done because it loses too much.
    sheltered: Option<Shelter>,
    /// Has to be moved, in a pause or then at the latest.
    move_by: Option<Instant>,
}

/// A room's listeners. Lists are kept dense: the way of a packet walks along one of them.
#[derive(Debug)]
pub(super) struct Audience {
    crowd: Crowd,
    /// As it is now; the room says when it changes.
    size: PackSize,
    slots: Vec<LinkKey>,
    groups: [Vec<LinkKey>; MAX_PACKED],
    listeners: HashMap<LinkKey, Listener>,
    /// Those who have to be moved, in the order in which it became so. Entries outlive their reason.
    waiting: Vec<LinkKey>,
    /// Places that those who lose too much take.
    places: usize,
    /// Those of them who are sent every packet of the slots twice.
    twice: Vec<LinkKey>,
}

impl Audience {
    pub fn new(rules: FloorRules) -> Self {
        Self {
            crowd: Crowd::new(rules),
            size: PackSize::One,
            slots: Vec::new(),
            groups: Default::default(),
            listeners: HashMap::new(),
            waiting: Vec::new(),
            places: 0,
            twice: Vec::new(),
        }
    }

    /// Listeners of the slots.
    pub fn slots(&self) -> &[LinkKey] {
        &self.slots
    }

    /// Listeners of one group of the mix.
    pub fn group(&self, group: u8) -> &[LinkKey] {
        self.groups
            .get(usize::from(group))
            .map_or(&[], Vec::as_slice)
    }

    /// Listeners who are sent every packet of the slots twice.
    pub fn twice(&self) -> &[LinkKey] {
        &self.twice
    }

    /// Listeners for whom something is done because they lose too much.
    pub fn sheltered(&self) -> usize {
        // Who is sent everything twice takes two places.
        self.places - self.twice.len()
    }

    /// The group of the mix from which somebody had its last packs: who has left the mix may still ask for them again.
    pub fn group_of(&self, link: LinkKey) -> u8 {
        self.listeners
            .get(&link)
            .map_or(0, |listener| listener.group)
    }

    /// Listeners of the slots, and of the mix.
    pub fn counts(&self) -> (usize, usize) {
        (self.slots.len(), self.listeners.len() - self.slots.len())
    }

    /// Whether the mix has to be made: somebody hears it, or waits to.
    pub fn wants_mix(&self) -> bool {
        self.slots.len() < self.listeners.len() || !self.waiting.is_empty()
    }

    /// Frames in a pack, as they should be.
    pub fn wanted_size(&self) -> PackSize {
        self.crowd.size()
    }

    /// A new listener, who begins at once where it belongs.
    pub fn enter(&mut self, now: Instant, link: LinkKey, hears: Hears, may_speak: bool) -> Feed {
        self.recount(now, self.listeners.len() + 1);
        let feed = if self.belongs_to_mix(hears, may_speak, false) {
            Feed::Group(self.smallest_group())
        } else {
            Feed::Slots
        };
        let index = self.list(feed).map_or(0, |list| {
            list.push(link);
            list.len() - 1
        });
        let listener = Listener {
            feed,
            group: feed.group().unwrap_or(0),
            index,
            hears,
            may_speak,
            sheltered: None,
            move_by: None,
        };
        self.listeners.insert(link, listener);
        feed
    }

    pub fn leave(&mut self, now: Instant, link: LinkKey) {
        self.expose(link);
        if let Some(listener) = self.listeners.remove(&link) {
            self.take_out(listener.feed, listener.index);
            self.recount(now, self.listeners.len());
        }
    }

    /// The right to speak was given or taken: who may speak belongs to the slots.
    pub fn set_may_speak(&mut self, now: Instant, link: LinkKey, may_speak: bool) {
        if let Some(listener) = self.listeners.get_mut(&link) {
            listener.may_speak = may_speak;
            self.judge(now, link);
        }
    }

    /// Notes whether a listener is where it belongs.
    fn judge(&mut self, now: Instant, link: LinkKey) {
        let Some(listener) = self.listeners.get(&link) else {
            return;
        };
        let in_mix = listener.feed != Feed::Slots;
        let belongs = self.belongs_to_mix(
            listener.hears,
            listener.may_speak,
            listener.sheltered.is_some(),
        );
        if let Some(listener) = self.listeners.get_mut(&link) {
            if in_mix == belongs {
                listener.move_by = None;
            } else if listener.move_by.is_none() {
                listener.move_by = Some(now + MOVE_WITHIN);
                self.waiting.push(link);
            }
        }
    }

    fn belongs_to_mix(&self, hears: Hears, may_speak: bool, sheltered: bool) -> bool {
        match hears {
            Hears::Slots => false,
            Hears::Mix => true,
            Hears::Both => self.crowd.is_packed() && !may_speak && !sheltered,
        }
    }

    fn recount(&mut self, now: Instant, listeners: usize) {
        if self.crowd.count(listeners) {
            let all: Vec<LinkKey> = self.listeners.keys().copied().collect();
            all.into_iter().for_each(|link| self.judge(now, link));
        }
    }

    fn smallest_group(&self) -> u8 {
        let groups = self.groups.iter().take(self.size.frames());
        let smallest = (0..).zip(groups).min_by_key(|(_, group)| group.len());
        smallest.map_or(0, |(at, _)| at)
    }

    fn list(&mut self, feed: Feed) -> Option<&mut Vec<LinkKey>> {
        match feed {
            Feed::Slots => Some(&mut self.slots),
            Feed::Group(group) => self.groups.get_mut(usize::from(group)),
        }
    }

    /// The last of the list takes the free place.
    fn take_out(&mut self, feed: Feed, index: usize) {
        let Some(list) = self.list(feed).filter(|list| index < list.len()) else {
            return;
        };
        list.swap_remove(index);
        let moved = list.get(index).copied();
        if let Some(other) = moved.and_then(|link| self.listeners.get_mut(&link)) {
            other.index = index;
        }
    }
}

#[cfg(test)]
mod tests;
