//! The engine as a Python class. Its threads never attach to Python: commands go in by queue, events come out by batch.

use std::os::fd::AsRawFd as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use palabre_core::shard::{ParticipantId, RoomId};
use palabre_edge::http::limits::HttpLimits;
use palabre_edge::{EngineConfig, EngineError};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::events::to_python;

/// Event streams open at once.
const MAX_STREAMS: usize = 100_000;

/// See `_engine.pyi`.
#[pyclass(frozen, module = "palabre._engine")]
pub struct Engine {
    /// None after shutdown.
    inner: Mutex<Option<palabre_edge::Engine>>,
    #[pyo3(get)]
    edge_port: u16,
    #[pyo3(get)]
    event_fd: i32,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (*, edge_bind, ticket_key, edge_cors_origins = Vec::new()))]
    fn new(
        py: Python<'_>,
        edge_bind: String,
        ticket_key: Vec<u8>,
        edge_cors_origins: Vec<String>,
    ) -> PyResult<Self> {
        let config = EngineConfig {
            edge_bind,
            ticket_key,
            cors_origins: edge_cors_origins,
            http: HttpLimits::default(),
            max_streams: MAX_STREAMS,
        };
        let engine = py
            .detach(|| palabre_edge::Engine::start(&config))
            .map_err(to_exception)?;
        Ok(Self {
            edge_port: engine.edge_address().port(),
            event_fd: engine.events().as_raw_fd(),
            inner: Mutex::new(Some(engine)),
        })
    }

    fn drain(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let events: Vec<_> = self.with(|engine| engine.drain().collect())?;
        events
            .into_iter()
            .map(|event| to_python(py, event))
            .collect()
    }

    fn open_room(&self, room: String) -> PyResult<()> {
        self.with(|engine| engine.open_room(&RoomId::from(room)))
    }

    fn close_room(&self, room: String, code: &str) -> PyResult<()> {
        self.with(|engine| engine.close_room(&RoomId::from(room), code))
    }

    fn remove(&self, room: String, participant: String, code: &str) -> PyResult<()> {
        self.with(|engine| {
            engine.remove(&RoomId::from(room), &ParticipantId::from(participant), code)
        })
    }

    fn snapshot(&self, topic: &str, view: &str, version: u64, data: &[u8]) -> PyResult<()> {
        self.with(|engine| engine.hub().snapshot(topic, view, version, data))
    }

    fn publish(
        &self,
        topic: &str,
        view: &str,
        after: u64,
        version: u64,
        data: &[u8],
    ) -> PyResult<()> {
        self.with(|engine| engine.hub().publish(topic, view, after, version, data))
    }

    fn close_topic(&self, topic: &str) -> PyResult<()> {
        self.with(|engine| engine.hub().close_topic(topic))
    }

    fn shutdown(&self, py: Python<'_>) {
        let engine = self.lock().take();
        py.detach(|| drop(engine));
    }
}

impl Engine {
    fn with<T>(&self, act: impl FnOnce(&palabre_edge::Engine) -> T) -> PyResult<T> {
        match self.lock().as_ref() {
            Some(engine) => Ok(act(engine)),
            None => Err(PyRuntimeError::new_err("The engine has been shut down.")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<palabre_edge::Engine>> {
        // Only ever replaced whole: a panic elsewhere leaves nothing half done.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn to_exception(error: EngineError) -> PyErr {
    match error {
        EngineError::Origin { .. } => PyValueError::new_err(error.to_string()),
        EngineError::Bind {
            error: ref cause, ..
        } => {
            // With errno, so that Python can tell a port in use from an address it does not have.
            PyOSError::new_err((cause.raw_os_error().unwrap_or_default(), error.to_string()))
        }
        EngineError::Threads(_) | _ => PyOSError::new_err(error.to_string()),
    }
}
