//! `GET /edge/v1/events`: the event stream of one room or chat.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;

use super::bearer::header_ticket;
use super::{App, Problem};
use crate::hub::{Hub, Next, Outbox, Reader, ReaderKey, frame};
use crate::ticket::{Ticket, TicketError};

/// Proxies close what is silent for longer; NATs forget it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

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

/// Opens the stream.
pub async fn events(State(app): State<App>, subscriber: Subscriber) -> Result<Response, Problem> {
    let subscription = Subscription::open(Arc::clone(&app.hub), subscriber)?;
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // nginx gathers answers otherwise.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let frames = stream::unfold(subscription, Subscription::next);
    Ok((headers, Body::from_stream(frames)).into_response())
}

/// An open stream; dropping it, as hyper does when the client goes, closes it.
struct Subscription {
    hub: Arc<Hub>,
    topic: String,
    key: ReaderKey,
    outbox: Arc<Outbox>,
}

impl Subscription {
    fn open(hub: Arc<Hub>, subscriber: Subscriber) -> Result<Self, Problem> {
        let Ticket {
            topic,
            view,
            participant,
        } = subscriber.ticket;
        let (key, outbox) = hub.connect(&Reader {
            topic: &topic,
            view: &view,
            participant: participant.as_deref(),
            last_event_id: subscriber.last_event_id,
        })?;
        Ok(Self {
            hub,
            topic,
            key,
            outbox,
        })
    }

    async fn next(self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            match tokio::time::timeout(KEEP_ALIVE, self.outbox.next()).await {
                Ok(Next::Send(frame)) => return Some((Ok(frame), self)),
                Ok(Next::Resync) => self.hub.resync(&self.topic, self.key),
                Ok(Next::End) => return None,
                Err(_idle) => {
                    self.hub.remind(&self.topic, self.key);
                    return Some((Ok(frame::keep_alive()), self));
                }
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.disconnect(&self.topic, self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palabre_net::EventQueue;

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_is_kept_alive_and_python_reminded() {
        let events = Arc::new(EventQueue::new(10).unwrap());
        let hub = Arc::new(Hub::new(Arc::clone(&events), 10));
        let ticket = Ticket {
            topic: "chat:c".into(),
            view: "member".into(),
            participant: None,
        };
        let subscriber = Subscriber {
            ticket,
            last_event_id: None,
        };
        let subscription =
            Subscription::open(hub, subscriber).unwrap_or_else(|problem| panic!("{problem:?}"));
        let started = tokio::time::Instant::now();
        let (frame, _open) = subscription.next().await.unwrap();
        assert_eq!(frame.unwrap(), frame::keep_alive());
        assert_eq!(started.elapsed(), KEEP_ALIVE);
        assert_eq!(events.drain().len(), 2);
    }
}
