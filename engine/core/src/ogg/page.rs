//! One page (RFC 3533 §6).

use super::crc;

pub(super) const HEADER_BYTES: usize = 27;
/// Offset of the checksum within the header.
const CRC_AT: usize = 22;
const FLAGS_AT: usize = 5;

/// The header's flag bits.
pub(super) mod flags {
    pub const CONTINUED: u8 = 1;
    pub const FIRST: u8 = 2;
    pub const LAST: u8 = 4;
}

/// A page whose checksum is right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    pub flags: u8,
    /// Samples that end on or before this page, pre-skip included (RFC 7845 §4).
    pub granule: u64,
    pub serial: u32,
    pub seq: u32,
    lacing: &'a [u8],
    body: &'a [u8],
}

impl<'a> Page<'a> {
    /// The page at the front of `bytes`; None when it is torn, damaged or none.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        if !header.starts_with(b"OggS\0") {
            return None;
        }
        let segments = usize::from(*header.get(26)?);
        let lacing = bytes.get(HEADER_BYTES..HEADER_BYTES + segments)?;
        let start = HEADER_BYTES + segments;
        let len: usize = lacing.iter().map(|size| usize::from(*size)).sum();
        let body = bytes.get(start..start + len)?;
        let page = Self {
            flags: *header.get(FLAGS_AT)?,
            granule: u64::from_le_bytes(array(header, 6)?),
            serial: u32::from_le_bytes(array(header, 14)?),
            seq: u32::from_le_bytes(array(header, 18)?),
            lacing,
            body,
        };
        let written = u32::from_le_bytes(array(header, CRC_AT)?);
        (checksum(bytes.get(..page.len())?) == written).then_some(page)
    }

    /// Bytes of the whole page.
    pub fn len(&self) -> usize {
        HEADER_BYTES + self.lacing.len() + self.body.len()
    }

    /// The packets that begin and end on this page.
    pub fn packets(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (mut lacing, mut body) = (self.lacing, self.body);
        let mut partial = self.flags & flags::CONTINUED != 0;
        std::iter::from_fn(move || {
            loop {
                let segments = lacing.iter().position(|size| *size < 255)? + 1;
                let (mine, rest) = lacing.split_at(segments);
                let bytes = mine.iter().map(|size| usize::from(*size)).sum();
                let (packet, after) = body.split_at_checked(bytes)?;
                (lacing, body) = (rest, after);
                if !std::mem::take(&mut partial) {
                    return Some(packet);
                }
            }
        })
    }
}

/// Appends a page to `out`. `lacing` (at most 255 values) describes `body`.
pub(super) fn append(out: &mut Vec<u8>, page: &NewPage, lacing: &[u8], body: &[u8]) {
    let start = out.len();
    out.extend_from_slice(b"OggS\0");
    out.push(page.flags);
    out.extend_from_slice(&page.granule.to_le_bytes());
    out.extend_from_slice(&page.serial.to_le_bytes());
    out.extend_from_slice(&page.seq.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.push(lacing.len() as u8);
    out.extend_from_slice(lacing);
    out.extend_from_slice(body);
    if let Some(written) = out.get_mut(start..) {
        seal(written);
    }
}

/// What is said of a page to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewPage {
    pub flags: u8,
    pub granule: u64,
    pub serial: u32,
    pub seq: u32,
}

/// Marks a whole page as its stream's last.
pub(super) fn mark_last(page: &mut [u8]) {
    if let Some(byte) = page.get_mut(FLAGS_AT) {
        *byte |= flags::LAST;
    }
    seal(page);
}

fn seal(page: &mut [u8]) {
    let sum = checksum(page).to_le_bytes();
    if let Some(field) = page.get_mut(CRC_AT..CRC_AT + 4) {
        field.copy_from_slice(&sum);
    }
}

/// The checksum is taken with its own field as zero.
fn checksum(page: &[u8]) -> u32 {
    let (before, rest) = page.split_at_checked(CRC_AT).unwrap_or((page, &[]));
    let crc = crc::update(crc::update(0, before), &[0; 4]);
    crc::update(crc, rest.get(4..).unwrap_or_default())
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}
