//! One sound of all who speak: decode the loudest, add them up, limit, encode once.

mod input;
mod limiter;
mod mixer;

pub use limiter::Limiter;
pub use mixer::{MAX_MIXED, Mixed, Mixer};
