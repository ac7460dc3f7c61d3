//! Palabre's engine: the edge crate.
