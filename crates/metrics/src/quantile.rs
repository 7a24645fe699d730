/// The value below which a share of the values lies, linear between two of them (as NumPy's default).
/// `values` must hold at least one number and no NaN.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let position = share.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    let weight = position - position.floor();
    match (sorted.get(below), sorted.get(above)) {
        (Some(low), Some(high)) => low + weight * (high - low),
        _ => f64::NAN,
    }
}

/// The median of some numbers, the mean of the two in the middle where there are two; NaN for none.
///
/// ```
/// assert_eq!(semantic_inpaint_metrics::median(&[4.0, 1.0, 30.0, 2.0]), 3.0);
/// ```
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The share of the values that are no larger than `limit`.
pub(crate) fn share_within(values: &[f64], limit: f64) -> f64 {
    let num_within = values.iter().filter(|&&value| value <= limit).count();
    num_within as f64 / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_linear_between_values() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&values, 0.0), 1.0);
        assert_eq!(quantile(&values, 1.0), 4.0);
        assert_eq!(median(&values), 2.5);
        assert!((quantile(&values, 0.1) - 1.3).abs() < 1e-12);
        assert_eq!(median(&[7.0]), 7.0);
    }

    #[test]
    fn the_limit_itself_counts_as_within() {
        assert_eq!(share_within(&[1.0, 2.0, 3.0, 4.0], 2.0), 0.5);
    }
}
