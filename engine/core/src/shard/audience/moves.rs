//! Moving listeners without their hearing it: in a pause, or where one stream can take over from the other.

use std::time::Instant;

use super::{Audience, Feed, LinkKey};
use crate::room::{GroupIndex, Moment, PackSize};

/// A moment at which listeners may be moved.
#[derive(Debug, Clone, Copy)]
struct Opportunity {
    at: Instant,
    /// This group has just had everything of the mix.
    group: GroupIndex,
    moment: Moment,
    /// So many listeners each group should have.
    share: usize,
}

impl Audience {
    /// A group has had its turn. In a rest everybody who waits is moved. Else only those for whom what they have heard
    /// ends here, and what they will hear begins with the next frame: those who leave this group, and this group's
    /// share of those who join the mix.
    pub fn on_turn(
        &mut self,
        at: Instant,
        group: GroupIndex,
        moment: Moment,
        mut moved: impl FnMut(LinkKey, Feed),
    ) {
        if self.waiting.is_empty() || (moment == Moment::Speech && !self.is_late(at)) {
            return;
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        let joining = waiting
            .iter()
            .filter(|link| self.is_joining(**link))
            .count();
        let (_, in_mix) = self.counts();
        let opportunity = Opportunity {
            at,
            group,
            moment,
            share: (in_mix + joining).div_ceil(self.size.frames()),
        };
        waiting.retain(|link| self.still_waits(*link, opportunity, &mut moved));
        self.waiting = waiting;
    }

    /// Packs have another size: everybody in the mix gets a group anew.
    pub fn on_resized(&mut self, size: PackSize, mut moved: impl FnMut(LinkKey, Feed)) {
        self.size = size;
        let all: Vec<LinkKey> = self.groups.iter_mut().flat_map(std::mem::take).collect();
        for link in all {
            let feed = Feed::Group(self.smallest_group());
            self.join_list(link, feed);
            moved(link, feed);
        }
    }

    /// A listener is about to speak: it is moved to the slots at the next turn of its group.
    pub fn hurry(&mut self, now: Instant, link: LinkKey) {
        if let Some(by) = self
            .listeners
            .get_mut(&link)
            .and_then(|who| who.move_by.as_mut())
        {
            *by = now;
            // First in the order of time.
            self.waiting.insert(0, link);
        }
    }

    /// A listener can speak from now on: in the mix it would hear itself.
    pub fn move_at_once(&mut self, link: LinkKey, mut moved: impl FnMut(LinkKey, Feed)) {
        let waits = |listener: &mut super::Listener| listener.move_by.take().is_some();
        if self.listeners.get_mut(&link).is_some_and(waits) {
            let feed = match self.listeners.get(&link).map(|listener| listener.feed) {
                Some(Feed::Group(_)) => Feed::Slots,
                Some(Feed::Slots) | None => Feed::Group(self.smallest_group()),
            };
            self.change_feed(link, feed);
            moved(link, feed);
        }
    }

    /// Whether somebody has waited long enough.
    fn is_late(&self, at: Instant) -> bool {
        let first = self
            .waiting
            .first()
            .and_then(|link| self.listeners.get(link));
        first.is_none_or(|listener| listener.move_by.is_none_or(|by| by <= at))
    }

    fn is_joining(&self, link: LinkKey) -> bool {
        let listener = self.listeners.get(&link);
        listener.is_some_and(|who| who.move_by.is_some() && who.feed == Feed::Slots)
    }

    /// Moves a listener if this is its moment; false when it does not wait any more.
    fn still_waits(
        &mut self,
        link: LinkKey,
        opportunity: Opportunity,
        moved: &mut impl FnMut(LinkKey, Feed),
    ) -> bool {
        let Some((feed, by)) = self
            .listeners
            .get(&link)
            .and_then(|who| Some((who.feed, who.move_by?)))
        else {
            return false;
        };
        let Some(feed) = self.next_feed(feed, by, opportunity) else {
            return true;
        };
        if let Some(listener) = self.listeners.get_mut(&link) {
            listener.move_by = None;
        }
        self.change_feed(link, feed);
        moved(link, feed);
        false
    }

    /// Where somebody who has to leave `feed` goes now; None when this is not the moment.
    fn next_feed(&self, feed: Feed, by: Instant, opportunity: Opportunity) -> Option<Feed> {
        let Opportunity {
            at,
            group: GroupIndex(group),
            moment,
            share,
        } = opportunity;
        let resting = moment == Moment::Rest;
        if moment == Moment::Speech && at < by {
            return None;
        }
        match feed {
            Feed::Group(own) => (resting || own == group).then_some(Feed::Slots),
            Feed::Slots if resting => Some(Feed::Group(self.smallest_group())),
            Feed::Slots => (self.group(group).len() < share).then_some(Feed::Group(group)),
        }
    }

    fn change_feed(&mut self, link: LinkKey, feed: Feed) {
        let Some((old, index)) = self.listeners.get(&link).map(|who| (who.feed, who.index)) else {
            return;
        };
        self.take_out(old, index);
        self.join_list(link, feed);
    }

    fn join_list(&mut self, link: LinkKey, feed: Feed) {
        let index = self.list(feed).map_or(0, |list| {
            list.push(link);
            list.len() - 1
        });
        if let Some(listener) = self.listeners.get_mut(&link) {
            (listener.feed, listener.index) = (feed, index);
            listener.group = feed.group().unwrap_or(listener.group);
        }
    }
}
