//! The type-length-value list after a STUN header (RFC 8489 §14).

/// One attribute and where in the message its head begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    pub kind: u16,
    pub value: &'a [u8],
    /// Offset in bytes from the message's beginning.
    pub offset: usize,
}

/// Walks the attributes of `message`; stops at the first that does not fit.
pub(super) fn attributes(message: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    let mut offset = super::HEADER_LEN;
    std::iter::from_fn(move || {
        let [k0, k1, l0, l1] = *message.get(offset..)?.first_chunk::<4>()?;
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        let value = message.get(offset + 4..offset + 4 + len)?;
        let attribute = Attribute {
            kind: u16::from_be_bytes([k0, k1]),
            value,
            offset,
        };
        offset += 4 + len.next_multiple_of(4);
        Some(attribute)
    })
}
