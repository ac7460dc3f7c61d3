//! What datagrams are in on their way from one shard's thread to another. Each buffer comes back and is used again: at
//! several shards most of what speakers send takes this way, and no packet may cost an allocation.

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::udp::MAX_DATAGRAM;

/// Empty buffers kept, 1 MiB: as many as a thread is handed within a turn of its siblings' loops. When they are too many,
/// the next one is freed.
const SPARE: usize = 512;

/// The buffers of one shard's door: taken by its siblings, given back by its thread.
#[derive(Clone)]
pub(crate) struct Parcels {
    give: Sender<Vec<u8>>,
    take: Receiver<Vec<u8>>,
}

impl Parcels {
    pub fn new() -> Self {
        let (give, take) = bounded(SPARE);
        Self { give, take }
    }

    /// A copy of the datagram, in a buffer that was used before if one is free.
    pub fn pack(&self, datagram: &[u8]) -> Vec<u8> {
        let fresh = |_empty| Vec::with_capacity(MAX_DATAGRAM);
        let mut parcel = self.take.try_recv().unwrap_or_else(fresh);
        parcel.clear();
        parcel.extend_from_slice(datagram);
        parcel
    }

    /// What was in it is done with.
    pub fn give_back(&self, parcel: Vec<u8>) {
        // Freed when there are enough.
        drop(self.give.try_send(parcel));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_buffers_are_kept_than_a_burst_needs() {
        let parcels = Parcels::new();
        let burst: Vec<Vec<u8>> = (0..2 * SPARE).map(|_| parcels.pack(b"voice")).collect();
        burst
            .into_iter()
            .for_each(|parcel| parcels.give_back(parcel));
        assert_eq!(parcels.take.len(), SPARE);
        assert_eq!(parcels.pack(b"next"), b"next");
    }
}
