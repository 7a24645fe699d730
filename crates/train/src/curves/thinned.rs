/// One point of a curve that stands for all steps of a bin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bin {
    pub(super) step: f64,
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// At most `max_bins` bins of equal width over the steps, without the empty ones.
pub(super) fn thinned(series: &[(u64, f64)], max_bins: usize) -> Vec<Bin> {
    let points = || series.iter().filter(|(_, value)| value.is_finite());
    let (Some(first), Some(last)) = (points().next(), points().next_back()) else {
        return Vec::new();
    };
    let width = ((last.0 - first.0) as f64 / max_bins.max(1) as f64).max(f64::MIN_POSITIVE);
    let last_bin = max_bins.saturating_sub(1);
    let bin_of = |step: u64| last_bin.min(((step - first.0) as f64 / width) as usize);
    let points: Vec<(u64, f64)> = points().copied().collect();
    points
        .chunk_by(|one, next| bin_of(one.0) == bin_of(next.0))
        .map(summarized)
        .collect()
}

fn summarized(points: &[(u64, f64)]) -> Bin {
    let count = points.len() as f64;
    let fold = |function: fn(f64, f64) -> f64| {
        let values = points.iter().map(|(_, value)| *value);
        values.reduce(function).unwrap_or_default()
    };
    Bin {
        step: points.iter().map(|(step, _)| *step as f64).sum::<f64>() / count,
        mean: points.iter().map(|(_, value)| value).sum::<f64>() / count,
        low: fold(f64::min),
        high: fold(f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_points_stay_as_they_are() {
        let bins = thinned(&[(1, 2.0), (5, f64::NAN), (9, -1.0)], 400);
        let means: Vec<_> = bins.iter().map(|bin| (bin.step, bin.mean)).collect();
        assert_eq!(means, [(1.0, 2.0), (9.0, -1.0)]);
        assert!(thinned(&[(1, f64::INFINITY)], 400).is_empty());
    }

    #[test]
    fn many_points_become_bins_that_hold_all_of_them() {
        let series: Vec<(u64, f64)> = (0..10_000).map(|step| (step, (step % 7) as f64)).collect();
        let bins = thinned(&series, 100);
        assert_eq!(bins.len(), 100);
        assert!(bins.iter().all(|bin| (bin.low, bin.high) == (0.0, 6.0)));
        assert!((bins[50].mean - 3.0).abs() < 0.1);
    }
}
