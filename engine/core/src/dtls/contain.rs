//! A panic in `dimpl` ends one association and not the thread that all rooms of a shard live on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::DtlsError;

/// Runs `act`; a panic becomes an error, after which the association is dropped and never asked again. That is all that
/// it may have left half changed: what is sent meanwhile is copied, datagram by datagram.
pub(super) fn contain<T>(act: impl FnOnce() -> Result<T, DtlsError>) -> Result<T, DtlsError> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or(Err(DtlsError::Panicked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_like_any_other() {
        let outcome = contain::<()>(|| panic!("an assertion"));
        assert!(matches!(outcome, Err(DtlsError::Panicked)));
        assert!(matches!(contain(|| Ok(7)), Ok(7)));
    }
}
