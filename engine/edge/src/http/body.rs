//! Reading a request's body: when it is clear who sends it, not for longer than it takes, and not more than is of use.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use tokio::time::timeout;

use super::Problem;

/// A session description of a browser has 3 to 6 KiB. Beyond this: 413.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// A body that is not whole by then is answered with 408, and its connection is closed: it would keep its place.
const WHOLE_WITHIN: Duration = Duration::from_secs(10);

/// The whole body. A handler asks for it after it has judged what the head says.
pub async fn read(request: Request) -> Result<Bytes, Problem> {
    match timeout(WHOLE_WITHIN, Bytes::from_request(request, &())).await {
        Ok(read) => read.map_err(unread),
        Err(_late) => {
            let detail = format!(
                "The body was not whole within {} s. Send it at once.",
                WHOLE_WITHIN.as_secs()
            );
            Err(Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "BODY_TOO_SLOW",
                detail,
            ))
        }
    }
}

fn unread(rejection: BytesRejection) -> Problem {
    use FailedToBufferBody::LengthLimitError;
    if matches!(
        rejection,
        BytesRejection::FailedToBufferBody(LengthLimitError(_))
    ) {
        let detail = "The body is larger than 64 KiB. Send less.";
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", detail)
            .limit("body_bytes", MAX_BODY_BYTES);
    }
    Problem::new(StatusCode::BAD_REQUEST, "BAD_BODY", rejection.to_string())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::Body;
    use hyper::body::{Body as HttpBody, Frame};
    use tokio::time::Instant;

    use super::*;

    /// Some bytes, and then silence.
    struct Unfinished(Option<Bytes>);

    impl HttpBody for Unfinished {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.0.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => Poll::Pending,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let started = Instant::now();
        let begun = Unfinished(Some(Bytes::from_static(b"v=0")));
        let problem = read(Request::new(Body::new(begun))).await.unwrap_err();
        assert_eq!(
            (problem.status, problem.code),
            (StatusCode::REQUEST_TIMEOUT, "BODY_TOO_SLOW")
        );
        assert_eq!(started.elapsed(), WHOLE_WITHIN);
    }
}
