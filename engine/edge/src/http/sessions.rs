//! `/edge/v1/sessions/<secret>`: trickle, ICE restart and the end of a session (RFC 9725, sections 4.2 and 4.3). Whoever
//! knows the secret name owns the session: tickets are long expired when a session ends.

use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use palabre_core::sdp::{Fragment, FragmentError};
use palabre_core::shard::{Refusal, SessionId};
use palabre_net::Command;

use super::ask::ask;
use super::{App, Problem, body};

const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// New candidates (the engine needs none: it learns addresses from checks) or an ICE restart.
pub async fn patch(
    State(app): State<App>,
    Path(session): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let session = known(&app, &session).await?;
    require_fragment(request.headers())?;
    let ufrag = generation(request.headers())?;
    let fragment = body::read(request).await?;
    let remote = Fragment::parse(&fragment).map_err(bad_fragment)?.ice;
    let shard = session.shard();
    let restarted = ask(|reply| {
        let command = Command::RestartIce {
            session,
            ufrag,
            remote,
            reply,
        };
        app.media.to_shard(shard, command)
    })
    .await?;
    let Some(restarted) = restarted else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let headers = [
        (CONTENT_TYPE, FRAGMENT.to_owned()),
        (ETAG, format!("\"{}\"", restarted.local.ufrag())),
    ];
    let answer = Fragment::answer(&restarted.local, &restarted.section, app.media.addresses());
    Ok((StatusCode::OK, headers, answer).into_response())
}

/// Ends a session.
pub async fn delete(
    State(app): State<App>,
    Path(session): Path<String>,
) -> Result<StatusCode, Problem> {
    let session = SessionId::parse(&session).ok_or(Refusal::NoSession)?;
    let shard = session.shard();
    ask(|reply| {
        app.media
            .to_shard(shard, Command::Disconnect { session, reply })
    })
    .await?;
    Ok(StatusCode::OK)
}

/// The session of that name, if there is one. Nobody else has shown a ticket: who knows no session has no body read.
async fn known(app: &App, name: &str) -> Result<SessionId, Problem> {
    let session = SessionId::parse(name).ok_or(Refusal::NoSession)?;
    ask(|reply| {
        let command = Command::Find {
            session: session.clone(),
            reply,
        };
        app.media.to_shard(session.shard(), command)
    })
    .await?;
    Ok(session)
}

/// The ICE generation the client believes to be current: its ETag is our ufrag. `*` is any (RFC 9725, section 4.3.3).
fn generation(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IF_MATCH) else {
        let detail = "Send If-Match with the session's ETag.";
        return Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "PRECONDITION_REQUIRED",
            detail,
        ));
    };
    let text = value.to_str().unwrap_or_default().trim();
    Ok((text != "*").then(|| text.trim_matches('"').to_owned()))
}

fn require_fragment(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if kind
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FRAGMENT))
    {
        return Ok(());
    }
    let detail = format!("Send {FRAGMENT}.");
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        detail,
    ))
}

fn bad_fragment(error: FragmentError) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "BAD_FRAGMENT", error.to_string())
}
