//! `GET /edge/v1/metrics`: counters in Prometheus' text format. No names of people or rooms.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::App;

impl App {
    /// Counters by name.
    #[must_use]
    pub fn metrics(&self) -> Vec<(String, f64)> {
        let mut all = self.media.metrics();
        all.push(("event_streams".to_owned(), self.hub.readers() as f64));
        all.push(("events_lost".to_owned(), self.events.lost() as f64));
        all
    }
}

/// All counters, one a line.
pub async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let mut text = String::new();
    for (name, value) in app.metrics() {
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "palabre_{name} {value}");
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
