//! JSON lines on stdout, progress on stderr.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use palabre_load::{LoadError, percentile};
use serde::Serialize;
use serde_json::{Value, json};

/// One line: `{"event": …, …}`. Written at once, so that another program can act on the phase.
pub fn event(name: &str, figures: &impl Serialize) -> Result<(), LoadError> {
    let mut line = json!({ "event": name });
    let figures = serde_json::to_value(figures).map_err(std::io::Error::from)?;
    if let (Some(line), Value::Object(figures)) = (line.as_object_mut(), figures) {
        line.extend(figures);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// `{"p50": …, "p99": …, "max": …}`, or nulls without values.
pub fn percentiles(mut values: Vec<f64>) -> Value {
    let mut at = |q| percentile(&mut values, q).map(|v| (v * 1000.0).round() / 1000.0);
    json!({ "p50": at(0.5), "p99": at(0.99), "max": at(1.0) })
}

/// Says how far a long step is, at most once a second.
pub struct Progress {
    what: &'static str,
    total: usize,
    last: Instant,
}

impl Progress {
    pub fn of(what: &'static str, total: usize) -> Self {
        Self {
            what,
            total,
            last: Instant::now(),
        }
    }

    pub fn at(&mut self, done: usize) {
        if self.last.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.last = Instant::now();
        let end = if std::io::stderr().is_terminal() {
            "\r"
        } else {
            "\n"
        };
        eprint!("{} {done}/{}{end}", self.what, self.total);
    }
}
