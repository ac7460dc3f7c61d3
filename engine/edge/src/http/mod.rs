//! The edge's doors (docs/protocol.md, "The edge").

mod ask;
mod bearer;
mod body;
pub mod entrance;
mod events;
mod farewell;
pub mod limits;
mod media;
mod metrics;
pub mod places;
mod problem;
pub mod proxies;
pub mod server;
mod sessions;
mod spare;
mod subscription;
mod takeover;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, LINK, LOCATION,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::routing::{get, patch, post};
use ipnet::IpNet;
use palabre_net::{EventQueue, Media};
use tower_http::cors::{AllowOrigin, CorsLayer};

pub use problem::Problem;

use self::entrance::Entrance;
use crate::hub::Hub;
use crate::ticket::Tickets;

/// What the doors share.
#[derive(Clone)]
pub struct App {
    pub hub: Arc<Hub>,
    pub tickets: Arc<Tickets>,
    pub media: Arc<Media>,
    pub events: Arc<EventQueue>,
    pub entrance: Arc<Entrance>,
    /// Who may read the metrics.
    pub metrics_for: Arc<[IpNet]>,
}

/// All doors, behind CORS for `origins` (all when empty: tickets are no cookies, so no page can borrow them).
pub fn router(app: App, origins: &[HeaderValue]) -> Router {
    Router::new()
        .route("/edge/v1/events", get(events::events))
        .route("/edge/v1/whip", post(media::whip))
        .route("/edge/v1/whep", post(media::whep))
        .route(
            "/edge/v1/sessions/{session}",
            patch(sessions::patch).delete(sessions::delete),
        )
        .route("/edge/v1/health", get(health))
        .route("/edge/v1/metrics", get(metrics::metrics))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(body::MAX_BODY_BYTES))
        .layer(cors(origins))
        .with_state(app)
}

fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let allowed = if origins.is_empty() {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().cloned())
    };
    let last_event_id = HeaderName::from_static("last-event-id");
    let accept_patch = HeaderName::from_static("accept-patch");
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_MATCH, last_event_id])
        .expose_headers([LOCATION, ETAG, LINK, accept_patch])
}

async fn health() -> &'static str {
    "ok\n"
}

async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "There is nothing at this address.",
    )
}

async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "This address does not take this method.",
    )
}
