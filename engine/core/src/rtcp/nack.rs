//! Generic NACK pairs (RFC 4585 §6.2.1): a sequence number and a bit mask of the sixteen that follow it.

/// The lost sequence numbers that `fci`, a list of (packet id, bit mask) pairs, names.
pub fn lost_sequences(fci: &[u8]) -> impl Iterator<Item = u16> {
    fci.as_chunks::<4>().0.iter().flat_map(|[p0, p1, m0, m1]| {
        let first = u16::from_be_bytes([*p0, *p1]);
        let mask = u16::from_be_bytes([*m0, *m1]);
        let following = (0..16u16).filter(move |bit| mask >> bit & 1 == 1);
        std::iter::once(first).chain(following.map(move |bit| first.wrapping_add(bit + 1)))
    })
}

/// Packs lost sequence numbers, in the stream's order, into (packet id, bit mask) pairs.
pub fn nack_pairs(lost: &[u16]) -> impl Iterator<Item = (u16, u16)> + Clone {
    let mut rest = lost;
    std::iter::from_fn(move || {
        let (first, following) = rest.split_first()?;
        let mut mask = 0;
        rest = following;
        while let Some((next, after)) = rest.split_first() {
            let bit = next.wrapping_sub(*first).wrapping_sub(1);
            if bit >= 16 {
                break;
            }
            mask |= 1 << bit;
            rest = after;
        }
        Some((*first, mask))
    })
}
