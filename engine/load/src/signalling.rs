//! WHIP (RFC 9725) and WHEP over blocking HTTP.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use serde::Deserialize;
use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body, SendBody};

use crate::LoadError;

/// A server that has not answered after this long is not going to.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Where to knock, and with what.
#[derive(Debug, Clone, Deserialize)]
pub struct Door {
    /// The WHIP or WHEP endpoint, `http://…`.
    pub url: String,
    /// The bearer token.
    pub token: String,
}

impl Door {
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: token.into(),
        }
    }

    /// The address behind the URL; load on this machine goes over loopback.
    pub fn address(&self) -> Result<SocketAddr, LoadError> {
        let bad = || LoadError::BadUrl {
            url: self.url.clone(),
        };
        let (authority, _) = split_url(&self.url).ok_or_else(bad)?;
        let with_port = if authority.contains(':') {
            authority.to_owned()
        } else {
            format!("{authority}:80")
        };
        with_port
            .to_socket_addrs()
            .ok()
            .and_then(|mut a| a.next())
            .ok_or_else(bad)
    }
}

/// How a client comes in.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Entrance {
    /// Straight through a door, with a token that was given before.
    Door(Door),
    /// By Palabre's API: `POST /rooms/{id}/join` gives the ticket and the edge's addresses.
    Room {
        join_url: String,
        /// The account's bearer token.
        session: String,
        /// The body of the request.
        body: serde_json::Value,
    },
}

/// The part of a join's answer that leads to the edge.
#[derive(Deserialize)]
pub(crate) struct Ticket {
    ticket: String,
    edge: Edge,
}

#[derive(Deserialize)]
struct Edge {
    whep: String,
    events: String,
}

impl Ticket {
    /// From the body of what `url` answered.
    pub fn read(url: &str, body: &str) -> Result<Self, LoadError> {
        serde_json::from_str(body).map_err(|source| LoadError::NoTicket {
            url: url.to_owned(),
            source,
        })
    }

    /// Where a listener shows its offer.
    pub fn whep(self) -> Door {
        Door::new(self.edge.whep, self.ticket)
    }

    /// Where the room's events are read.
    pub fn events(&self) -> Door {
        Door::new(self.edge.events.as_str(), self.ticket.as_str())
    }
}

/// An accepted offer.
#[derive(Debug, Clone)]
pub struct Session {
    /// Absolute address of the session, for PATCH and DELETE.
    pub url: String,
    pub etag: Option<String>,
    pub answer_sdp: String,
    token: String,
}

/// One HTTP client for all sessions: connections are kept and reused. Cheap to clone, usable from several threads.
#[derive(Debug, Clone)]
pub struct Signalling {
    agent: Agent,
}

impl Default for Signalling {
    fn default() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_TIMEOUT));
        Self {
            agent: config.build().into(),
        }
    }
}

impl Signalling {
    /// Turns an entrance into the door it leads to; a listener's, when it goes by the API.
    pub fn enter(&self, entrance: Entrance) -> Result<Door, LoadError> {
        let (join_url, session, body) = match entrance {
            Entrance::Door(door) => return Ok(door),
            Entrance::Room {
                join_url,
                session,
                body,
            } => (join_url, session, body),
        };
        let request = self
            .agent
            .post(&join_url)
            .header(header::AUTHORIZATION, format!("Bearer {session}"));
        let sent = request
            .content_type("application/json")
            .send(body.to_string());
        let text = read_text(&join_url, &mut accepted(&join_url, sent)?)?;
        Ok(Ticket::read(&join_url, &text)?.whep())
    }

    /// `POST` of an offer; a refusal is [`LoadError::Refused`].
    pub fn offer(&self, door: &Door, offer_sdp: &str) -> Result<Session, LoadError> {
        let request = self
            .agent
            .post(&door.url)
            .header(header::AUTHORIZATION, format!("Bearer {}", door.token));
        let sent = request.content_type("application/sdp").send(offer_sdp);
        let mut response = accepted(&door.url, sent)?;
        let location = header_of(&response, header::LOCATION).and_then(|l| resolve(&door.url, &l));
        Ok(Session {
            url: location.ok_or_else(|| LoadError::NoLocation {
                url: door.url.clone(),
            })?,
            etag: header_of(&response, header::ETAG),
            answer_sdp: read_text(&door.url, &mut response)?,
            token: door.token.clone(),
        })
    }

    /// `PATCH` of a trickle or restart fragment (RFC 8840); gives the answer's fragment, empty for 204.
    pub fn patch(&self, session: &Session, fragment: &str) -> Result<String, LoadError> {
        let request = self
            .agent
            .patch(&session.url)
            .header(header::AUTHORIZATION, format!("Bearer {}", session.token));
        let request = request.header(header::IF_MATCH, session.etag.as_deref().unwrap_or("*"));
        let sent = request
            .content_type("application/trickle-ice-sdpfrag")
            .send(fragment);
        read_text(&session.url, &mut accepted(&session.url, sent)?)
    }

    /// `DELETE` of a session.
    pub fn delete(&self, session: &Session) -> Result<(), LoadError> {
        let request = self
            .agent
            .delete(&session.url)
            .header(header::AUTHORIZATION, format!("Bearer {}", session.token));
        accepted(
            &session.url,
            request.force_send_body().send(SendBody::none()),
        )
        .map(drop)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Problem {
    pub code: String,
}

fn accepted(
    url: &str,
    sent: Result<Response<Body>, ureq::Error>,
) -> Result<Response<Body>, LoadError> {
    let mut response = sent.map_err(|e| http_error(url, e))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body = read_text(url, &mut response)?;
    let code = serde_json::from_str::<Problem>(&body)
        .unwrap_or_default()
        .code;
    Err(LoadError::Refused {
        url: url.to_owned(),
        status: StatusCode::as_u16(&status),
        code,
    })
}

fn read_text(url: &str, response: &mut Response<Body>) -> Result<String, LoadError> {
    response
        .body_mut()
        .read_to_string()
        .map_err(|e| http_error(url, e))
}

fn http_error(url: &str, source: ureq::Error) -> LoadError {
    LoadError::Http {
        url: url.to_owned(),
        source: Box::new(source),
    }
}

fn header_of(response: &Response<Body>, name: header::HeaderName) -> Option<String> {
    response
        .headers()
        .get(name)?
        .to_str()
        .ok()
        .map(str::to_owned)
}

/// `http://authority/path` → (authority, path with its slash).
pub(crate) fn split_url(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    Some(rest.find('/').map_or((rest, ""), |at| rest.split_at(at)))
}

/// A Location may be absolute or a path on the same server (RFC 9110 §10.2.2).
pub(crate) fn resolve(base: &str, location: &str) -> Option<String> {
    if location.starts_with("http://") {
        return Some(location.to_owned());
    }
    let (authority, _) = split_url(base)?;
    location
        .starts_with('/')
        .then(|| format!("http://{authority}{location}"))
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn a_location_is_resolved_against_the_door() {
        let door = "http://localhost:8081/edge/v1/whep";
        assert_eq!(
            resolve(door, "/edge/v1/sessions/x").as_deref(),
            Some("http://localhost:8081/edge/v1/sessions/x")
        );
        assert_eq!(
            resolve(door, "http://other/s").as_deref(),
            Some("http://other/s")
        );
        assert_eq!(resolve(door, "sessions/x"), None);
    }
}
