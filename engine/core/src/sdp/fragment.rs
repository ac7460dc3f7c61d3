use std::net::SocketAddr;

use thiserror::Error;

use super::answer::{line, write_candidates, write_credentials};
use super::{MAX_LEN, Section};
use crate::ice::IceCredentials;

/// A trickle-ICE fragment (RFC 8840 §9) as WHIP and WHEP send it by PATCH (RFC 9725 §4.3).
///
/// The addresses in it are not kept: an ICE-lite server answers checks and learns from them where its peer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The sender's credentials; new ones ask for an ICE restart.
    pub ice: IceCredentials,
}

/// Why a fragment cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FragmentError {
    /// Longer than [`MAX_LEN`] bytes.
    #[error("the fragment has {len} bytes, more than {max}", max = MAX_LEN)]
    TooLong {
        /// Bytes received.
        len: usize,
    },
    /// Not text.
    #[error("the fragment is not UTF-8")]
    NotText,
    /// A line that is neither an attribute nor an m-line.
    #[error("line {number} of the fragment is neither an attribute (a=) nor an m-line")]
    Line {
        /// From 1.
        number: usize,
    },
    /// No usable credentials.
    #[error(
        "a=ice-ufrag (4 to 256 characters) or a=ice-pwd (22 to 256 characters) is missing or malformed"
    )]
    IceCredentials,
}

impl Fragment {
    /// Reads `fragment`; never panics, whatever the bytes.
    pub fn parse(fragment: &[u8]) -> Result<Self, FragmentError> {
        if fragment.len() > MAX_LEN {
            return Err(FragmentError::TooLong {
                len: fragment.len(),
            });
        }
        let text = std::str::from_utf8(fragment).map_err(|_| FragmentError::NotText)?;
        let (mut ufrag, mut pwd) = ("", "");
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim_end();
            if let Some(value) = line.strip_prefix("a=ice-ufrag:") {
                ufrag = value;
            } else if let Some(value) = line.strip_prefix("a=ice-pwd:") {
                pwd = value;
            } else if !(line.is_empty() || line.starts_with("a=") || line.starts_with("m=")) {
                return Err(FragmentError::Line { number });
            }
        }
        let ice = IceCredentials::new(ufrag, pwd).ok_or(FragmentError::IceCredentials)?;
        Ok(Self { ice })
    }

    /// The answer to an ICE restart: the answerer's new credentials and its candidates, under the section that
    /// carries the bundle.
    #[must_use]
    pub fn answer(ice: &IceCredentials, section: &Section, candidates: &[SocketAddr]) -> String {
        let mut text = String::with_capacity(512);
        line(&mut text, format_args!("a=ice-lite"));
        if let Some(mid) = &section.mid {
            line(&mut text, format_args!("a=group:BUNDLE {mid}"));
        }
        let payload_type = section.audio.as_ref().map_or(0, |audio| audio.payload_type);
        line(
            &mut text,
            format_args!("m=audio 9 {} {payload_type}", section.proto),
        );
        if let Some(mid) = &section.mid {
            line(&mut text, format_args!("a=mid:{mid}"));
        }
        write_credentials(&mut text, ice);
        write_candidates(&mut text, candidates);
        text
    }
}
