//! Order statistics for reports.

/// The `q` quantile (0 to 1) of `values` by nearest rank, or `None` when there are none. Sorts in place.
pub fn percentile(values: &mut [f64], q: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values
        .get((q.clamp(0.0, 1.0) * last as f64).round() as usize)
        .copied()
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn the_median_of_unsorted_values_is_the_middle_one() {
        assert_eq!(percentile(&mut [3.0, 1.0, 2.0], 0.5), Some(2.0));
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(percentile(&mut [], 0.99), None);
    }
}
