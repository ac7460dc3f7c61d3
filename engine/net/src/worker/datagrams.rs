//! What comes to a shard's socket: its own links' datagrams, and those of its siblings'.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Instant;

use palabre_core::link::peek_ufrag;
use palabre_core::shard::Shard;

use super::Worker;
use crate::command::Command;
use crate::door::hand_over;
use crate::routes::Standing;
use crate::udp::{Arrival, RecvBatch};

/// Batches read before commands and deadlines get their turn.
const BATCHES_IN_A_ROW: usize = 8;

impl Worker {
    /// Datagrams have their effect at the time at which they came: sound that waited in the socket while this thread was
    /// held up is in the frames of the mix that it belongs to, and those are made only now.
    pub(super) fn receive(&mut self, batch: &mut RecvBatch) -> io::Result<()> {
        let Self {
            number,
            shard,
            outlet,
            siblings,
            counters,
            routes,
            ..
        } = self;
        let number = *number;
        for _ in 0..BATCHES_IN_A_ROW {
            let read = batch.receive(&self.socket, |arrival, datagram| {
                counters.received.fetch_add(1, Ordering::Relaxed);
                let Arrival { path, at } = arrival;
                let remote = path.remote;
                let owner = routes.owner(number, datagram, remote, |standing| match standing {
                    Standing::Proven => shard.has_proven(remote),
                    Standing::Claimed => shard.has_claimed(remote),
                });
                match owner.and_then(|owner| siblings.get(usize::from(owner))) {
                    Some(sibling) => hand_over(sibling, arrival, datagram, number, counters),
                    None => {
                        shard.held_up(Instant::now().saturating_duration_since(at));
                        shard.handle_datagram(at, path, datagram, outlet);
                    }
                }
            })?;
            let lost = u64::from(read.lost);
            counters.dropped_unread.fetch_add(lost, Ordering::Relaxed);
            if !read.more {
                break;
            }
        }
        Ok(())
    }

    /// The buffer of a datagram that was handed over can be used for the next one.
    pub(super) fn give_back(&self, bytes: Vec<u8>) {
        if let Some(own) = self.siblings.get(usize::from(self.number)) {
            own.give_back(bytes);
        }
    }

    /// Tells the shard whose socket a check came to that the address is ours, once the check has shown it to be.
    pub(super) fn claim(&self, remote: SocketAddr, came_to: u8, datagram: &[u8]) {
        let Some(standing) =
            standing(&self.shard, remote).filter(|_| peek_ufrag(datagram).is_some())
        else {
            return;
        };
        let claim = Command::Elsewhere {
            remote,
            owner: self.number,
            standing,
        };
        let told = self
            .siblings
            .get(usize::from(came_to))
            .is_some_and(|sibling| sibling.send(claim).is_ok());
        if !told {
            tracing::debug!(
                "A shard could not be told of an address; the next check will tell it."
            );
        }
    }
}

fn standing(shard: &Shard, remote: SocketAddr) -> Option<Standing> {
    if shard.has_proven(remote) {
        Some(Standing::Proven)
    } else {
        shard.has_claimed(remote).then_some(Standing::Claimed)
    }
}
