//! Arithmetic on sequence numbers and times that wrap around (RFC 3550 §5.1 and §A.1, RFC 3711 §3.3.1).

/// Signed distance from `from` to `to`, in packets: positive when `to` is ahead.
pub fn sequence_distance(from: u16, to: u16) -> i32 {
    i32::from(to.wrapping_sub(from) as i16)
}

/// True when `candidate` comes after `reference` on the shorter way round.
pub fn is_newer(candidate: u16, reference: u16) -> bool {
    sequence_distance(reference, candidate) > 0
}

/// The 48-bit index of `sequence` nearest to `highest`, the largest index seen so far.
///
/// Returns `None` when the nearest one would lie before the stream's beginning (a negative roll-over counter) or
/// beyond 2^48, where the keys are used up (RFC 3711 §3.3.1 and §9.2).
pub fn extend_sequence(highest: u64, sequence: u16) -> Option<u64> {
    let distance = i64::from(sequence_distance(highest as u16, sequence));
    let index = highest.checked_add_signed(distance)?;
    (index < 1 << 48).then_some(index)
}

/// How far the RTP time `a` is after `b`, in samples; negative when it is before.
pub fn time_distance(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_is_decided_on_the_shorter_way_round() {
        assert!(is_newer(0, 65_535));
        assert!(!is_newer(65_535, 0));
        assert!(!is_newer(7, 7));
    }

    #[test]
    fn extending_follows_the_wrap_in_both_directions() {
        assert_eq!(extend_sequence(65_535, 0), Some(65_536));
        assert_eq!(extend_sequence(65_536, 65_535), Some(65_535));
        assert_eq!(extend_sequence(65_540, 3), Some(65_539));
    }

    #[test]
    fn extending_never_goes_before_the_beginning_or_past_the_end() {
        assert_eq!(extend_sequence(5, 65_530), None);
        assert_eq!(extend_sequence((1 << 48) - 1, 0), None);
    }
}
