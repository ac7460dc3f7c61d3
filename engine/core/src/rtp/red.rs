//! Redundant audio (RFC 2198): a payload that carries, in front of its own block, copies of blocks sent before it.

/// Copies in one payload that are read: browsers send one, and could be told to send nine.
pub const MAX_COPIES: usize = 9;
/// Bytes of a copy's header (RFC 2198 §3): F bit, payload type, 14 bits of timestamp offset, 10 bits of length.
const COPY_HEADER_LEN: usize = 4;
/// The longest block that a copy's header can describe.
const MAX_COPY_LEN: usize = 0x3ff;
/// The largest timestamp offset that a copy's header can describe.
const MAX_OFFSET: u32 = 0x3fff;

/// Why bytes are not redundant audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedError {
    #[error("the payload ends before its {what}")]
    Truncated { what: &'static str },
    #[error("more than {MAX_COPIES} copies in one payload")]
    TooManyCopies,
}

/// One payload, its parts still in the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Red<'a> {
    /// Payload type of the block that is sent for the first time.
    pub payload_type: u8,
    /// That block; its timestamp is the packet's.
    pub primary: &'a [u8],
    heads: &'a [[u8; COPY_HEADER_LEN]],
    /// The copies' bytes, one after the other.
    copies: &'a [u8],
}

/// A block that was sent before, in a packet of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedCopy<'a> {
    pub payload_type: u8,
    /// How much earlier than the packet's its timestamp is, in the payload's clock.
    pub offset: u32,
    pub payload: &'a [u8],
}

impl<'a> Red<'a> {
    /// Reads the block headers of `payload` and checks that all blocks are there. Never panics, whatever the bytes.
    ///
    /// # Errors
    /// [`RedError`] when a header or a block is cut off, or there are more copies than [`MAX_COPIES`].
    pub fn parse(payload: &'a [u8]) -> Result<Self, RedError> {
        let (all, _) = payload.as_chunks::<COPY_HEADER_LEN>();
        let count = all.iter().take_while(|head| is_copy(head)).count();
        if count > MAX_COPIES {
            return Err(RedError::TooManyCopies);
        }
        let cut_off = |what| RedError::Truncated { what };
        let heads = all.get(..count).unwrap_or_default();
        let rest = payload.get(count * COPY_HEADER_LEN..).unwrap_or_default();
        // The F bit of the last header is 0: one that says otherwise is a copy's, and is cut off.
        let (&last, blocks) = rest
            .split_first()
            .filter(|(last, _)| *last & 0x80 == 0)
            .ok_or(cut_off("block headers"))?;
        let len = heads.iter().map(|head| copy_len(*head)).sum();
        let (copies, primary) = blocks.split_at_checked(len).ok_or(cut_off("copies"))?;
        Ok(Self {
            payload_type: last,
            primary,
            heads,
            copies,
        })
    }

    /// The copies, oldest first.
    pub fn copies(&self) -> impl ExactSizeIterator<Item = RedCopy<'a>> + use<'a> {
        let mut rest = self.copies;
        self.heads.iter().map(move |head| {
            let (payload, after) = rest.split_at_checked(copy_len(*head)).unwrap_or_default();
            rest = after;
            let [first, high, low, _] = *head;
            RedCopy {
                payload_type: first & 0x7f,
                offset: u32::from(u16::from_be_bytes([high, low]) >> 2),
                payload,
            }
        })
    }
}

/// Writes a payload of `primary` and the `copies` in front of it, oldest first, all under one payload type, to the start
/// of `out`; its length in bytes. None when `out` is too small or a copy too long or too old to be described.
pub fn write_red(
    payload_type: u8,
    copies: &[(u32, &[u8])],
    primary: &[u8],
    out: &mut [u8],
) -> Option<usize> {
    let mut written = 0;
    let mut put = |bytes: &[u8]| {
        let end = written + bytes.len();
        out.get_mut(written..end)?.copy_from_slice(bytes);
        written = end;
        Some(written)
    };
    for (offset, copy) in copies {
        put(&copy_head(payload_type, *offset, copy.len())?)?;
    }
    put(&[payload_type & 0x7f])?;
    for (_, copy) in copies {
        put(copy)?;
    }
    put(primary)
}

fn copy_head(payload_type: u8, offset: u32, len: usize) -> Option<[u8; COPY_HEADER_LEN]> {
    let fits = len <= MAX_COPY_LEN && offset <= MAX_OFFSET;
    let len = u32::try_from(len).ok().filter(|_| fits)?;
    Some((1 << 31 | u32::from(payload_type & 0x7f) << 24 | offset << 10 | len).to_be_bytes())
}

fn is_copy([first, ..]: &[u8; COPY_HEADER_LEN]) -> bool {
    first & 0x80 != 0
}

fn copy_len([_, _, high, low]: [u8; COPY_HEADER_LEN]) -> usize {
    usize::from(u16::from_be_bytes([high, low])) & MAX_COPY_LEN
}

#[cfg(test)]
mod tests;
