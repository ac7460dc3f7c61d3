//! Palabre's engine, the part that speaks HTTP: WHIP and WHEP signalling, event streams, health.

mod engine;
pub mod http;
pub mod hub;
pub mod ticket;

pub use engine::{Admission, Engine, EngineConfig, EngineError};
pub use palabre_net::Pinning;
