//! Asking a shard and waiting for its answer.

use std::time::Duration;

use axum::http::StatusCode;
use palabre_core::shard::Refusal;
use palabre_net::{Busy, Reply};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Problem;

/// A shard answers within its loop's turn; one that does not is overloaded.
const PATIENCE: Duration = Duration::from_secs(2);

/// Gives `send` a way to answer, and waits for the answer.
pub async fn ask<T: Send + 'static>(
    send: impl FnOnce(Reply<T>) -> Result<(), Busy>,
) -> Result<T, Problem> {
    let (answer, answered) = oneshot::channel();
    let reply: Reply<T> = Box::new(move |result| {
        // Whoever asked may have gone; then nobody wants to know.
        drop(answer.send(result));
    });
    send(reply).map_err(|error| busy(error.to_string()))?;
    match timeout(PATIENCE, answered).await {
        Ok(Ok(result)) => result.map_err(Problem::from),
        Ok(Err(_)) | Err(_) => Err(busy(
            "The engine is busy or stopping. Try again in a moment.".to_owned(),
        )),
    }
}

fn busy(detail: String) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "BUSY", detail).retry_after(2)
}

fn full(detail: String, name: &'static str, most: usize) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "FULL", detail).limit(name, most)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::NotInRoom => Self::new(StatusCode::NOT_FOUND, "NOT_IN_ROOM", detail),
            Refusal::NotAllowedToSpeak => {
                Self::new(StatusCode::FORBIDDEN, "NOT_ALLOWED_TO_SPEAK", detail)
            }
            Refusal::NoSession => Self::new(StatusCode::NOT_FOUND, "SESSION_NOT_FOUND", detail),
            Refusal::OtherGeneration => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "PRECONDITION_FAILED",
                detail,
            ),
            Refusal::Full { what, limit } => full(detail, what.name(), limit).retry_after(5),
            Refusal::Late { ms } => full(detail, "late_ms", ms).retry_after(30),
            // Refusals of a later version of the core.
            _ => Self::new(StatusCode::CONFLICT, "REFUSED", detail),
        }
    }
}
