//! The engine as a Python class. Its threads never attach to Python: commands go in by queue, events come out by batch.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use palabre_core::room::PackSize;
use palabre_core::shard::{FloorRules, Limits};
use palabre_edge::http::limits::HttpLimits;
use palabre_edge::http::places::Places;
use palabre_edge::{Admission, EngineConfig, EngineError};
use palabre_net::{Busy, MediaError, Pinning};
use pyo3::exceptions::{PyBufferError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::events::to_python;

/// What HS256 asks for (RFC 7518, section 3.2).
const TICKET_KEY_BYTES: usize = 32;

/// See `_engine.pyi`.
#[pyclass(frozen, module = "palabre._engine")]
pub struct Engine {
    inner: palabre_edge::Engine,
    stopped: AtomicBool,
    #[pyo3(get)]
    edge_port: u16,
    #[pyo3(get)]
    media_port: u16,
    #[pyo3(get)]
    event_fd: i32,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (
        *,
        edge_bind,
        media_bind,
        media_addresses,
        ticket_key,
        shards = 1,
        pin_shards = "auto",
        edge_cors_origins = Vec::new(),
        edge_proxies = Vec::new(),
        metrics_for = Vec::new(),
        requests_per_s_per_address = 200,
        max_sessions = 50_000,
        max_sessions_per_room = 20_000,
        max_rooms = 10_000,
        max_late_ms = 20,
        floor_above = 50,
        floor_frames = None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only in Python")]
    fn new(
        py: Python<'_>,
        edge_bind: String,
        media_bind: String,
        media_addresses: Vec<String>,
        ticket_key: Vec<u8>,
        shards: u8,
        pin_shards: &str,
        edge_cors_origins: Vec<String>,
        edge_proxies: Vec<String>,
        metrics_for: Vec<String>,
        requests_per_s_per_address: u32,
        max_sessions: usize,
        max_sessions_per_room: usize,
        max_rooms: usize,
        max_late_ms: u64,
        floor_above: usize,
        floor_frames: Option<usize>,
    ) -> PyResult<Self> {
        if ticket_key.len() != TICKET_KEY_BYTES {
            return Err(PyValueError::new_err(format!(
                "ticket_key has to be {TICKET_KEY_BYTES} bytes long"
            )));
        }
        let places = Places::of_this_process()?;
        let config = EngineConfig {
            edge_bind,
            media_bind,
            media_addresses: addresses(&media_addresses)?,
            shards,
            pinning: pinning(pin_shards)?,
            media: Limits {
                links: max_sessions,
                links_per_room: max_sessions_per_room,
                rooms: max_rooms,
                late: (max_late_ms > 0).then(|| Duration::from_millis(max_late_ms)),
                floor: FloorRules {
                    above: floor_above,
                    frames: floor_frames.map(pack_size).transpose()?,
                    ..FloorRules::default()
                },
                ..Limits::default()
            },
            ticket_key,
            cors_origins: edge_cors_origins,
            http: HttpLimits {
                connections: places.connections,
                requests_per_s: requests_per_s_per_address,
                burst: requests_per_s_per_address.saturating_mul(10),
                ..HttpLimits::default()
            },
            proxies: addresses(&edge_proxies)?,
            metrics_for: parsed(&metrics_for, "IP network")?,
            max_streams: places.streams,
        };
        let engine = py
            .detach(|| palabre_edge::Engine::start(&config))
            .map_err(to_exception)?;
        Ok(Self {
            edge_port: engine.edge_address().port(),
            media_port: engine.media_addresses().first().map_or(0, SocketAddr::port),
            event_fd: engine.events().as_raw_fd(),
            inner: engine,
            stopped: AtomicBool::new(false),
        })
    }

    fn drain(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let events = self.running()?.events().drain();
        events
            .into_iter()
            .map(|event| to_python(py, event))
            .collect()
    }

    fn open_room(&self, room: String) -> PyResult<()> {
        self.running()?.open_room(room.into()).map_err(full)
    }

    fn close_room(&self, room: String, code: &str) -> PyResult<()> {
        self.running()?.close_room(room.into(), code).map_err(full)
    }

    #[pyo3(signature = (room, participant, *, csrc, view, may_speak))]
    fn admit(
        &self,
        room: String,
        participant: String,
        csrc: u32,
        view: &str,
        may_speak: bool,
    ) -> PyResult<()> {
        let engine = self.running()?;
        engine
            .admit(room.into(), participant.into(), csrc, view, may_speak)
            .map_err(full)
    }

    /// Each of `people`: participant, CSRC, kind of viewer, whether it may speak.
    fn admit_all(&self, room: String, people: Vec<(String, u32, String, bool)>) -> PyResult<usize> {
        let admission =
            |(participant, csrc, view, may_speak): (String, u32, String, bool)| Admission {
                participant: participant.into(),
                csrc,
                view,
                may_speak,
            };
        let people: Vec<Admission> = people.into_iter().map(admission).collect();
        Ok(self.running()?.admit_all(&room.into(), &people))
    }

    fn remove(&self, room: String, participant: String, code: &str) -> PyResult<()> {
        self.running()?
            .remove(room.into(), participant.into(), code)
            .map_err(full)
    }

    fn start_recording(
        &self,
        room: String,
        recording: String,
        title: String,
        path: PathBuf,
    ) -> PyResult<()> {
        self.running()?
            .start_recording(room.into(), recording.into(), title, path)
            .map_err(full)
    }

    fn stop_recording(&self, room: String, recording: String) -> PyResult<()> {
        self.running()?
            .stop_recording(room.into(), recording.into())
            .map_err(full)
    }

    fn metrics(&self) -> PyResult<HashMap<String, f64>> {
        Ok(self.running()?.metrics().into_iter().collect())
    }

    fn snapshot(
        &self,
        py: Python<'_>,
        topic: &str,
        view: &str,
        version: u64,
        data: &[u8],
    ) -> PyResult<()> {
        let hub = self.running()?.hub();
        py.detach(|| hub.snapshot(topic, view, version, data));
        Ok(())
    }

    fn publish(
        &self,
        py: Python<'_>,
        topic: &str,
        view: &str,
        after: u64,
        version: u64,
        data: &[u8],
    ) -> PyResult<()> {
        let hub = self.running()?.hub();
        py.detach(|| hub.publish(topic, view, after, version, data));
        Ok(())
    }

    fn close_topic(&self, py: Python<'_>, topic: &str) -> PyResult<()> {
        let hub = self.running()?.hub();
        py.detach(|| hub.close_topic(topic));
        Ok(())
    }

    fn shutdown(&self, py: Python<'_>) {
        self.stopped.store(true, Ordering::Relaxed);
        py.detach(|| self.inner.shutdown());
    }
}

impl Engine {
    fn running(&self) -> PyResult<&palabre_edge::Engine> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(PyRuntimeError::new_err("The engine has been shut down."));
        }
        Ok(&self.inner)
    }
}

fn pinning(word: &str) -> PyResult<Pinning> {
    match word {
        "auto" => Ok(Pinning::Auto),
        "yes" => Ok(Pinning::Always),
        "no" => Ok(Pinning::Never),
        other => Err(PyValueError::new_err(format!(
            "pin_shards has to be auto, yes or no, not {other:?}"
        ))),
    }
}

fn pack_size(frames: usize) -> PyResult<PackSize> {
    PackSize::of(frames).ok_or_else(|| {
        PyValueError::new_err(format!("floor_frames cannot be {frames}: 1, 3, 5 or 6"))
    })
}

fn addresses(texts: &[String]) -> PyResult<Vec<IpAddr>> {
    parsed(texts, "IP address")
}

fn parsed<T: FromStr>(texts: &[String], what: &str) -> PyResult<Vec<T>> {
    let parse = |text: &String| {
        text.parse()
            .map_err(|_| PyValueError::new_err(format!("{text:?} is not an {what}")))
    };
    texts.iter().map(parse).collect()
}

fn full(busy: Busy) -> PyErr {
    PyBufferError::new_err(busy.to_string())
}

fn to_exception(error: EngineError) -> PyErr {
    let text = error.to_string();
    match error {
        EngineError::Origin { .. } | EngineError::Address { .. } => PyValueError::new_err(text),
        // With errno, so that Python can tell a port in use from an address it does not have.
        EngineError::Bind { error, .. } | EngineError::Media(MediaError::Bind { error, .. }) => {
            PyOSError::new_err((error.raw_os_error().unwrap_or_default(), text))
        }
        EngineError::Media(_) | EngineError::Threads(_) | _ => PyOSError::new_err(text),
    }
}
