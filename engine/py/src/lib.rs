//! Palabre's engine: the py crate.
