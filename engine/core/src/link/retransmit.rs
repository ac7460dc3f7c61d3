//! The last packets of one outgoing stream, to answer NACKs from.

/// Packets kept: 1.3 s of 20 ms packets, and no more than [`crate::srtp::Indices`] may give again.
const CAPACITY: usize = 64;

/// What a packet of one voice takes, louder ones too, and what a pack of the mix does, in bytes. Sizes of packets differ:
/// with buffers as long as the packets some would have to grow for a long time to come.
const FRAME_BYTES: usize = 192;
const PACK_BYTES: usize = 1_280;

/// A ring of plaintext packets of one stream, by the stream's own count; shared by all that were sent the same plaintext.
#[derive(Debug, Default)]
pub struct RetransmitRing {
    /// Indexed by sequence number modulo the capacity; buffers are reused, so that storing stops allocating.
    packets: Vec<Entry>,
    /// What each buffer is made for: packs from the first one on.
    entry_bytes: usize,
    newest: u64,
}

#[derive(Debug, Default, Clone)]
struct Entry {
    sequence: u64,
    /// A later one was there before.
    late: bool,
    header_len: usize,
    bytes: Vec<u8>,
}

impl RetransmitRing {
    /// Keeps the packet with this sequence number; the one `CAPACITY` before it is forgotten.
    pub fn store(&mut self, sequence: u64, header: &[u8], payload: &[u8]) {
        self.packets.resize_with(CAPACITY, Entry::default);
        let needed = match header.len() + payload.len() {
            0..=FRAME_BYTES => FRAME_BYTES,
            _ => PACK_BYTES,
        };
        self.entry_bytes = self.entry_bytes.max(needed);
        if let Some(entry) = self.packets.get_mut(sequence as usize % CAPACITY) {
            (entry.sequence, entry.late) = (sequence, sequence < self.newest);
            entry.header_len = header.len();
            entry.bytes.clear();
            entry.bytes.reserve(self.entry_bytes);
            entry.bytes.extend_from_slice(header);
            entry.bytes.extend_from_slice(payload);
        }
        self.newest = self.newest.max(sequence);
    }

    /// Header and payload of the packet with this sequence number, when it is still here.
    pub fn get(&self, sequence: u64) -> Option<(&[u8], &[u8])> {
        let entry = self.packets.get(sequence as usize % CAPACITY)?;
        let kept = entry.sequence == sequence && !entry.bytes.is_empty();
        kept.then(|| entry.bytes.split_at(entry.header_len))
    }

    /// Whether the packet with this sequence number came when later ones had been sent: it was missing for a while, and
    /// nobody had lost it.
    pub fn was_late(&self, sequence: u64) -> bool {
        let entry = self.packets.get(sequence as usize % CAPACITY);
        entry.is_some_and(|entry| entry.sequence == sequence && entry.late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_grows_for_frames_once_and_for_packs_once_whatever_their_size() {
        let mut ring = RetransmitRing::default();
        let mut capacity_after = |sequence: u64, len: usize| {
            ring.store(sequence, b"head", &vec![1; len]);
            ring.packets[sequence as usize].bytes.capacity()
        };
        assert_eq!(capacity_after(7, 3), capacity_after(7, 180));
        let pack = capacity_after(8, 300);
        assert_eq!(capacity_after(7, 3), pack, "others will come here too");
        assert_eq!(capacity_after(7, 1_250), pack);
    }

    #[test]
    fn the_last_packets_are_found_and_older_ones_forgotten() {
        let mut ring = RetransmitRing::default();
        assert_eq!(ring.get(0), None);
        for sequence in 65_500..65_576 {
            ring.store(sequence, b"head", &sequence.to_be_bytes());
        }
        let packet = |sequence: u64| (b"head".to_vec(), sequence.to_be_bytes().to_vec());
        for sequence in [65_575, 65_530] {
            let (header, payload) = ring.get(sequence).unwrap();
            assert_eq!((header.to_vec(), payload.to_vec()), packet(sequence));
        }
        assert_eq!(ring.get(65_505), None);
        assert_eq!(ring.get(65_575 - 65_536), None, "another roll-over");
    }

    #[test]
    fn what_comes_after_its_turn_is_known_to_have_been_late() {
        let mut ring = RetransmitRing::default();
        for sequence in [100, 102, 101, 103] {
            ring.store(sequence, b"head", b"sound");
        }
        let late = (100..=103).filter(|sequence| ring.was_late(*sequence));
        assert_eq!(late.collect::<Vec<_>>(), [101]);
        ring.store(101 + CAPACITY as u64, b"head", b"sound");
        assert!(!ring.was_late(101) && !ring.was_late(101 + CAPACITY as u64));
    }
}
