//! When the kernel has to be told from which own address a datagram is to leave. That costs it some hundredths of the
//! whole sending, so it is left out where there is no choice.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use palabre_core::ice::Path;

use crate::interfaces::media_addresses;

/// An address that the machine gets meanwhile is known after so long.
const REFRESH: Duration = Duration::from_secs(2);

/// What the kernel can choose from.
#[derive(Debug)]
pub(super) enum OwnAddresses {
    /// The socket has one address.
    Bound,
    /// Any of the machine's.
    Any {
        /// Its only IPv4 address but those of the loopback.
        only_v4: Option<Ipv4Addr>,
        read_at: Option<Instant>,
    },
}

impl OwnAddresses {
    pub fn new(bound: IpAddr) -> Self {
        if bound.is_unspecified() {
            Self::Any {
                only_v4: None,
                read_at: None,
            }
        } else {
            Self::Bound
        }
    }

    /// Reads the machine's addresses anew now and then.
    pub fn refresh(&mut self, now: Instant) {
        let Self::Any { only_v4, read_at } = self else {
            return;
        };
        if read_at.is_none_or(|at| now.saturating_duration_since(at) >= REFRESH) {
            *read_at = Some(now);
            let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
            let all = media_addresses(any).unwrap_or_default();
            *only_v4 = only(all.into_iter().map(|address| address.ip()));
        }
    }

    /// The own address to name for a datagram on `path`; None when the kernel takes it anyway.
    pub fn to_be_told(&self, path: Path) -> Option<IpAddr> {
        let local = path.local?;
        match self {
            Self::Bound => None,
            Self::Any { only_v4, .. } => {
                let IpAddr::V4(ip) = local else {
                    return Some(local);
                };
                let no_choice = if path.remote.ip().to_canonical().is_loopback() {
                    ip == Ipv4Addr::LOCALHOST
                } else {
                    *only_v4 == Some(ip)
                };
                (!no_choice).then_some(local)
            }
        }
    }
}

/// The only IPv4 address but those of the loopback, when there is just one.
fn only(all: impl Iterator<Item = IpAddr>) -> Option<Ipv4Addr> {
    let mut outer = all.filter_map(|ip| match ip {
        IpAddr::V4(v4) if !v4.is_loopback() => Some(v4),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    });
    outer.next().filter(|_| outer.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(remote: &str, local: &str) -> Path {
        Path {
            remote: SocketAddr::new(remote.parse().unwrap(), 5),
            local: Some(local.parse().unwrap()),
        }
    }

    #[test]
    fn an_address_is_named_where_the_kernel_could_take_another() {
        let any = |only_v4: Option<&str>| OwnAddresses::Any {
            only_v4: only_v4.map(|ip| ip.parse().unwrap()),
            read_at: None,
        };
        let far = path("192.0.2.9", "192.0.2.1");
        let named = far.local;
        assert_eq!(any(Some("192.0.2.1")).to_be_told(far), None);
        assert_eq!(any(Some("192.0.2.2")).to_be_told(far), named);
        assert_eq!(any(None).to_be_told(far), named);
        assert_eq!(OwnAddresses::Bound.to_be_told(far), None);
        for (remote, local) in [
            ("127.0.0.9", "192.0.2.1"),
            ("127.0.0.9", "127.0.0.2"),
            ("::9", "::1"),
        ] {
            let path = path(remote, local);
            assert_eq!(any(Some("192.0.2.1")).to_be_told(path), path.local);
        }
        let home = path("127.0.0.9", "127.0.0.1");
        assert_eq!(any(None).to_be_told(home), None);
    }

    #[test]
    fn two_addresses_are_a_choice() {
        let all = |texts: &[&str]| only(texts.iter().map(|text| text.parse().unwrap()));
        assert_eq!(
            all(&["127.0.0.1", "192.0.2.1", "::1"]),
            Some([192, 0, 2, 1].into())
        );
        assert_eq!(all(&["192.0.2.2", "192.0.2.1"]), None);
        assert_eq!(all(&["127.0.0.1"]), None);
    }
}
