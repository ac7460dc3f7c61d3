//! `GET /edge/v1/events`: the event stream of one room or chat.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::bearer::header_ticket;
use super::subscription::Subscription;
use super::{App, Problem, takeover};
use crate::hub::Reader;
use crate::ticket::{Ticket, TicketError};

/// EventSource sends no headers of ours, so both may stand in the address.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    ticket: Option<String>,
    last_event_id: Option<u64>,
}

/// Who asks for the stream, and from where on.
pub struct Subscriber {
    ticket: Ticket,
    last_event_id: Option<u64>,
}

impl FromRequestParts<App> for Subscriber {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // What cannot be read counts as not sent: the answer is then about the ticket.
        let asked = Query::<Asked>::try_from_uri(&parts.uri)
            .map(|Query(asked)| asked)
            .unwrap_or_default();
        let ticket = header_ticket(parts)
            .or(asked.ticket.as_deref())
            .ok_or(TicketError::Missing)?;
        let ticket = app.tickets.check(ticket)?;
        // An id that is not ours is one we cannot resume from: a snapshot follows.
        let header = parts
            .headers
            .get("last-event-id")
            .and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Self {
            ticket,
            last_event_id: header.or(asked.last_event_id),
        })
    }
}

/// Opens the stream: the answer's head goes on with frames that are written past HTTP, see [`takeover`].
pub async fn events(State(app): State<App>, subscriber: Subscriber) -> Result<Response, Problem> {
    let Ticket {
        topic,
        view,
        participant,
    } = subscriber.ticket;
    let reader = Reader {
        topic: &topic,
        view: &view,
        participant: participant.as_deref(),
        last_event_id: subscriber.last_event_id,
    };
    let subscription = Subscription::open(Arc::clone(&app.hub), &reader)?;
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // nginx gathers answers otherwise.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok(takeover::mark(headers.into_response(), subscription))
}
