//! The RTP header (RFC 3550 §5.1): parse what arrives, write what leaves.

use super::extension::Extensions;

/// Length in bytes of an RTP header without CSRCs or extensions.
pub const FIXED_HEADER_LEN: usize = 12;
/// The CSRC count is a four-bit field.
pub const MAX_CSRCS: usize = 15;

/// Why bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    #[error("an RTP packet of at least {need} bytes was announced, {got} arrived")]
    TooShort { need: usize, got: usize },
    #[error("RTP version {got} instead of 2")]
    Version { got: u8 },
    #[error("{padding} bytes of padding do not fit into the packet")]
    Padding { padding: usize },
}

/// The facts of an RTP header. Its variable parts stay in the packet: see [`Header::csrcs`] and [`Header::extensions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    /// In units of the payload's clock: 48 kHz for Opus.
    pub timestamp: u32,
    pub ssrc: u32,
    /// The last byte of the payload tells how many bytes of padding to cut off.
    pub has_padding: bool,
    /// Length in bytes of the whole header: fixed part, CSRCs, extension block.
    pub len: usize,
    csrc_count: u8,
    extension: Option<(u16, u16)>,
}

impl Header {
    /// Reads the header at the start of `packet` and checks that all of it is there.
    ///
    /// # Errors
    /// When the version is not 2, or the packet is shorter than its header says.
    pub fn parse(packet: &[u8]) -> Result<Self, HeaderError> {
        let fixed: &[u8; FIXED_HEADER_LEN] = packet.first_chunk().ok_or(HeaderError::TooShort {
            need: FIXED_HEADER_LEN,
            got: packet.len(),
        })?;
        let [first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = *fixed;
        if first >> 6 != 2 {
            return Err(HeaderError::Version { got: first >> 6 });
        }
        let csrc_count = first & 0x0F;
        let csrcs_end = FIXED_HEADER_LEN + 4 * usize::from(csrc_count);
        let extension = if first & 0x10 != 0 {
            Some(extension_head(packet, csrcs_end)?)
        } else {
            None
        };
        let len = csrcs_end + extension.map_or(0, |(_, words)| 4 + 4 * usize::from(words));
        if packet.len() < len {
            return Err(HeaderError::TooShort {
                need: len,
                got: packet.len(),
            });
        }
        Ok(Self {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7F,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
            has_padding: first & 0x20 != 0,
            len,
            csrc_count,
            extension,
        })
    }

    /// The contributing sources; `packet` is the one this header was parsed from.
    pub fn csrcs<'a>(&self, packet: &'a [u8]) -> impl Iterator<Item = u32> + use<'a> {
        let end = self.csrcs_end();
        let words = packet.get(FIXED_HEADER_LEN..end).unwrap_or_default();
        words
            .as_chunks::<4>()
            .0
            .iter()
            .map(|word| u32::from_be_bytes(*word))
    }

    /// The extension block, empty when there is none; `packet` is the one this header was parsed from.
    pub fn extensions<'a>(&self, packet: &'a [u8]) -> Extensions<'a> {
        let Some((profile, _)) = self.extension else {
            return Extensions::default();
        };
        let elements = packet
            .get(self.csrcs_end() + 4..self.len)
            .unwrap_or_default();
        Extensions::new(profile, elements)
    }

    /// The payload of the decrypted `packet` without its padding.
    ///
    /// # Errors
    /// When the padding's length is zero or larger than the payload.
    pub fn payload<'a>(&self, packet: &'a [u8]) -> Result<&'a [u8], HeaderError> {
        let payload = packet.get(self.len..).ok_or(HeaderError::TooShort {
            need: self.len,
            got: packet.len(),
        })?;
        if !self.has_padding {
            return Ok(payload);
        }
        let padding = usize::from(payload.last().copied().unwrap_or(0));
        let kept = payload.len().checked_sub(padding).filter(|_| padding > 0);
        kept.and_then(|kept| payload.get(..kept))
            .ok_or(HeaderError::Padding { padding })
    }

    fn csrcs_end(&self) -> usize {
        FIXED_HEADER_LEN + 4 * usize::from(self.csrc_count)
    }
}

/// Profile and length in words of the extension block that begins at `start`.
fn extension_head(packet: &[u8], start: usize) -> Result<(u16, u16), HeaderError> {
    let head = packet.get(start..).and_then(|rest| rest.first_chunk::<4>());
    let [p0, p1, l0, l1] = *head.ok_or(HeaderError::TooShort {
        need: start + 4,
        got: packet.len(),
    })?;
    Ok((u16::from_be_bytes([p0, p1]), u16::from_be_bytes([l0, l1])))
}

/// An RTP header to send: fixed part and CSRCs, no extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing<'a> {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    /// In units of the payload's clock: 48 kHz for Opus.
    pub timestamp: u32,
    pub ssrc: u32,
    /// Who is heard in the payload; at most [`MAX_CSRCS`].
    pub csrcs: &'a [u32],
}

impl Outgoing<'_> {
    /// Length in bytes of the header when written.
    pub fn wire_len(&self) -> usize {
        FIXED_HEADER_LEN + 4 * self.csrcs.len()
    }

    /// Writes the header to the start of `out` and returns its length in bytes; `None` when `out` is too small or there
    /// are more than [`MAX_CSRCS`] sources.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let count = u8::try_from(self.csrcs.len())
            .ok()
            .filter(|count| usize::from(*count) <= MAX_CSRCS)?;
        let (fixed, rest) = out
            .get_mut(..self.wire_len())?
            .split_first_chunk_mut::<FIXED_HEADER_LEN>()?;
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [i0, i1, i2, i3] = self.ssrc.to_be_bytes();
        let second = u8::from(self.marker) << 7 | self.payload_type & 0x7F;
        *fixed = [0x80 | count, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3];
        for (word, csrc) in rest.as_chunks_mut::<4>().0.iter_mut().zip(self.csrcs) {
            *word = csrc.to_be_bytes();
        }
        Some(self.wire_len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_that_says_more_than_there_is_is_refused() {
        let mut packet = [0u8; 16];
        packet[0] = 0x8F;
        assert_eq!(
            Header::parse(&packet),
            Err(HeaderError::TooShort { need: 72, got: 16 })
        );
        packet[0] = 0x90;
        packet[15] = 9;
        assert_eq!(
            Header::parse(&packet),
            Err(HeaderError::TooShort { need: 52, got: 16 })
        );
        assert_eq!(
            Header::parse(&[0x40; 12]),
            Err(HeaderError::Version { got: 1 })
        );
    }

    #[test]
    fn padding_is_cut_off_and_impossible_padding_refused() {
        let mut packet = [0u8; 16];
        packet[0] = 0xA0;
        packet[15] = 3;
        let header = Header::parse(&packet).unwrap();
        assert_eq!(header.payload(&packet), Ok(&[0u8][..]));
        packet[15] = 5;
        assert_eq!(
            header.payload(&packet),
            Err(HeaderError::Padding { padding: 5 })
        );
        packet[15] = 0;
        assert_eq!(
            header.payload(&packet),
            Err(HeaderError::Padding { padding: 0 })
        );
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
            if let Ok(header) = Header::parse(&bytes) {
                prop_assert!(header.len <= bytes.len());
                let _ = header.payload(&bytes);
                let _ = header.csrcs(&bytes).count() + header.extensions(&bytes).iter().count();
            }
        }

        #[test]
        fn what_is_written_is_read_again(
            marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
            csrcs in proptest::collection::vec(any::<u32>(), 0..=MAX_CSRCS),
        ) {
            let outgoing = Outgoing { marker, payload_type, sequence, timestamp, ssrc, csrcs: &csrcs };
            let mut bytes = [0u8; 80];
            let len = outgoing.write(&mut bytes).unwrap();
            let header = Header::parse(&bytes[..len]).unwrap();
            prop_assert_eq!(header.len, len);
            prop_assert_eq!((header.marker, header.payload_type), (marker, payload_type));
            prop_assert_eq!((header.sequence, header.timestamp, header.ssrc), (sequence, timestamp, ssrc));
            prop_assert_eq!(header.csrcs(&bytes).collect::<Vec<_>>(), csrcs);
        }
    }
}
