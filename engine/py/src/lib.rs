//! `palabre._engine`: the engine as Python sees it. Converts, releases the interpreter, calls; decides nothing.

mod engine;
mod events;
mod recording;

use pyo3::prelude::*;

#[pymodule]
mod _engine {
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::events::{
        Connected, Disconnected, RecordingFailed, RecordingStopped, SnapshotWanted, StartedSpeaking,
    };
    #[pymodule_export]
    use crate::recording::summarise_recording;
}
