use sdp_types::{Media, Session};

use super::codecs::Codecs;
use super::{MAX_ATTRIBUTES, MAX_FORMATS, MAX_WORD_LEN, OfferError};

/// The header extension that carries how loud a packet is (RFC 6464).
pub(super) const AUDIO_LEVEL_URI: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
/// SSRCs of one section that are read.
const MAX_SSRCS: usize = 8;

/// One m-line of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Media type as offered: `audio`, `video`, `application`, …
    pub kind: String,
    /// Transport as offered, for the answer to repeat.
    pub proto: String,
    /// The first format as offered, for the answer to repeat where the section is refused: one has to stand there
    /// (RFC 3264 §6).
    pub format: String,
    /// `a=mid` (RFC 5888).
    pub mid: Option<String>,
    /// Present where the section is audio that can be answered.
    pub audio: Option<Audio>,
}

/// What the answer and the link need of an Opus section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// RTP payload type of Opus.
    pub payload_type: u8,
    /// RTP payload type of redundant audio (RFC 2198) that carries nothing but this Opus, where offered.
    pub red: Option<u8>,
    /// The offerer means to send.
    pub sends: bool,
    /// The offerer means to receive.
    pub receives: bool,
    /// Id of the RFC 6464 header extension, 1 to 14, where offered.
    pub audio_level: Option<u8>,
    /// `nack` feedback is offered for Opus (RFC 4585).
    pub nack: bool,
    /// Reduced-size RTCP is offered (RFC 5506).
    pub rtcp_rsize: bool,
    /// SSRCs the offerer announces, at most eight.
    pub ssrcs: Vec<u32>,
}

impl Section {
    /// Every word of it may be kept as long as the session lives.
    pub(super) fn read(media: &Media, session: &Session) -> Result<Self, OfferError> {
        let format = media.fmt.split_ascii_whitespace().next();
        Ok(Self {
            kind: word(&media.media)?,
            proto: word(&media.proto)?,
            format: word(format.unwrap_or("0"))?,
            mid: value(media, "mid").map(word).transpose()?,
            audio: Audio::read(media, session)?,
        })
    }
}

fn word(text: &str) -> Result<String, OfferError> {
    let len = text.len();
    if len > MAX_WORD_LEN {
        return Err(OfferError::LongWord { len });
    }
    Ok(text.to_owned())
}

impl Audio {
    /// None where the section is not audio that can be answered.
    fn read(media: &Media, session: &Session) -> Result<Option<Self>, OfferError> {
        // A bundled section may say port 0 with a=bundle-only (RFC 9143 §6); any other port 0 is a section given up.
        let open = media.port != 0 || media.has_attribute("bundle-only");
        let secure = matches!(
            media.proto.as_str(),
            "UDP/TLS/RTP/SAVPF" | "UDP/TLS/RTP/SAVP"
        );
        if media.media != "audio" || !open || !secure {
            return Ok(None);
        }
        check_size(media)?;
        let codecs = Codecs::read(&media.fmt, || values(media, "rtpmap"));
        let Some(payload_type) = codecs.opus() else {
            return Ok(None);
        };
        let (sends, receives) = direction(media, session);
        Ok(Some(Self {
            payload_type,
            red: codecs.red_of(payload_type, values(media, "fmtp")),
            sends,
            receives,
            audio_level: extension_id(media, session, AUDIO_LEVEL_URI),
            nack: offers_nack(media, payload_type),
            rtcp_rsize: media.has_attribute("rtcp-rsize"),
            ssrcs: ssrcs(media),
        }))
    }
}

/// Browsers of 2026 write a dozen formats and some fifty attributes.
fn check_size(media: &Media) -> Result<(), OfferError> {
    let count = media.attributes.len();
    if count > MAX_ATTRIBUTES {
        return Err(OfferError::TooManyAttributes { count });
    }
    let count = media.fmt.split_ascii_whitespace().count();
    if count > MAX_FORMATS {
        return Err(OfferError::TooManyFormats { count });
    }
    Ok(())
}

/// First value of attribute `name`.
pub(super) fn value<'a>(media: &'a Media, name: &'a str) -> Option<&'a str> {
    media
        .get_first_attribute_value(name)
        .flatten()
        .map(str::trim)
}

fn values<'a>(media: &'a Media, name: &'a str) -> impl Iterator<Item = &'a str> {
    media.get_attribute_values(name).flatten().map(str::trim)
}

/// (sends, receives); `sendrecv` where nothing is said (RFC 8866 §6.7).
fn direction(media: &Media, session: &Session) -> (bool, bool) {
    let says = |name: &str| media.has_attribute(name);
    if says("sendonly") {
        (true, false)
    } else if says("recvonly") {
        (false, true)
    } else if says("inactive") {
        (false, false)
    } else if says("sendrecv") {
        (true, true)
    } else {
        let all = |name: &str| session.has_attribute(name);
        (
            !all("recvonly") && !all("inactive"),
            !all("sendonly") && !all("inactive"),
        )
    }
}

/// Id of a header extension (RFC 8285 §5), one-byte form only.
fn extension_id(media: &Media, session: &Session, uri: &str) -> Option<u8> {
    let of_session = session.get_attribute_values("extmap").flatten();
    values(media, "extmap").chain(of_session).find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let id = words.next()?.split('/').next()?.parse().ok()?;
        (words.next() == Some(uri) && (1..=14).contains(&id)).then_some(id)
    })
}

fn offers_nack(media: &Media, payload_type: u8) -> bool {
    values(media, "rtcp-fb").any(|line| {
        line.split_once(' ').is_some_and(|(pt, what)| {
            what.trim() == "nack" && (pt == "*" || pt.parse() == Ok(payload_type))
        })
    })
}

fn ssrcs(media: &Media) -> Vec<u32> {
    let mut found = Vec::new();
    for line in values(media, "ssrc") {
        let number = line
            .split_ascii_whitespace()
            .next()
            .and_then(|word| word.parse().ok());
        if let Some(ssrc) = number.filter(|ssrc| !found.contains(ssrc)) {
            found.push(ssrc);
        }
        if found.len() == MAX_SSRCS {
            break;
        }
    }
    found
}
