use sdp_types::{Media, Session};

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
    /// Formats as offered, for the answer to repeat where the section is refused.
    pub formats: String,
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
    pub(super) fn read(media: &Media, session: &Session) -> Self {
        Self {
            kind: media.media.clone(),
            proto: media.proto.clone(),
            formats: media.fmt.clone(),
            mid: value(media, "mid").map(str::to_owned),
            audio: Audio::read(media, session),
        }
    }
}

impl Audio {
    fn read(media: &Media, session: &Session) -> Option<Self> {
        // A bundled section may say port 0 with a=bundle-only (RFC 9143 §6); any other port 0 is a section given up.
        let open = media.port != 0 || media.has_attribute("bundle-only");
        let secure = matches!(
            media.proto.as_str(),
            "UDP/TLS/RTP/SAVPF" | "UDP/TLS/RTP/SAVP"
        );
        if media.media != "audio" || !open || !secure {
            return None;
        }
        let payload_type = opus_payload_type(media)?;
        let (sends, receives) = direction(media, session);
        Some(Self {
            payload_type,
            red: red_payload_type(media, payload_type),
            sends,
            receives,
            audio_level: extension_id(media, session, AUDIO_LEVEL_URI),
            nack: offers_nack(media, payload_type),
            rtcp_rsize: media.has_attribute("rtcp-rsize"),
            ssrcs: ssrcs(media),
        })
    }
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

/// The first format of the m-line that an rtpmap calls Opus (RFC 7587 §7).
fn opus_payload_type(media: &Media) -> Option<u8> {
    formats(media, "opus/48000/2").next()
}

/// The first format of the m-line that is redundant audio made of `opus` alone: `111/111` (RFC 2198 §5).
fn red_payload_type(media: &Media, opus: u8) -> Option<u8> {
    formats(media, "red/48000/2").find(|red| {
        values(media, "fmtp").any(|line| {
            line.split_once(' ').is_some_and(|(pt, blocks)| {
                pt.parse() == Ok(*red)
                    && blocks
                        .split('/')
                        .all(|block| block.trim().parse() == Ok(opus))
            })
        })
    })
}

/// The formats of the m-line that an rtpmap calls `codec`.
fn formats<'a>(media: &'a Media, codec: &'a str) -> impl Iterator<Item = u8> + 'a {
    media
        .fmt
        .split_ascii_whitespace()
        .filter_map(move |format| {
            let payload_type = format.parse().ok().filter(|pt| (1..=127).contains(pt))?;
            let is_codec = values(media, "rtpmap").any(|line| {
                line.split_once(' ').is_some_and(|(pt, name)| {
                    pt == format && name.trim().eq_ignore_ascii_case(codec)
                })
            });
            is_codec.then_some(payload_type)
        })
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
