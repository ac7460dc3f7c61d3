//! Palabre's engine: the net crate.
