//! Whose request it is when proxies stand between.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whoever a proxy names in words that are no address. All of them share one rate, and nothing is granted to it; what
/// the proxy itself may, nobody may who came through it.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

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

    /// Who sent a request that came from `peer`.
    #[must_use]
    pub fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all(FORWARDED_FOR).iter();
        self.sender_of(peer, lines.map(HeaderValue::as_bytes))
    }

    /// The same, by the values of its `X-Forwarded-For`: each proxy adds at the end whom it had it from, so the last one
    /// that is no proxy counts. What stands before it anybody may have written, in any bytes.
    #[must_use]
    pub fn sender_of<'a>(
        &self,
        peer: IpAddr,
        lines: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> IpAddr {
        let mut sender = peer.to_canonical();
        for hop in lines
            .rev()
            .flat_map(|line| line.rsplit(|byte| *byte == b','))
        {
            if !self.has(sender) {
                break;
            }
            let Some(address) = parse_hop(hop) else {
                return UNKNOWN;
            };
            sender = address.to_canonical();
        }
        sender
    }
}

/// An address as proxies write it: `192.0.2.1`, `2001:db8::1`, or with a port `192.0.2.1:80`, `[2001:db8::1]:80`.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?;
    let text = text.trim_matches([' ', '\t']);
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, rest) = bracketed.split_once(']')?;
        let whole = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        let address: Ipv6Addr = address.parse().ok()?;
        return whole.then_some(address.into());
    }
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (address, port) = text.split_once(':')?;
    let address: Ipv4Addr = address.parse().ok()?;
    is_port(port).then_some(address.into())
}

fn is_port(text: &str) -> bool {
    // `parse` alone would take +80, and any number of zeros.
    text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_request_is_whose_the_table_says() {
        let table: Value =
            serde_json::from_str(include_str!("../../../../tests/vectors/forwarded.json")).unwrap();
        let address = |text: &Value| text.as_str().unwrap().parse::<IpAddr>().unwrap();
        let known: Vec<IpAddr> = table["proxies"]
            .as_array()
            .unwrap()
            .iter()
            .map(address)
            .collect();
        let proxies = Proxies::new(&known);
        for case in table["cases"].as_array().unwrap() {
            let mut headers = HeaderMap::new();
            for line in case["lines"].as_array().unwrap() {
                let latin = line.as_str().unwrap().chars();
                let bytes: Vec<u8> = latin.map(|char| u8::try_from(char).unwrap()).collect();
                headers.append(FORWARDED_FOR, HeaderValue::from_bytes(&bytes).unwrap());
            }
            let sender = proxies.sender(address(&case["peer"]), &headers);
            assert_eq!(sender, address(&case["sender"]), "{case}");
        }
    }
}
