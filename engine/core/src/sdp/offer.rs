use sdp_types::{Media, Session};

use super::section::{self, Section};
use super::{MAX_ATTRIBUTES, MAX_LEN, MAX_SECTIONS, OfferError, Setup};
use crate::dtls::Fingerprint;
use crate::ice::IceCredentials;

/// An offer that can be answered: at least one Opus section, one transport for all that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The offerer's ICE credentials.
    pub ice: IceCredentials,
    /// What the offerer's DTLS certificate must hash to.
    pub fingerprint: Fingerprint,
    /// What the offerer says of the DTLS roles.
    pub setup: Setup,
    /// Every m-line in its order: the answer has as many.
    pub sections: Vec<Section>,
    /// Mids of the BUNDLE group (RFC 9143), no more than there may be sections; empty where nothing is bundled.
    pub bundle: Vec<String>,
}

impl Offer {
    /// Reads `description`; never panics, whatever the bytes.
    pub fn parse(description: &[u8]) -> Result<Self, OfferError> {
        if description.len() > MAX_LEN {
            return Err(OfferError::TooLong {
                len: description.len(),
            });
        }
        let session =
            Session::parse(description).map_err(|error| OfferError::Syntax(error.to_string()))?;
        if session.medias.len() > MAX_SECTIONS {
            return Err(OfferError::TooManySections {
                count: session.medias.len(),
            });
        }
        let count = session.attributes.len();
        if count > MAX_ATTRIBUTES {
            return Err(OfferError::TooManyAttributes { count });
        }
        let sections = session.medias.iter();
        let sections: Result<Vec<_>, _> = sections
            .map(|media| Section::read(media, &session))
            .collect();
        let mut sections = sections?;
        let bundle = bundle_group(&session);
        keep_one_transport(&mut sections, &bundle);
        let first = sections
            .iter()
            .position(|section| section.audio.is_some())
            .ok_or(OfferError::NoOpus)?;
        let media = session.medias.get(first).ok_or(OfferError::NoOpus)?;
        if !media.has_attribute("rtcp-mux") {
            return Err(OfferError::RtcpMux);
        }
        Ok(Self {
            ice: credentials(media, &session)?,
            fingerprint: fingerprint(media, &session)?,
            setup: setup(media, &session)?,
            sections,
            bundle,
        })
    }

    /// The sections that will be answered, in their order.
    pub fn audio(&self) -> impl Iterator<Item = &section::Audio> {
        self.sections
            .iter()
            .filter_map(|section| section.audio.as_ref())
    }
}

fn bundle_group(session: &Session) -> Vec<String> {
    let groups = session.get_attribute_values("group").flatten();
    let mids = groups.filter_map(|line| line.trim().strip_prefix("BUNDLE "));
    mids.flat_map(str::split_ascii_whitespace)
        .take(MAX_SECTIONS)
        .map(str::to_owned)
        .collect()
}

/// A link is one transport: what is not bundled with the first audio section is refused.
fn keep_one_transport(sections: &mut [Section], bundle: &[String]) {
    let mut taken = false;
    let mut shares = false;
    for section in sections
        .iter_mut()
        .filter(|section| section.audio.is_some())
    {
        let bundled = section.mid.as_ref().is_some_and(|mid| bundle.contains(mid));
        if taken && !(shares && bundled) {
            section.audio = None;
        }
        shares |= !taken && bundled;
        taken = true;
    }
}

/// The section's own attribute, else the session's.
fn nearest<'a>(media: &'a Media, session: &'a Session, name: &'a str) -> Option<&'a str> {
    let of_session = || {
        session
            .get_first_attribute_value(name)
            .flatten()
            .map(str::trim)
    };
    section::value(media, name).or_else(of_session)
}

fn credentials(media: &Media, session: &Session) -> Result<IceCredentials, OfferError> {
    let ufrag = nearest(media, session, "ice-ufrag").unwrap_or_default();
    let pwd = nearest(media, session, "ice-pwd").unwrap_or_default();
    IceCredentials::new(ufrag, pwd).ok_or(OfferError::IceCredentials)
}

/// Several fingerprints may stand side by side for several hashes (RFC 8122 §5): the SHA-256 one counts.
fn fingerprint(media: &Media, session: &Session) -> Result<Fingerprint, OfferError> {
    let own = media.get_attribute_values("fingerprint").flatten();
    let all = session.get_attribute_values("fingerprint").flatten();
    own.chain(all)
        .find_map(Fingerprint::parse)
        .ok_or(OfferError::Fingerprint)
}

fn setup(media: &Media, session: &Session) -> Result<Setup, OfferError> {
    nearest(media, session, "setup")
        .and_then(Setup::parse)
        .ok_or(OfferError::Setup)
}
