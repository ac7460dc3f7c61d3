//! `GET /edge/v1/metrics`: counters in Prometheus' text format. No names of people or rooms.

use std::fmt::Write as _;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::server::Sender;
use super::{App, Problem};

impl App {
    /// Counters by name.
    #[must_use]
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let mut all = self.media.metrics();
        all.extend(self.entrance.metrics());
        all.push(("event_streams".to_owned(), self.hub.readers() as f64));
        all.push(("events_lost".to_owned(), self.events.lost() as f64));
        all
    }
}

/// All counters, one a line, for whom the operator named.
pub async fn metrics(
    State(app): State<App>,
    Extension(Sender(address)): Extension<Sender>,
) -> Result<impl IntoResponse, Problem> {
    let address = address.to_canonical();
    if !app.metrics_for.iter().any(|net| net.contains(&address)) {
        let detail = format!(
            "Metrics are not for {address}. The operator names who may read them in PALABRE_METRICS_FOR."
        );
        return Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail));
    }
    let mut text = String::new();
    for (name, value) in app.metrics() {
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "palabre_{name} {value}");
    }
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}
