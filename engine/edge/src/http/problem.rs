//! Refusals as problem documents (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::hub::Refused;
use crate::ticket::TicketError;

/// A refusal: a stable code for programs, a sentence with the next step for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub detail: String,
    pub retry_after_s: Option<u32>,
    /// What was reached, and how much of it there may be.
    pub limit: Option<(&'static str, usize)>,
}

impl Problem {
    pub const MEDIA_TYPE: &str = "application/problem+json";

    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retry_after_s: None,
            limit: None,
        }
    }

    /// A bound was reached: its name and value.
    pub fn limit(mut self, name: &'static str, most: usize) -> Self {
        self.limit = Some((name, most));
        self
    }

    /// The client may try again after so many seconds.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The body: JSON.
    pub fn document(&self) -> String {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Refused"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
        });
        if let (Some((name, most)), Some(body)) = (self.limit, body.as_object_mut()) {
            body.insert("limit".to_owned(), json!({ name: most }));
        }
        body.to_string()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, Self::MEDIA_TYPE)];
        let mut response = (self.status, kind, self.document()).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<TicketError> for Problem {
    fn from(error: TicketError) -> Self {
        let code = match error {
            TicketError::Missing => "TICKET_MISSING",
            TicketError::Expired => "TICKET_EXPIRED",
            TicketError::Invalid => "TICKET_INVALID",
        };
        Self::new(StatusCode::UNAUTHORIZED, code, error.to_string())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        match refused {
            Refused::NotInRoom => Self::new(StatusCode::NOT_FOUND, "NOT_IN_ROOM", detail),
            Refused::TooMany { limit } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "TOO_MANY_STREAMS", detail)
                    .limit("event_streams", limit)
                    .retry_after(5)
            }
        }
    }
}
