//! Who comes in: connections are counted, and for one too many there is an answer instead of silence.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::http::StatusCode;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Problem;
use super::farewell::{Farewells, LastWords};
use super::limits::{Addresses, HttpLimits, Opened};

/// What the doors hold open, and whom they have sent away.
#[derive(Debug)]
pub struct Entrance {
    addresses: Arc<Addresses>,
    places: Arc<Semaphore>,
    connections: usize,
    farewells: Farewells,
    refusals: [Refusal; 3],
}

/// What a connection is counted by, until it is dropped.
#[derive(Debug)]
pub struct Place {
    _place: OwnedSemaphorePermit,
    _opened: Option<Opened>,
}

/// Why a connection has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// The server holds as many as it may.
    Server,
    /// The address does.
    Address,
    /// The process has no descriptor left.
    Files,
}

#[derive(Debug)]
struct Refusal {
    why: NoPlace,
    words: LastWords,
    told: AtomicU64,
}

impl Entrance {
    #[must_use]
    pub fn new(limits: HttpLimits) -> Self {
        let refusal = |why: NoPlace| Refusal {
            why,
            words: LastWords::of(&why.problem(limits)),
            told: AtomicU64::new(0),
        };
        Self {
            addresses: Arc::new(Addresses::new(limits)),
            places: Arc::new(Semaphore::new(limits.connections)),
            connections: limits.connections,
            farewells: Farewells::default(),
            refusals: [NoPlace::Server, NoPlace::Address, NoPlace::Files].map(refusal),
        }
    }

    /// A place for a connection of `address`. None is a proxy's: they are many people's, and it bounds them itself.
    ///
    /// # Errors
    /// When there is none.
    pub fn enter(&self, address: Option<IpAddr>, now: Instant) -> Result<Place, NoPlace> {
        let opened = match address {
            Some(address) => Some(self.addresses.open(address, now).ok_or(NoPlace::Address)?),
            None => None,
        };
        let place = Arc::clone(&self.places).try_acquire_owned();
        Ok(Place {
            _place: place.map_err(|_| NoPlace::Server)?,
            _opened: opened,
        })
    }

    /// Tells a connection that has no place why, and closes it.
    pub fn turn_away(&self, stream: TcpStream, why: NoPlace) {
        let Some(refusal) = self.refusals.iter().find(|refusal| refusal.why == why) else {
            return;
        };
        refusal.told.fetch_add(1, Ordering::Relaxed);
        if why == NoPlace::Files {
            self.farewells.at_once(&stream, &refusal.words);
        } else {
            self.farewells.in_peace(stream, &refusal.words);
        }
    }

    /// Whether the address may make one more request now.
    pub fn may_ask(&self, address: IpAddr, now: Instant) -> bool {
        self.addresses.may_ask(address, now)
    }

    /// Counters by name.
    pub fn metrics(&self) -> impl Iterator<Item = (String, f64)> {
        let open = self.connections - self.places.available_permits();
        let refused = self.refusals.iter().map(|refusal| {
            let name = format!("connections_refused{{why=\"{}\"}}", refusal.why.word());
            (name, refusal.told.load(Ordering::Relaxed) as f64)
        });
        std::iter::once(("connections".to_owned(), open as f64)).chain(refused)
    }
}

impl NoPlace {
    fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Address => "address",
            Self::Files => "files",
        }
    }

    fn problem(self, limits: HttpLimits) -> Problem {
        let full = |detail: String| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "TOO_MANY_CONNECTIONS",
                detail,
            )
            .retry_after(5)
        };
        let (all, each) = (limits.connections, limits.connections_per_address);
        match self {
            Self::Server => full(format!(
                "This server holds {all} connections. Try again later."
            ))
            .limit("connections", all),
            Self::Address => Problem {
                status: StatusCode::TOO_MANY_REQUESTS,
                ..full(format!(
                    "Your address has {each} connections. Close some, or try again later."
                ))
                .limit("connections_of_address", each as usize)
            },
            Self::Files => {
                full("This server has no room for another connection. Try again later.".to_owned())
            }
        }
    }
}
