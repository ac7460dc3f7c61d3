//! Palabre's engine: the load crate.
