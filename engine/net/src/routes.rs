//! Which sibling a datagram belongs to: the kernel spreads peers over the sockets without knowing who owns them.

use std::collections::HashMap;
use std::net::SocketAddr;

use palabre_core::dtls::is_dtls;
use palabre_core::ice::IceCredentials;
use palabre_core::link::peek_ufrag;

/// Addresses remembered. When full all are forgotten: each peer's next check, within seconds, teaches its own again.
const MAX_ROUTES: usize = 100_000;

/// How a link stands to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It shook hands there, or answered there.
    Proven,
    /// Its checks come from there.
    Claimed,
}

/// Addresses of siblings' links. Only the owner of a link announces one, after an authenticated check, and nobody turns
/// another one's sound away by claiming its address: sound goes by who has proven to be there, and only a handshake,
/// which is the way to prove it, by who claims so.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    proven: HashMap<SocketAddr, u8>,
    claimed: HashMap<SocketAddr, u8>,
}

impl Routes {
    pub fn learn(&mut self, remote: SocketAddr, owner: u8, standing: Standing) {
        if self.proven.len() + self.claimed.len() >= MAX_ROUTES {
            *self = Self::default();
        }
        match standing {
            Standing::Proven => {
                self.claimed.remove(&remote);
                self.proven.insert(remote, owner);
            }
            Standing::Claimed => {
                self.claimed.insert(remote, owner);
            }
        }
    }

    /// The other shard that owns the link of this datagram; None when it is `own`, or unknown. A connectivity check
    /// names its shard itself; `here` says how a link of `own` stands to the address.
    pub fn owner(
        &self,
        own: u8,
        datagram: &[u8],
        remote: SocketAddr,
        here: impl Fn(Standing) -> bool,
    ) -> Option<u8> {
        let named = peek_ufrag(datagram).and_then(IceCredentials::shard_of);
        let learned = || {
            let order = if is_dtls(datagram) {
                [Standing::Claimed, Standing::Proven]
            } else {
                [Standing::Proven, Standing::Claimed]
            };
            let whose = |standing| {
                let own = here(standing).then_some(own);
                own.or_else(|| self.table(standing).get(&remote).copied())
            };
            order.into_iter().find_map(whose)
        };
        named.or_else(learned).filter(|owner| *owner != own)
    }

    fn table(&self, standing: Standing) -> &HashMap<SocketAddr, u8> {
        match standing {
            Standing::Proven => &self.proven,
            Standing::Claimed => &self.claimed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_takes_nobodys_sound_to_another_shard() {
        let (here, mut routes) = (([192, 0, 2, 1], 9).into(), Routes::default());
        let (sound, hello) = ([0x80, 111], [22, 0xFE, 0xFD]);
        let owner = |routes: &Routes, datagram: &[u8], own: Option<Standing>| {
            routes.owner(0, datagram, here, |standing| own == Some(standing))
        };
        routes.learn(here, 1, Standing::Claimed);
        assert_eq!(owner(&routes, &sound, None), Some(1));
        routes.learn(here, 1, Standing::Proven);
        routes.learn(here, 2, Standing::Claimed);
        assert_eq!(owner(&routes, &sound, None), Some(1));
        assert_eq!(owner(&routes, &sound, Some(Standing::Claimed)), Some(1));
        assert_eq!(owner(&routes, &sound, Some(Standing::Proven)), None);
        assert_eq!(owner(&routes, &hello, None), Some(2));
        assert_eq!(owner(&routes, &hello, Some(Standing::Claimed)), None);
        routes.learn(here, 2, Standing::Proven);
        assert_eq!(owner(&routes, &sound, None), Some(2));
    }
}
