//! Files back in: everything up to the first page that is torn or damaged.

use super::page::{Page, flags, mark_last};
use super::writer::Head;

/// Why bytes are not a readable Ogg Opus file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OggError {
    #[error("the file does not begin with the two header pages of Ogg Opus")]
    NoHeader,
    #[error("channel mapping or version is not one this reader knows")]
    Unsupported,
}

/// A file's valid part.
#[derive(Debug)]
pub struct Reader<'a> {
    pages: Vec<(usize, Page<'a>)>,
    head: Head,
    valid_len: usize,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` up to the first page that is not whole, right and next.
    ///
    /// # Errors
    /// [`OggError`] when not even the header pages are there.
    pub fn open(bytes: &'a [u8]) -> Result<Self, OggError> {
        let (mut pages, mut at): (Vec<(usize, Page<'a>)>, usize) = (Vec::new(), 0);
        while let Some(page) = bytes.get(at..).and_then(Page::read) {
            if pages.last().is_some_and(|(_, last)| !follows(&page, last)) {
                break;
            }
            pages.push((at, page));
            at += page.len();
        }
        let head = read_head(&pages)?;
        Ok(Self {
            pages,
            head,
            valid_len: at,
        })
    }

    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Bytes up to the end of the last good page.
    #[must_use]
    pub fn valid_len(&self) -> usize {
        self.valid_len
    }

    /// Whether the stream was ended, not cut off.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.pages
            .last()
            .is_some_and(|(_, page)| page.flags & flags::LAST != 0)
    }

    /// Samples at 48 kHz a player plays.
    #[must_use]
    pub fn samples(&self) -> u64 {
        let granule = self.pages.last().map_or(0, |(_, page)| page.granule);
        granule.saturating_sub(u64::from(self.head.pre_skip))
    }

    /// The Opus packets, headers left out.
    pub fn packets(&self) -> impl Iterator<Item = &'a [u8]> {
        self.pages
            .iter()
            .skip(2)
            .flat_map(|(_, page)| page.packets())
    }

    fn last_page_at(&self) -> usize {
        self.pages.last().map_or(0, |(at, _)| *at)
    }
}

/// Cuts a torn tail off `bytes` and marks the stream as ended; says whether anything changed.
///
/// # Errors
/// [`OggError`] when not even the header pages are there; `bytes` are then as they were.
pub fn repair(bytes: &mut Vec<u8>) -> Result<bool, OggError> {
    let reader = Reader::open(bytes)?;
    let (valid_len, ended, last_page_at) =
        (reader.valid_len, reader.ended(), reader.last_page_at());
    let torn = valid_len < bytes.len();
    bytes.truncate(valid_len);
    if let Some(page) = bytes.get_mut(last_page_at..).filter(|_| !ended) {
        mark_last(page);
    }
    Ok(torn || !ended)
}

fn follows(page: &Page<'_>, last: &Page<'_>) -> bool {
    let goes_on = last.flags & flags::LAST == 0;
    goes_on && page.serial == last.serial && page.seq == last.seq.wrapping_add(1)
}

fn read_head(pages: &[(usize, Page<'_>)]) -> Result<Head, OggError> {
    let [(_, first), (_, second), ..] = pages else {
        return Err(OggError::NoHeader);
    };
    let id = first.packets().next().ok_or(OggError::NoHeader)?;
    let tags = second.packets().next().ok_or(OggError::NoHeader)?;
    let id = id.strip_prefix(b"OpusHead").ok_or(OggError::NoHeader)?;
    let tags = tags.strip_prefix(b"OpusTags").ok_or(OggError::NoHeader)?;
    // Version 0.x, one or two channels of family 0 (RFC 7845 §5.1).
    let &[version, 1 | 2, low, high, _, _, _, _, _, _, 0, ..] = id else {
        return Err(OggError::Unsupported);
    };
    if version >> 4 != 0 {
        return Err(OggError::Unsupported);
    }
    Ok(Head {
        pre_skip: u16::from_le_bytes([low, high]),
        title: read_title(tags).unwrap_or_default(),
    })
}

/// The TITLE comment, if there is one (RFC 7845 §5.2).
fn read_title(tags: &[u8]) -> Option<String> {
    let (_vendor, rest) = read_string(tags)?;
    let (count, mut rest) = rest.split_first_chunk()?;
    for _ in 0..u32::from_le_bytes(*count) {
        let (comment, after) = read_string(rest)?;
        if let Some(title) = comment.strip_prefix(b"TITLE=") {
            return Some(String::from_utf8_lossy(title).into_owned());
        }
        rest = after;
    }
    None
}

fn read_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)
}

#[cfg(test)]
mod tests;
