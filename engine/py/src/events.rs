//! What happened, as frozen classes that `match` statements take apart.

use palabre_net::EngineEvent;
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;

/// A frozen class whose fields are read-only attributes, positional in `match`.
macro_rules! event {
    ($name:ident { $($field:ident: $kind:ty),+ }, $match_args:ty, [$($arg:literal),+]) => {
        #[pyclass(frozen, get_all, eq, hash, module = "palabre._engine")]
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            $($field: $kind,)+
        }

        #[pymethods]
        impl $name {
            #[new]
            fn new($($field: $kind),+) -> Self {
                Self { $($field),+ }
            }

            #[classattr]
            fn __match_args__() -> $match_args {
                ($($arg,)+)
            }

            fn __repr__(&self) -> String {
                format!("{self:?}")
            }
        }
    };
}

type Word = &'static str;

event!(
    Connected {
        room: String,
        participant: String,
        door: String
    },
    (Word, Word, Word),
    ["room", "participant", "door"]
);
event!(
    Disconnected {
        room: String,
        participant: String,
        door: String,
        reason: String
    },
    (Word, Word, Word, Word),
    ["room", "participant", "door", "reason"]
);
event!(
    StartedSpeaking {
        room: String,
        participant: String
    },
    (Word, Word),
    ["room", "participant"]
);
event!(
    SnapshotWanted {
        topic: String,
        view: String
    },
    (Word, Word),
    ["topic", "view"]
);
event!(
    RecordingStopped {
        room: String,
        recording: String,
        path: String,
        duration_ms: u64
    },
    (Word, Word, Word, Word),
    ["room", "recording", "path", "duration_ms"]
);
event!(
    RecordingFailed {
        room: String,
        recording: String,
        reason: String
    },
    (Word, Word, Word),
    ["room", "recording", "reason"]
);

/// The Python object for an event.
pub fn to_python(py: Python<'_>, event: EngineEvent) -> PyResult<Py<PyAny>> {
    match event {
        EngineEvent::Connected {
            room,
            participant,
            door,
        } => Connected {
            room: room.to_string(),
            participant: participant.to_string(),
            door: door.as_str().to_owned(),
        }
        .into_py_any(py),
        EngineEvent::Disconnected {
            room,
            participant,
            door,
            reason,
        } => Disconnected {
            room: room.to_string(),
            participant: participant.to_string(),
            door: door.as_str().to_owned(),
            reason: reason.to_owned(),
        }
        .into_py_any(py),
        EngineEvent::StartedSpeaking { room, participant } => StartedSpeaking {
            room: room.to_string(),
            participant: participant.to_string(),
        }
        .into_py_any(py),
        EngineEvent::SnapshotWanted { topic, view } => {
            SnapshotWanted { topic, view }.into_py_any(py)
        }
        EngineEvent::RecordingStopped {
            room,
            recording,
            path,
            duration_ms,
        } => RecordingStopped {
            room: room.to_string(),
            recording: recording.to_string(),
            path: path.to_string_lossy().into_owned(),
            duration_ms,
        }
        .into_py_any(py),
        EngineEvent::RecordingFailed {
            room,
            recording,
            reason,
        } => RecordingFailed {
            room: room.to_string(),
            recording: recording.to_string(),
            reason,
        }
        .into_py_any(py),
    }
}
