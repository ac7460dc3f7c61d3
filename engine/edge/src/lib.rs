//! Palabre's engine, the part that speaks HTTP: WHIP and WHEP signalling, event streams, health.

pub mod hub;
pub mod ticket;
