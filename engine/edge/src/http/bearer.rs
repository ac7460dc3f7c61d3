//! Takes the ticket out of a request.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::{App, Problem};
use crate::ticket::{Ticket, TicketError};

/// The ticket of the `Authorization` header, checked.
pub struct Bearer(pub Ticket);

impl FromRequestParts<App> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let ticket = header_ticket(parts).ok_or(TicketError::Missing)?;
        Ok(Self(app.tickets.check(ticket)?))
    }
}

/// What follows `Bearer`, whose case does not matter (RFC 9110, section 11.1).
pub fn header_ticket(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, ticket) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| ticket.trim())
}
