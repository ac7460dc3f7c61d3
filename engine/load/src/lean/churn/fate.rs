//! What chance decides of somebody's stay. Seeded: the same numbers give the same stays.

use std::time::Duration;

/// By then the server has followed the wish to leave: nobody's next stay overtakes it on another connection.
const LEAST_AWAY: Duration = Duration::from_secs(2);

/// How a stay ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parting {
    /// The API is told, and ends the rest.
    Leaves,
    /// The session is ended and the stream closed, as by a page that closes.
    HangsUp,
    /// Nothing is said any more; the stream stays open and is not read.
    Vanishes,
    /// The session was opened, and nothing came after that.
    NeverConnects,
}

/// Draws stays.
#[derive(Debug)]
pub struct Fate {
    random: fastrand::Rng,
    stay: Duration,
    away: Duration,
}

impl Fate {
    /// `stay` and `away` are means.
    pub fn new(seed: u64, stay: Duration, away: Duration) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            stay,
            away,
        }
    }

    /// When somebody first comes: over the time of a stay, so that they do not come all at once.
    pub fn first(&mut self) -> Duration {
        self.stay.mul_f64(self.random.f64())
    }

    pub fn stay(&mut self) -> Duration {
        self.stay.mul_f64(self.exponential())
    }

    pub fn away(&mut self) -> Duration {
        self.away.mul_f64(self.exponential()).max(LEAST_AWAY)
    }

    pub fn parting(&mut self) -> Parting {
        match self.random.u8(..20) {
            0..8 => Parting::Leaves,
            8..14 => Parting::HangsUp,
            14..19 => Parting::Vanishes,
            _ => Parting::NeverConnects,
        }
    }

    /// With mean 1, and never more than five times that.
    fn exponential(&mut self) -> f64 {
        (-(1.0 - self.random.f64()).ln()).min(5.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_stays_and_every_parting_comes() {
        let draw = |seed| {
            let mut fate = Fate::new(seed, Duration::from_secs(60), Duration::from_secs(10));
            let draws = (0..200).map(|_| (fate.first(), fate.stay(), fate.away(), fate.parting()));
            draws.collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        for parting in [
            Parting::Leaves,
            Parting::HangsUp,
            Parting::Vanishes,
            Parting::NeverConnects,
        ] {
            assert!(draw(1).iter().any(|draw| draw.3 == parting), "{parting:?}");
        }
        let mean = draw(1).iter().map(|draw| draw.1.as_secs_f64()).sum::<f64>() / 200.0;
        assert!((45.0..75.0).contains(&mean), "{mean}");
    }
}
