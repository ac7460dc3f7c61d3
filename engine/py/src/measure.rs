//! What this machine can do, for `palabre doctor --capacity`.

use std::time::Duration;

use palabre_edge::http::places::Places;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

/// CPU time in microseconds of encrypting one packet and sending it, with `listeners` keys, measured for `seconds`.
#[pyfunction]
pub fn measure_send(py: Python<'_>, listeners: usize, seconds: f64) -> PyResult<f64> {
    let time = Duration::try_from_secs_f64(seconds)
        .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?;
    let cost = py
        .detach(|| palabre_net::send_cost(listeners, time))
        .map_err(|error| PyOSError::new_err(error.to_string()))?;
    Ok(cost.as_secs_f64() * 1e6)
}

/// Event streams that a server holds at most where it may open so many files.
#[pyfunction]
pub fn event_streams_within(open_files: usize) -> usize {
    Places::within(open_files).streams
}
