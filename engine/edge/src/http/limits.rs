//! How much one address may ask for. All IPv6 addresses of a network count as one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use palabre_core::network::network_of;

/// Addresses remembered at once. When full, those with nothing open and a full budget are forgotten; if none is, a
/// newcomer is let in uncounted rather than refused for what others do.
const MAX_ADDRESSES: usize = 100_000;

/// Bounds on what clients may ask of the edge.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// TCP connections in all.
    pub connections: usize,
    /// TCP connections of one address. Many people may share one address.
    pub connections_per_address: u32,
    /// Requests per second of one address, on average.
    pub requests_per_s: u32,
    /// Requests one address may make at once.
    pub burst: u32,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections: 50_000,
            connections_per_address: 5_000,
            requests_per_s: 200,
            burst: 2_000,
        }
    }
}

/// Counts per address.
#[derive(Debug)]
pub struct Addresses {
    limits: HttpLimits,
    known: Mutex<HashMap<IpAddr, Usage>>,
}

#[derive(Debug)]
struct Usage {
    open: u32,
    /// When the budget of requests will be full again (generic cell rate algorithm).
    full_at: Instant,
}

impl Addresses {
    #[must_use]
    pub fn new(limits: HttpLimits) -> Self {
        Self {
            limits,
            known: Mutex::default(),
        }
    }

    /// Counts a connection until the result is dropped; None when the address has too many.
    pub fn open(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Opened> {
        let mut known = self.lock();
        let usage = self.usage(&mut known, address, now);
        let counted = usage.is_some();
        if let Some(usage) = usage {
            if usage.open >= self.limits.connections_per_address {
                return None;
            }
            usage.open += 1;
        }
        Some(Opened(
            counted.then(|| (Arc::clone(self), network_of(address))),
        ))
    }

    /// Whether the address may make one more request now.
    pub fn may_ask(&self, address: IpAddr, now: Instant) -> bool {
        let cost = Duration::from_secs(1) / self.limits.requests_per_s.max(1);
        let mut known = self.lock();
        let Some(usage) = self.usage(&mut known, address, now) else {
            return true;
        };
        let full_at = usage.full_at.max(now) + cost;
        let enough = full_at - now <= cost * self.limits.burst;
        if enough {
            usage.full_at = full_at;
        }
        enough
    }

    /// What is known of an address; None for one that there is no room to remember.
    fn usage<'a>(
        &self,
        known: &'a mut HashMap<IpAddr, Usage>,
        address: IpAddr,
        now: Instant,
    ) -> Option<&'a mut Usage> {
        let address = network_of(address);
        if known.len() >= MAX_ADDRESSES && !known.contains_key(&address) {
            known.retain(|_, usage| usage.open > 0 || usage.full_at > now);
            if known.len() >= MAX_ADDRESSES {
                return None;
            }
        }
        let fresh = || Usage {
            open: 0,
            full_at: now,
        };
        Some(known.entry(address).or_insert_with(fresh))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Usage>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open connection, with what it was counted by if it was.
#[derive(Debug)]
pub struct Opened(Option<(Arc<Addresses>, IpAddr)>);

impl Drop for Opened {
    fn drop(&mut self) {
        let Some((addresses, address)) = &self.0 else {
            return;
        };
        if let Some(usage) = addresses.lock().get_mut(address) {
            usage.open = usage.open.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn addresses() -> Arc<Addresses> {
        Arc::new(Addresses::new(HttpLimits {
            connections: 10,
            connections_per_address: 2,
            requests_per_s: 10,
            burst: 5,
        }))
    }

    #[test]
    fn a_connection_is_counted_until_it_closes() {
        let (addresses, now) = (addresses(), Instant::now());
        let first = addresses.open(ADDRESS, now);
        let second = addresses.open(ADDRESS, now);
        assert!(second.is_some() && addresses.open(ADDRESS, now).is_none());
        drop(first);
        assert!(addresses.open(ADDRESS, now).is_some());
    }

    #[test]
    fn who_was_let_in_uncounted_takes_nothing_away_by_going() {
        let (addresses, now) = (addresses(), Instant::now());
        let other = |n: usize| IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(n).unwrap()));
        let mut others: Vec<_> = (0..MAX_ADDRESSES)
            .map(|n| addresses.open(other(n), now))
            .collect();
        let uncounted = addresses.open(ADDRESS, now);
        others.pop();
        let _counted = [addresses.open(ADDRESS, now), addresses.open(ADDRESS, now)];
        drop(uncounted);
        assert!(addresses.open(ADDRESS, now).is_none());
    }

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let (addresses, now) = (addresses(), Instant::now());
        let _open = addresses.open(ADDRESS, now);
        let asked = |at| addresses.may_ask(ADDRESS, at);
        assert_eq!((0..20).filter(|_| asked(now)).count(), 5);
        assert!(!asked(now + Duration::from_millis(50)));
        assert!(asked(now + Duration::from_millis(100)));
    }
}
