//! Which sibling a datagram belongs to: the kernel spreads peers over the sockets without knowing who owns them.

use std::collections::HashMap;
use std::net::SocketAddr;

use palabre_core::ice::IceCredentials;
use palabre_core::link::peek_ufrag;

/// Addresses remembered. When full all are forgotten: each peer's next check, within seconds, teaches its own again.
const MAX_ROUTES: usize = 100_000;

/// Addresses of siblings' links. Only the owner of a link announces one, after an authenticated check: nobody can
/// turn another one's sound away by claiming its address.
#[derive(Debug, Default)]
pub(crate) struct Routes(HashMap<SocketAddr, u8>);

impl Routes {
    pub fn learn(&mut self, remote: SocketAddr, owner: u8) {
        if self.0.len() >= MAX_ROUTES {
            self.0.clear();
        }
        self.0.insert(remote, owner);
    }

    /// The other shard that owns the link of this datagram; None when it is `own`, or unknown. A connectivity check
    /// names its shard itself; `known` says that the address belongs to a link of `own`.
    pub fn owner(&self, own: u8, datagram: &[u8], remote: SocketAddr, known: bool) -> Option<u8> {
        let named = peek_ufrag(datagram).and_then(IceCredentials::shard_of);
        let learned = || self.0.get(&remote).copied().filter(|_| !known);
        named.or_else(learned).filter(|owner| *owner != own)
    }
}
