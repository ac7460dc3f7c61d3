//! One account that comes and goes.

use std::time::{Duration, Instant};

use super::fate::Parting;
use crate::lean::event_stream::EventStream;
use crate::lean::signal::Departure;

/// Where somebody is.
pub(super) enum Stay {
    Away {
        until: Instant,
    },
    /// On the way in: HTTP, then the handshake.
    Coming {
        since: Instant,
        parting: Parting,
    },
    Here {
        until: Instant,
        parting: Parting,
    },
}

/// One of those who come and go.
pub(super) struct Seat {
    pub join_url: String,
    pub session: String,
    pub body: String,
    pub stay: Stay,
    /// The session that was opened last; none once it was ended from here.
    pub departure: Option<Departure>,
    /// Of the stay, or of one that ended without a word.
    pub stream: Option<EventStream>,
    /// Whether its stream is read.
    pub reads: bool,
}

impl Seat {
    /// What is to be done with it now.
    pub fn due(&self, now: Instant, patience: Duration) -> Due {
        match self.stay {
            Stay::Away { until } if now >= until => Due::Come,
            Stay::Coming { since, .. } if now >= since + patience => Due::GiveUp,
            Stay::Here { until, parting } if now >= until => Due::Go(parting),
            Stay::Away { .. } | Stay::Coming { .. } | Stay::Here { .. } => Due::Nothing,
        }
    }

    pub fn is_away(&self) -> bool {
        matches!(self.stay, Stay::Away { .. })
    }
}

/// See [`Seat::due`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Come,
    GiveUp,
    Go(Parting),
}
