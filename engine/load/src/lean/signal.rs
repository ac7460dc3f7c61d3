//! A lane: one listener after the other is brought in through the server's HTTP doors.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use mio::{Registry, Token};

use super::http::{Reply, Request, Wire};
use crate::LoadError;
use crate::signalling::{Door, Entrance, Problem, Ticket, resolve};

/// What a lane is at.
enum Errand {
    /// Asking the API for a ticket, with the offer for later.
    Entering(usize, String),
    /// Showing the offer at the door, with the address of the event stream for later.
    Offering(usize, Door, Option<Door>),
    Leaving,
    /// Telling the API.
    Parting,
}

/// What became of an errand.
pub enum Outcome {
    /// The server's answer, and how to leave.
    Answered {
        number: usize,
        sdp: String,
        session: Departure,
    },
    Left,
    /// `None` when it was leaving.
    Failed(Option<usize>, LoadError),
}

/// How to end a session.
pub struct Departure {
    url: String,
    token: String,
    /// The event stream that belongs to the session, where the API told of one.
    pub events: Option<Door>,
}

/// Two kept connections: the API and the edge are different servers.
pub struct Lane {
    api: Wire,
    door: Wire,
    errand: Option<Errand>,
}

/// Addresses of the servers that were looked up already.
#[derive(Default)]
pub struct Servers(HashMap<String, SocketAddr>);

impl Servers {
    fn of(&mut self, url: &str) -> Result<SocketAddr, LoadError> {
        let authority = crate::signalling::split_url(url).map_or("", |(authority, _)| authority);
        if let Some(known) = self.0.get(authority) {
            return Ok(*known);
        }
        let address = Door::new(url, "").address()?;
        self.0.insert(authority.to_owned(), address);
        Ok(address)
    }
}

impl Lane {
    pub fn new(api: Token, door: Token, from: Option<Ipv4Addr>) -> Self {
        Self {
            api: Wire::new(api, from),
            door: Wire::new(door, from),
            errand: None,
        }
    }

    pub fn is_free(&self) -> bool {
        self.errand.is_none()
    }

    /// Brings the listener `number` in with its offer.
    pub fn bring(
        &mut self,
        registry: &Registry,
        servers: &mut Servers,
        number: usize,
        entrance: &Entrance,
        offer: String,
    ) -> Option<Outcome> {
        let asked = match entrance {
            Entrance::Door(door) => {
                self.knock(registry, servers, number, (door.clone(), None), &offer)
            }
            Entrance::Room {
                join_url,
                session,
                body,
            } => {
                let body = body.to_string();
                let request = Request::join(join_url, session, &body);
                self.errand = Some(Errand::Entering(number, offer));
                ask(&mut self.api, registry, servers, &request)
            }
        };
        asked.err().map(|error| self.failed(Some(number), error))
    }

    /// Ends a session.
    pub fn leave(
        &mut self,
        registry: &Registry,
        servers: &mut Servers,
        session: &Departure,
    ) -> Option<Outcome> {
        let request = Request {
            method: "DELETE",
            url: &session.url,
            token: &session.token,
            content_type: "",
            body: "",
        };
        self.errand = Some(Errand::Leaving);
        let asked = ask(&mut self.door, registry, servers, &request);
        asked.err().map(|error| self.failed(None, error))
    }

    /// Tells the API that an account leaves the room it entered by `join_url`.
    pub fn part(
        &mut self,
        registry: &Registry,
        servers: &mut Servers,
        join_url: &str,
        session: &str,
    ) -> Option<Outcome> {
        let url = join_url.strip_suffix("join").unwrap_or(join_url);
        let request = Request {
            method: "POST",
            url: &format!("{url}leave"),
            token: session,
            content_type: "",
            body: "",
        };
        self.errand = Some(Errand::Parting);
        let asked = ask(&mut self.api, registry, servers, &request);
        asked.err().map(|error| self.failed(None, error))
    }

    /// Goes on when one of the connections is ready.
    pub fn advance(&mut self, registry: &Registry, servers: &mut Servers) -> Option<Outcome> {
        let (wire, number) = match self.errand.as_ref()? {
            Errand::Entering(number, _) => (&mut self.api, Some(*number)),
            Errand::Offering(number, ..) => (&mut self.door, Some(*number)),
            Errand::Leaving => (&mut self.door, None),
            Errand::Parting => (&mut self.api, None),
        };
        match wire.advance() {
            Ok(None) => None,
            Ok(Some(reply)) => {
                let next = self.take(registry, servers, &reply);
                next.unwrap_or_else(|error| Some(self.failed(number, error)))
            }
            Err(error) => Some(self.failed(number, error.into())),
        }
    }

    fn take(
        &mut self,
        registry: &Registry,
        servers: &mut Servers,
        reply: &Reply,
    ) -> Result<Option<Outcome>, LoadError> {
        match self.errand.take() {
            Some(Errand::Entering(number, offer)) => {
                let ticket = Ticket::read("the API", accepted("the API", reply)?)?;
                let (events, door) = (Some(ticket.events()), ticket.whep());
                self.knock(registry, servers, number, (door, events), &offer)?;
                Ok(None)
            }
            Some(Errand::Offering(number, door, events)) => {
                let sdp = accepted(&door.url, reply)?.to_owned();
                let url = reply
                    .location
                    .as_deref()
                    .and_then(|l| resolve(&door.url, l));
                let url = url.ok_or_else(|| LoadError::NoLocation {
                    url: door.url.clone(),
                })?;
                let session = Departure {
                    url,
                    token: door.token,
                    events,
                };
                Ok(Some(Outcome::Answered {
                    number,
                    sdp,
                    session,
                }))
            }
            Some(Errand::Leaving | Errand::Parting) => Ok(Some(Outcome::Left)),
            None => Ok(None),
        }
    }

    fn knock(
        &mut self,
        registry: &Registry,
        servers: &mut Servers,
        number: usize,
        (door, events): (Door, Option<Door>),
        offer: &str,
    ) -> Result<(), LoadError> {
        let request = Request {
            method: "POST",
            url: &door.url,
            token: &door.token,
            content_type: "application/sdp",
            body: offer,
        };
        let asked = ask(&mut self.door, registry, servers, &request);
        self.errand = Some(Errand::Offering(number, door, events));
        asked
    }

    fn failed(&mut self, number: Option<usize>, error: LoadError) -> Outcome {
        self.errand = None;
        self.api.close();
        self.door.close();
        Outcome::Failed(number, error)
    }
}

/// Sends a request to the server its URL names.
pub fn ask(
    wire: &mut Wire,
    registry: &Registry,
    servers: &mut Servers,
    request: &Request<'_>,
) -> Result<(), LoadError> {
    let server = servers.of(request.url)?;
    let asked: io::Result<()> = wire.ask(registry, server, request);
    Ok(asked?)
}

/// The body of an answer that is none of a refusal.
pub fn accepted<'a>(url: &str, reply: &'a Reply) -> Result<&'a str, LoadError> {
    if (200..300).contains(&reply.status) {
        return Ok(&reply.body);
    }
    let problem: Problem = serde_json::from_str(&reply.body).unwrap_or_default();
    Err(LoadError::Refused {
        url: url.to_owned(),
        status: reply.status,
        code: problem.code,
    })
}
