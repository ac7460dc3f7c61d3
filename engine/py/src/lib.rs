//! `palabre._engine`: the engine as Python sees it. Converts, releases the interpreter, calls; decides nothing.

mod engine;
mod events;
mod measure;
mod recording;

use pyo3::prelude::*;

#[pymodule]
mod _engine {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::events::{
        Connected, Disconnected, RecordingFailed, RecordingStopped, SnapshotWanted, StartedSpeaking,
    };
    #[pymodule_export]
    use crate::measure::{event_streams_within, measure_send};
    #[pymodule_export]
    use crate::recording::summarise_recording;

    /// The union of all events, for annotations.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        let union = py
            .get_type::<Connected>()
            .bitor(py.get_type::<Disconnected>())?
            .bitor(py.get_type::<StartedSpeaking>())?
            .bitor(py.get_type::<SnapshotWanted>())?
            .bitor(py.get_type::<RecordingStopped>())?
            .bitor(py.get_type::<RecordingFailed>())?;
        module.add("EngineEvent", union)
    }
}
