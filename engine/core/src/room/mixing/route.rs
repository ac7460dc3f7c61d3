//! Which way sound takes to the listeners of the mix: one voice that is loud alone goes as it comes, more are mixed.

use std::time::{Duration, Instant};

use crate::opus::PacketInfo;
use crate::room::direct::{self, Direct};
use crate::room::{AudioPacket, Moment, ParticipantKey};
use crate::slots::Bid;

/// A voice whose frames come out of order is mixed for this long at least.
const DISORDER: Duration = Duration::from_secs(30);

/// How a packet reaches the listeners of the mix.
#[derive(Debug)]
pub(super) enum Way {
    /// As it is.
    Directly,
    Mixed,
    /// Mixed, from this packet on; so far they heard this one directly.
    MixedAfter(ParticipantKey),
}

/// How what is loud is sent at present.
#[derive(Debug, Default)]
pub(super) struct Route {
    /// While one voice alone is loud: its frames go to the listeners instead of the mix.
    direct: Option<Direct>,
    /// Nothing has been sent since somebody began to listen.
    unheard: bool,
    /// Nothing goes directly before.
    mixed_until: Option<Instant>,
}

impl Route {
    /// Somebody listens again, or nobody any more.
    pub fn begin(&mut self, wanted: bool) {
        self.direct = None;
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

    /// A frame of the mixer's goes out.
    pub fn on_mixed(&mut self, sound: bool) {
        self.unheard &= !sound;
    }

    /// Which way this packet goes. A voice begins to go directly in a pause (`moment` is how it was before the packet) or
    /// where nobody has heard anything yet, and goes on until somebody else is loud, or it sends what does not fit. Then
    /// the mix takes over.
    pub fn way(
        &mut self,
        now: Instant,
        bid: &Bid,
        (packet, info): (&AudioPacket<'_>, &PacketInfo),
        moment: Moment,
    ) -> Way {
        let loud = bid.loudness.is_speech();
        let own = self.direct.as_ref().filter(|d| d.who == bid.who);
        let (own, disorderly) = (own.is_some(), own.is_some_and(Direct::is_disorderly));
        if disorderly {
            self.mixed_until = Some(now + DISORDER);
        }
        let may = direct::fits(packet, info) && self.mixed_until.is_none_or(|until| until <= now);
        if own && may {
            return Way::Directly;
        }
        if loud && may && (moment != Moment::Speech || self.unheard) {
            self.begin(false);
            self.direct = Some(Direct::new(bid.who));
            return Way::Directly;
        }
        let ends = self.direct.take_if(|_| own || loud);
        ends.map_or(Way::Mixed, |direct| Way::MixedAfter(direct.who))
    }
}
