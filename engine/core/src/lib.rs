//! Palabre's engine: the core crate.
