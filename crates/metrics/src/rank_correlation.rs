/// Spearman's rank correlation of two lists of numbers, from -1 to 1: Pearson's correlation of their ranks, where
/// equal numbers share the mean of theirs. `None` for lists of different lengths, with fewer than two numbers,
/// with NaN, or of which one is constant.
///
/// ```
/// use semantic_inpaint_metrics::rank_correlation;
///
/// let falling = rank_correlation(&[1.0, 2.0, 30.0], &[9.0, 4.0, -1.0]);
/// assert!((falling.unwrap() + 1.0).abs() < 1e-12);
/// assert_eq!(rank_correlation(&[1.0, 2.0], &[3.0, 3.0]), None);
/// ```
#[must_use]
pub fn rank_correlation(one: &[f64], other: &[f64]) -> Option<f64> {
    let has_nan = one.iter().chain(other).any(|value| value.is_nan());
    if one.len() != other.len() || one.len() < 2 || has_nan {
        return None;
    }
    let mean = (one.len() - 1) as f64 / 2.0;
    let centered = |values| ranks(values).into_iter().map(|rank| rank - mean);
    let (one, other): (Vec<f64>, Vec<f64>) = centered(one).zip(centered(other)).unzip();
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let scale = (product(&one, &one) * product(&other, &other)).sqrt();
    (scale > 0.0).then(|| product(&one, &other) / scale)
}

/// The rank of each value, from 0.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&one, &other| values[one].total_cmp(&values[other]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for ties in order.chunk_by(|&one, &other| values[one] == values[other]) {
        let rank = first as f64 + (ties.len() - 1) as f64 / 2.0;
        ties.iter().for_each(|&place| ranks[place] = rank);
        first += ties.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_ranks_and_the_value_is_that_of_scipy() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 0.0]), [2.5, 1.0, 2.5, 0.0]);
        // scipy.stats.spearmanr of the same lists.
        let one = [1.0, 2.0, 3.0, 4.0, 5.0];
        let other = [5.0, 6.0, 7.0, 8.0, 7.0];
        let found = rank_correlation(&one, &other).unwrap();
        assert!((found - 0.820_782_681_668_123_4).abs() < 1e-12, "{found}");
    }

    #[test]
    fn lists_without_an_order_have_no_correlation() {
        for (one, other) in [
            (&[1.0, 2.0][..], &[1.0][..]),
            (&[1.0], &[1.0]),
            (&[], &[]),
            (&[1.0, f64::NAN], &[1.0, 2.0]),
            (&[4.0, 4.0], &[1.0, 2.0]),
        ] {
            assert_eq!(rank_correlation(one, other), None);
        }
        let infinite = rank_correlation(&[1.0, f64::INFINITY, 3.0], &[1.0, 9.0, 3.0]);
        assert!((infinite.unwrap() - 1.0).abs() < 1e-12);
    }
}
