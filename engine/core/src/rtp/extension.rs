//! RTP header extensions in the one-byte and two-byte forms of RFC 8285.

const ONE_BYTE_PROFILE: u16 = 0xBEDE;
/// The low four bits of the two-byte form's profile are application bits.
const TWO_BYTE_PROFILE: u16 = 0x1000;

/// Which local id the peer gave to each header extension the engine reads, from its SDP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtensionIds {
    /// `urn:ietf:params:rtp-hdrext:ssrc-audio-level` (RFC 6464).
    pub audio_level: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:mid` (RFC 9143 §15).
    pub mid: Option<u8>,
}

/// What the sender claims about the loudness of a packet (RFC 6464 §3). It is a claim: cross-check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioLevel {
    /// Level below overload in dB: 0 is loudest, 127 is silence.
    pub below_overload_db: u8,
    /// The sender believes that the packet holds speech.
    pub voice: bool,
}

impl AudioLevel {
    fn from_byte(byte: u8) -> Self {
        Self {
            below_overload_db: byte & 0x7F,
            voice: byte & 0x80 != 0,
        }
    }
}

/// The extension block of one packet, checked to lie inside the packet; elements are read when asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extensions<'a> {
    profile: u16,
    elements: &'a [u8],
}

impl<'a> Extensions<'a> {
    pub(super) fn new(profile: u16, elements: &'a [u8]) -> Self {
        Self { profile, elements }
    }

    /// The bytes of the element with the local id `id`; `None` when absent or when the block is malformed before it.
    pub fn get(self, id: u8) -> Option<&'a [u8]> {
        self.iter()
            .find_map(|(found, data)| (found == id).then_some(data))
    }

    /// The audio level, when its id is known and the packet carries one.
    pub fn audio_level(self, ids: ExtensionIds) -> Option<AudioLevel> {
        let data = self.get(ids.audio_level?)?;
        data.first().copied().map(AudioLevel::from_byte)
    }

    /// All elements as (id, bytes), ending at the first malformed one.
    pub fn iter(self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let two_byte = self.profile & 0xFFF0 == TWO_BYTE_PROFILE;
        let known = two_byte || self.profile == ONE_BYTE_PROFILE;
        let mut rest = if known { self.elements } else { &[] };
        std::iter::from_fn(move || {
            rest = skip_padding(rest);
            let (id, data, after) = if two_byte {
                two_byte_element(rest)?
            } else {
                one_byte_element(rest)?
            };
            rest = after;
            Some((id, data))
        })
    }
}

fn skip_padding(bytes: &[u8]) -> &[u8] {
    let start = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

fn one_byte_element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let id = first >> 4;
    // 15 is reserved and ends the block (RFC 8285 §4.2).
    if id == 15 {
        return None;
    }
    let (data, after) = rest.split_at_checked(usize::from(first & 0x0F) + 1)?;
    Some((id, data, after))
}

fn two_byte_element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (id, rest) = bytes.split_first()?;
    let (len, rest) = rest.split_first()?;
    let (data, after) = rest.split_at_checked(usize::from(*len))?;
    Some((*id, data, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: ExtensionIds = ExtensionIds {
        audio_level: Some(1),
        mid: Some(4),
    };

    #[test]
    fn one_byte_elements_are_found_behind_padding_and_others() {
        let block = Extensions::new(ONE_BYTE_PROFILE, &[0x40, b'0', 0, 0, 0x10, 0x85, 0, 0]);
        assert_eq!(
            block.audio_level(IDS),
            Some(AudioLevel {
                below_overload_db: 5,
                voice: true
            })
        );
        assert_eq!(block.get(4), Some(&b"0"[..]));
    }

    #[test]
    fn two_byte_elements_are_found() {
        let block = Extensions::new(TWO_BYTE_PROFILE, &[4, 0, 1, 1, 0x7F, 0]);
        assert_eq!(
            block.audio_level(IDS),
            Some(AudioLevel {
                below_overload_db: 127,
                voice: false
            })
        );
        assert_eq!(block.get(4), Some(&[][..]));
    }

    #[test]
    fn a_malformed_or_foreign_block_yields_nothing() {
        assert_eq!(
            Extensions::new(ONE_BYTE_PROFILE, &[0x13, 1, 2]).get(1),
            None
        );
        assert_eq!(
            Extensions::new(ONE_BYTE_PROFILE, &[0xF0, 1, 0x10, 5]).get(1),
            None
        );
        assert_eq!(Extensions::new(0x1234, &[0x10, 5, 0, 0]).get(1), None);
    }
}
