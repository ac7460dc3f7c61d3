//! Finished recordings, looked at once more before they are delivered.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use palabre_core::ogg::OggError;
use palabre_core::recording::{Summary, summarise};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

#[derive(Debug, thiserror::Error)]
enum SummariseError {
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
    #[error("{path} is no recording: {error}")]
    Content { path: String, error: OggError },
}

impl From<SummariseError> for PyErr {
    fn from(error: SummariseError) -> Self {
        match &error {
            SummariseError::File { .. } => PyOSError::new_err(error.to_string()),
            SummariseError::Content { .. } => PyValueError::new_err(error.to_string()),
        }
    }
}

/// Duration in ms and 100 waveform columns (0 to 31) of the Ogg Opus file at `path`; a torn last page is cut off it.
#[pyfunction]
pub fn summarise_recording(py: Python<'_>, path: String) -> PyResult<(u64, Vec<u8>)> {
    let summary = py.detach(|| look_at(&path))?;
    Ok((summary.duration_ms, summary.levels.to_vec()))
}

fn look_at(path: &str) -> Result<Summary, SummariseError> {
    let in_file = |error| SummariseError::File {
        path: path.to_owned(),
        error,
    };
    let bytes = fs::read(path).map_err(in_file)?;
    let summary = summarise(&bytes).map_err(|error| SummariseError::Content {
        path: path.to_owned(),
        error,
    })?;
    if summary.valid_len < bytes.len() {
        cut(Path::new(path), summary.valid_len).map_err(in_file)?;
    }
    Ok(summary)
}

fn cut(path: &Path, len: usize) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .open(path)?
        .set_len(len as u64)
}
