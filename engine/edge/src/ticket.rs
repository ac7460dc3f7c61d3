//! Tickets: what Python signed at the join, checked here without asking it (docs/protocol.md, "Tickets").

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

/// Longer than any ticket we sign; a cheap refusal before any cryptography.
const MAX_TICKET_BYTES: usize = 2_048;
/// Clocks of two machines may differ by this much.
const LEEWAY_S: u64 = 5;

/// What the bearer may see and do, until it expires.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ticket {
    /// `room:<id>` or `chat:<id>`.
    pub topic: String,
    /// The kind of viewer.
    pub view: String,
    pub participant: Option<String>,
}

/// Why a ticket is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    #[error("There is no ticket. Join the room and send the ticket as `Authorization: Bearer`.")]
    Missing,
    #[error("The ticket has expired. Join the room again to get a new one.")]
    Expired,
    #[error("The ticket was not issued by this server.")]
    Invalid,
}

/// Checks tickets against the process's key.
pub struct Tickets {
    key: DecodingKey,
    validation: Validation,
}

impl Tickets {
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        // One algorithm, whatever the header says (RFC 8725, section 3.1).
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["palabre-edge"]);
        validation.set_required_spec_claims(&["exp", "aud"]);
        validation.leeway = LEEWAY_S;
        Self {
            key: DecodingKey::from_secret(key),
            validation,
        }
    }

    /// # Errors
    /// When the ticket is not ours, not for the edge, or too old.
    pub fn check(&self, ticket: &str) -> Result<Ticket, TicketError> {
        if ticket.len() > MAX_TICKET_BYTES {
            return Err(TicketError::Invalid);
        }
        match decode::<Ticket>(ticket, &self.key, &self.validation) {
            Ok(data) => Ok(data.claims),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => {
                Err(TicketError::Expired)
            }
            Err(_) => Err(TicketError::Invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    const KEY: &[u8] = &[7; 32];

    fn signed(algorithm: Algorithm, key: &[u8], claims: &Value) -> String {
        encode(
            &Header::new(algorithm),
            claims,
            &EncodingKey::from_secret(key),
        )
        .unwrap()
    }

    fn claims(exp_in_s: i64) -> Value {
        let exp = jsonwebtoken::get_current_timestamp() as i64 + exp_in_s;
        json!({"aud": "palabre-edge", "exp": exp, "jti": "1", "topic": "room:r", "view": "listener", "participant": "p"})
    }

    #[test]
    fn a_ticket_of_ours_is_read() {
        let ticket = Tickets::new(KEY)
            .check(&signed(Algorithm::HS256, KEY, &claims(60)))
            .unwrap();
        assert_eq!(
            (ticket.topic.as_str(), ticket.participant.as_deref()),
            ("room:r", Some("p"))
        );
    }

    #[test]
    fn an_expired_ticket_says_so() {
        let ticket = signed(Algorithm::HS256, KEY, &claims(-60));
        assert_eq!(Tickets::new(KEY).check(&ticket), Err(TicketError::Expired));
    }

    #[test]
    fn foreign_forged_and_malformed_tickets_are_invalid() {
        let mut other_door = claims(60);
        other_door["aud"] = json!("elsewhere");
        let good = signed(Algorithm::HS256, KEY, &claims(60));
        let unsigned = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJwYWxhYnJlLWVkZ2UifQ.";
        let bad = [
            signed(Algorithm::HS256, &[8; 32], &claims(60)),
            signed(Algorithm::HS512, KEY, &claims(60)),
            signed(Algorithm::HS256, KEY, &other_door),
            signed(
                Algorithm::HS256,
                KEY,
                &json!({"aud": "palabre-edge", "topic": "t", "view": "v"}),
            ),
            good[..good.len() - 2].to_owned(),
            unsigned.to_owned(),
            String::new(),
            "a".repeat(100_000),
        ];
        for ticket in bad {
            assert_eq!(
                Tickets::new(KEY).check(&ticket),
                Err(TicketError::Invalid),
                "{ticket}"
            );
        }
    }
}
