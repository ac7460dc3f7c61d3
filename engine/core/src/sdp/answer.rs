use std::fmt::Write as _;
use std::net::SocketAddr;

use super::Offer;
use super::section::{AUDIO_LEVEL_URI, Audio, Section};
use crate::dtls::{DtlsRole, Fingerprint};
use crate::ice::IceCredentials;

/// Which way the sound goes, seen from the answerer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// WHIP: the answerer listens.
    Receive,
    /// WHEP: the answerer sends.
    Send,
}

/// A stream the answerer will send in one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentStream {
    /// RTP SSRC.
    pub ssrc: u32,
    /// `a=msid` stream and track (RFC 8830): random words, for they reach every listener.
    pub stream: String,
    /// The second word of `a=msid`.
    pub track: String,
}

/// The answerer's half of a session.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// Random number of the `o=` line.
    pub session_id: u64,
    /// The answerer's ICE credentials.
    pub ice: &'a IceCredentials,
    /// Hash of the answerer's certificate.
    pub fingerprint: &'a Fingerprint,
    /// The answerer's DTLS role: [`super::Setup::answerer`] of the offer's setup.
    pub role: DtlsRole,
    /// Host candidates, best first.
    pub candidates: &'a [SocketAddr],
    /// Which way the sound goes.
    pub direction: Direction,
    /// RTCP CNAME of the sent streams (RFC 7022: random, never derived from who somebody is).
    pub cname: &'a str,
    /// For [`Direction::Send`]: one stream for each audio section in turn; sections beyond are refused.
    pub streams: &'a [SentStream],
}

impl Answer<'_> {
    /// The description that answers `offer`.
    #[must_use]
    pub fn to_sdp(&self, offer: &Offer) -> String {
        let plan = self.plan(offer);
        let mut sdp = String::with_capacity(2048);
        self.write_session(&mut sdp, offer, &plan);
        for (section, part) in &plan {
            match part {
                Some((audio, stream)) => self.write_section(&mut sdp, section, audio, *stream),
                None => line(
                    &mut sdp,
                    format_args!("m={} 0 {} {}", section.kind, section.proto, section.format),
                ),
            }
        }
        sdp
    }

    /// What becomes of each section: taken with its stream, or refused.
    fn plan<'o>(&'o self, offer: &'o Offer) -> Vec<Planned<'o>> {
        let mut streams = self.streams.iter();
        let mut received = false;
        let part = |section: &'o Section| {
            let audio = section.audio.as_ref()?;
            match self.direction {
                Direction::Send if audio.receives => {
                    streams.next().map(|stream| (audio, Some(stream)))
                }
                Direction::Receive if audio.sends && !received => {
                    received = true;
                    Some((audio, None))
                }
                Direction::Send | Direction::Receive => None,
            }
        };
        let parts: Vec<_> = offer.sections.iter().map(part).collect();
        offer.sections.iter().zip(parts).collect()
    }

    fn write_session(&self, sdp: &mut String, offer: &Offer, plan: &[Planned<'_>]) {
        line(sdp, format_args!("v=0"));
        // The sign bit stays free: some parsers read the number as signed.
        line(
            sdp,
            format_args!("o=- {} 1 IN IP4 127.0.0.1", self.session_id >> 1),
        );
        line(sdp, format_args!("s=-"));
        line(sdp, format_args!("t=0 0"));
        let taken = plan.iter().filter(|(_, part)| part.is_some());
        let mids: Vec<&str> = taken
            .filter_map(|(section, _)| section.mid.as_deref())
            .collect();
        if !offer.bundle.is_empty() && !mids.is_empty() {
            line(sdp, format_args!("a=group:BUNDLE {}", mids.join(" ")));
        }
        line(sdp, format_args!("a=ice-lite"));
        line(sdp, format_args!("a=msid-semantic: WMS *"));
    }

    fn write_section(
        &self,
        sdp: &mut String,
        section: &Section,
        audio: &Audio,
        stream: Option<&SentStream>,
    ) {
        let opus = audio.payload_type;
        // A browser sends redundant audio when it stands before the codec that it carries.
        match audio.red.filter(|_| stream.is_none()) {
            Some(red) => line(
                sdp,
                format_args!("m=audio 9 {} {red} {opus}", section.proto),
            ),
            None => line(sdp, format_args!("m=audio 9 {} {opus}", section.proto)),
        }
        line(sdp, format_args!("c=IN IP4 0.0.0.0"));
        if let Some(mid) = &section.mid {
            line(sdp, format_args!("a=mid:{mid}"));
        }
        self.write_transport(sdp);
        line(sdp, format_args!("a=rtcp-mux"));
        if audio.rtcp_rsize {
            line(sdp, format_args!("a=rtcp-rsize"));
        }
        write_opus(sdp, audio);
        match stream {
            Some(stream) => self.write_stream(sdp, stream),
            None => write_receiving(sdp, audio),
        }
    }

    fn write_transport(&self, sdp: &mut String) {
        write_credentials(sdp, self.ice);
        line(sdp, format_args!("a=fingerprint:{}", self.fingerprint));
        line(sdp, format_args!("a=setup:{}", self.role.as_setup()));
        write_candidates(sdp, self.candidates);
    }

    fn write_stream(&self, sdp: &mut String, stream: &SentStream) {
        let SentStream {
            ssrc,
            stream,
            track,
        } = stream;
        line(sdp, format_args!("a=sendonly"));
        line(sdp, format_args!("a=msid:{stream} {track}"));
        line(sdp, format_args!("a=ssrc:{ssrc} cname:{}", self.cname));
        line(sdp, format_args!("a=ssrc:{ssrc} msid:{stream} {track}"));
    }
}

type Planned<'o> = (&'o Section, Option<(&'o Audio, Option<&'o SentStream>)>);

fn write_opus(sdp: &mut String, audio: &Audio) {
    let pt = audio.payload_type;
    line(sdp, format_args!("a=rtpmap:{pt} opus/48000/2"));
    // RFC 7587 §7: a voice wants loss repaired in band and silence not sent; it has one channel.
    line(
        sdp,
        format_args!("a=fmtp:{pt} minptime=10;useinbandfec=1;usedtx=1;stereo=0"),
    );
    if audio.nack {
        line(sdp, format_args!("a=rtcp-fb:{pt} nack"));
    }
}

fn write_receiving(sdp: &mut String, audio: &Audio) {
    line(sdp, format_args!("a=recvonly"));
    if let Some(red) = audio.red {
        let opus = audio.payload_type;
        line(sdp, format_args!("a=rtpmap:{red} red/48000/2"));
        line(sdp, format_args!("a=fmtp:{red} {opus}/{opus}"));
    }
    if let Some(id) = audio.audio_level {
        line(sdp, format_args!("a=extmap:{id} {AUDIO_LEVEL_URI}"));
    }
}

pub(super) fn write_credentials(sdp: &mut String, ice: &IceCredentials) {
    line(sdp, format_args!("a=ice-ufrag:{}", ice.ufrag()));
    line(sdp, format_args!("a=ice-pwd:{}", ice.password()));
}

/// Host candidates with falling priorities (RFC 8445 §5.1.2.1), then the end of them.
pub(super) fn write_candidates(sdp: &mut String, candidates: &[SocketAddr]) {
    const HOST_PREFERENCE: u32 = 126 << 24;
    for (place, address) in (0u32..).zip(candidates) {
        let priority = HOST_PREFERENCE | (65_535u32.saturating_sub(place) << 8) | 255;
        let (ip, port) = (address.ip(), address.port());
        line(
            sdp,
            format_args!(
                "a=candidate:{} 1 udp {priority} {ip} {port} typ host",
                place + 1
            ),
        );
    }
    line(sdp, format_args!("a=end-of-candidates"));
}

pub(super) fn line(sdp: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = write!(sdp, "{text}\r\n");
}
