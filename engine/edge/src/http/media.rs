//! `POST /edge/v1/whip` and `POST /edge/v1/whep`: an offer in, a session and an answer out (RFC 9725).

use std::net::IpAddr;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use palabre_core::rtp::ExtensionIds;
use palabre_core::sdp::{Answer, Direction, Offer, OfferError, SentStream};
use palabre_core::shard::{Accepted, Door, Offered, ParticipantId, RoomId};
use palabre_net::Command;

use super::ask::ask;
use super::bearer::Bearer;
use super::server::Sender;
use super::{App, Problem, body};

const SDP: &str = "application/sdp";

/// Opens a microphone.
pub async fn whip(
    State(app): State<App>,
    bearer: Bearer,
    Extension(sender): Extension<Sender>,
    request: Request,
) -> Result<Response, Problem> {
    open(&app, Door::Whip, bearer, sender, request).await
}

/// Opens an ear.
pub async fn whep(
    State(app): State<App>,
    bearer: Bearer,
    Extension(sender): Extension<Sender>,
    request: Request,
) -> Result<Response, Problem> {
    open(&app, Door::Whep, bearer, sender, request).await
}

async fn open(
    app: &App,
    door: Door,
    Bearer(ticket): Bearer,
    Sender(asked_from): Sender,
    request: Request,
) -> Result<Response, Problem> {
    require_sdp(request.headers())?;
    let (room, participant) = ticket.in_room().ok_or_else(not_a_room)?;
    let offer = Offer::parse(&body::read(request).await?).map_err(bad_offer)?;
    let offered = Box::new(offered(door, &offer, asked_from)?);
    let accepted = ask(|reply| {
        let command = Command::Connect {
            room: room.clone(),
            participant,
            door,
            offered,
            reply,
        };
        app.media.to_room(&room, command)
    })
    .await?;
    let sdp = answer(app, door, &offer, &accepted);
    let headers = [
        (CONTENT_TYPE, SDP.to_owned()),
        (
            LOCATION,
            format!("/edge/v1/sessions/{}", accepted.session.as_str()),
        ),
        (ETAG, format!("\"{}\"", accepted.local.ufrag())),
    ];
    Ok((StatusCode::CREATED, headers, sdp).into_response())
}

/// What the shard needs of an offer.
fn offered(door: Door, offer: &Offer, asked_from: IpAddr) -> Result<Offered, Problem> {
    let usable: Vec<_> = offer
        .sections
        .iter()
        .filter_map(|section| Some((section, section.audio.as_ref()?)))
        .filter(|(_, audio)| {
            if door == Door::Whip {
                audio.sends
            } else {
                audio.receives
            }
        })
        .collect();
    let Some((section, audio)) = usable.first() else {
        let way = if door == Door::Whip {
            "send"
        } else {
            "receive"
        };
        let detail = format!("The offer has no audio section that would {way} Opus.");
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "NO_AUDIO",
            detail,
        ));
    };
    Ok(Offered {
        asked_from,
        remote: offer.ice.clone(),
        fingerprint: offer.fingerprint,
        dtls_role: offer.setup.answerer(),
        extensions: ExtensionIds {
            audio_level: audio.audio_level,
            mid: None,
        },
        payload_type: audio.payload_type,
        red: audio.red,
        audio_lines: usable.len(),
        section: (*section).clone(),
    })
}

fn answer(app: &App, door: Door, offer: &Offer, accepted: &Accepted) -> String {
    let stream = |(line, ssrc): (usize, &u32)| SentStream {
        ssrc: *ssrc,
        stream: accepted.cname.clone(),
        track: format!("line{line}"),
    };
    let streams: Vec<SentStream> = accepted.ssrcs.iter().enumerate().map(stream).collect();
    Answer {
        session_id: app.media.next_answer(),
        ice: &accepted.local,
        fingerprint: &app.media.fingerprint(),
        role: offer.setup.answerer(),
        candidates: app.media.addresses(),
        direction: match door {
            Door::Whip => Direction::Receive,
            Door::Whep => Direction::Send,
        },
        cname: &accepted.cname,
        streams: &streams,
    }
    .to_sdp(offer)
}

/// 415 for another body, 406 for who wants another answer (RFC 9110, sections 15.5.7 and 15.5.16).
fn require_sdp(headers: &HeaderMap) -> Result<(), Problem> {
    let says = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase())
    };
    let kind = says(CONTENT_TYPE).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some(SDP) {
        let detail = format!("Send the offer as {SDP}.");
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            detail,
        ));
    }
    let accepted = says(ACCEPT).is_none_or(|accept| {
        let kinds = accept
            .split(',')
            .map(|kind| kind.split(';').next().unwrap_or_default().trim());
        kinds
            .into_iter()
            .any(|kind| matches!(kind, SDP | "application/*" | "*/*"))
    });
    if accepted {
        return Ok(());
    }
    let detail = format!("The answer is {SDP}; accept it.");
    Err(Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        "NOT_ACCEPTABLE",
        detail,
    ))
}

fn bad_offer(error: OfferError) -> Problem {
    let detail = error.to_string();
    if error == OfferError::NoOpus {
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "NO_AUDIO", detail);
    }
    Problem::new(StatusCode::BAD_REQUEST, "BAD_OFFER", detail)
}

fn not_a_room() -> Problem {
    let detail = "This ticket is not for a room. Join a room and use the ticket from there.";
    Problem::new(StatusCode::NOT_FOUND, "NOT_IN_ROOM", detail)
}

impl crate::ticket::Ticket {
    /// The room and the participant, of a ticket for a room.
    pub(crate) fn in_room(&self) -> Option<(RoomId, ParticipantId)> {
        let room = self.topic.strip_prefix("room:")?;
        Some((room.into(), self.participant.as_deref()?.into()))
    }
}
