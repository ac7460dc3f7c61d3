//! Whose request it is when proxies stand between.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Proxies that are believed: many people's requests come from their addresses.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Arc<[IpAddr]>);

impl Proxies {
    #[must_use]
    pub fn new(addresses: &[IpAddr]) -> Self {
        Self(addresses.iter().map(IpAddr::to_canonical).collect())
    }

    /// Whether the address is a proxy's.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Who sent a request that came from `peer`: each proxy adds at the end whom it had it from, so the last one that
    /// is no proxy counts. What stands before it anybody may have written.
    #[must_use]
    pub fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut sender = peer;
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let texts = lines.filter_map(|line| line.to_str().ok());
        for hop in texts.flat_map(|line| line.rsplit(',')) {
            if !self.has(sender) {
                break;
            }
            let Ok(address) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            sender = address.to_canonical();
        }
        sender
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn sender(peer: &str, lines: &[&'static str]) -> String {
        let proxies = Proxies::new(&["127.0.0.1".parse().unwrap(), "192.0.2.9".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        proxies.sender(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn who_is_no_proxy_speaks_for_itself_alone() {
        assert_eq!(sender("198.51.100.1", &["203.0.113.5"]), "198.51.100.1");
    }

    #[test]
    fn a_proxy_says_whom_it_had_it_from() {
        assert_eq!(sender("127.0.0.1", &["203.0.113.5"]), "203.0.113.5");
        assert_eq!(sender("::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
        let two = ["203.0.113.5, 192.0.2.9"];
        assert_eq!(sender("127.0.0.1", &two), "203.0.113.5");
        let lines = ["203.0.113.5", "192.0.2.9"];
        assert_eq!(sender("127.0.0.1", &lines), "203.0.113.5");
    }

    #[test]
    fn what_a_client_wrote_itself_counts_for_nothing() {
        let forged = ["10.0.0.1, 203.0.113.5"];
        assert_eq!(sender("127.0.0.1", &forged), "203.0.113.5");
        assert_eq!(sender("127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(sender("127.0.0.1", &[]), "127.0.0.1");
    }
}
