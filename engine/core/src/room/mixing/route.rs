//! Which way sound takes to the listeners of the mix: one voice that is loud alone goes as it comes, more are mixed.

use std::time::{Duration, Instant};

use crate::opus::PacketInfo;
use crate::room::direct::{self, Direct};
use crate::room::{AudioPacket, Moment, ParticipantKey};
use crate::slots::Bid;

/// A voice whose frames come out of order is mixed for this long at least.
const DISORDER: Duration = Duration::from_secs(30);

/// How what is loud is sent at present.
#[derive(Debug, Default)]
pub(super) struct Route {
    /// While one voice alone is loud: its frames go to the listeners instead of the mix.
    direct: Option<Direct>,
    /// The mix repeats up to then what listeners have heard directly.
    repeats_until: Option<Instant>,
    /// Nothing has been sent since somebody began to listen.
    unheard: bool,
    /// Nothing goes directly before.
    mixed_until: Option<Instant>,
}

impl Route {
    /// Somebody listens again, or nobody any more.
    pub fn begin(&mut self, wanted: bool) {
        (self.direct, self.repeats_until) = (None, None);
        self.unheard = wanted;
    }

    /// The one voice whose frames are sent as they come.
    pub fn direct(&self) -> Option<&Direct> {
        self.direct.as_ref()
    }

    pub fn direct_mut(&mut self) -> Option<&mut Direct> {
        self.direct.as_mut()
    }

    /// Nobody is heard any more: whoever is next begins anew.
    pub fn rest(&mut self) {
        self.direct = None;
    }

    /// What `who` sends is heard no more.
    pub fn forget(&mut self, who: ParticipantKey) {
        self.direct.take_if(|direct| direct.who == who);
    }

    /// Whether the mixer's frame of `at` is for the listeners.
    pub fn is_mixed(&self, at: Instant) -> bool {
        let repeats = self.repeats_until.is_some_and(|until| at <= until);
        self.direct.is_none() && !repeats
    }

    /// A frame of the mixer's goes out.
    pub fn on_mixed(&mut self, sound: bool) {
        self.unheard &= !sound;
    }

    /// Whether this packet goes out as it is. A voice begins to do so in a pause (`moment` is how it was before the
    /// packet) or where nobody has heard anything yet, and goes on until somebody else is loud, or it sends what does
    /// not fit. Then the mix takes over, which `waits` so long until it has played all that somebody sent by now.
    pub fn goes_directly(
        &mut self,
        now: Instant,
        bid: &Bid,
        (packet, info): (&AudioPacket<'_>, &PacketInfo),
        moment: Moment,
        waits: impl FnOnce(ParticipantKey) -> Duration,
    ) -> bool {
        let loud = bid.loudness.is_speech();
        let own = self.direct.as_ref().filter(|d| d.who == bid.who);
        let (own, disorderly) = (own.is_some(), own.is_some_and(Direct::is_disorderly));
        if disorderly {
            self.mixed_until = Some(now + DISORDER);
        }
        let may = direct::fits(packet, info) && self.mixed_until.is_none_or(|until| until <= now);
        if own && may {
            return true;
        }
        if loud && may && (moment != Moment::Speech || self.unheard) {
            self.begin(false);
            self.direct = Some(Direct::new(bid.who));
            return true;
        }
        if own || loud {
            self.mix_from(now, waits);
        }
        false
    }

    /// The mix takes over. It is later than the voice has been: what it still holds of it has been heard.
    fn mix_from(&mut self, now: Instant, waits: impl FnOnce(ParticipantKey) -> Duration) {
        if let Some(direct) = self.direct.take() {
            self.repeats_until = Some(now + waits(direct.who));
        }
    }
}
