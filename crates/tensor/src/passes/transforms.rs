//! Products of short polynomials by their values at a few points (Toom and Cook; for convolutions
//! Winograd 1980), along one axis.
//!
//! A run of `SIZE` values a and a filter w of two have a product of `SIZE + 1` coefficients. Taken at
//! `SIZE + 1` points it costs as many multiplications, not `2 SIZE`:
//! `a w = interpolate(evaluate(a) * filter(w))`. The same three maps, transposed, give the correlation
//! `out_i = sum_j w_j d_(i+j)` of `SIZE + 1` values d: `out = gather(filter(w) * spread(d))`, where
//! `spread` is `interpolate` transposed and `gather` is `evaluate` transposed. Transposed once more it
//! gives the gradient with respect to the filter, `collect(evaluate(a) * spread(d))`. The points are 0, 1 and
//! infinity for runs of 2, and -1 and 2 besides for runs of 4; constant factors of the interpolation
//! stand in the filter.

use pulp::Simd;

use super::instruction_set::multiply_add;

/// Values at most of one run at its points.
pub(super) const MOST: usize = 5;

/// One vector for each value of a run; those beyond the run are not looked at.
pub(super) type Run<V> = [V; MOST];

/// The filter `w_0 + w_1 y` at the points, with the factors that the interpolation leaves out.
#[inline(always)]
pub(super) fn filter<S: Simd, const SIZE: usize>(simd: S, w: [S::f32s; 2]) -> Run<S::f32s> {
    let [a, b] = w;
    let (add, sub) = (|x, y| simd.add_f32s(x, y), |x, y| simd.sub_f32s(x, y));
    if SIZE == 2 {
        return [a, add(a, b), b, a, a];
    }
    let times = |factor: f32, x| simd.mul_f32s(simd.splat_f32s(factor), x);
    let (half, sixth) = (0.5, 1.0 / 6.0);
    [
        times(half, a),
        times(half, add(a, b)),
        times(sixth, sub(a, b)),
        times(sixth, add(a, add(b, b))),
        b,
    ]
}

/// [`filter`] transposed: the gradient with respect to the two weights of what the points weigh.
#[inline(always)]
pub(super) fn collect<S: Simd, const SIZE: usize>(simd: S, v: Run<S::f32s>) -> [S::f32s; 2] {
    let [v0, v1, v2, v3, v4] = v;
    let (add, sub) = (|x, y| simd.add_f32s(x, y), |x, y| simd.sub_f32s(x, y));
    if SIZE == 2 {
        return [add(v0, v1), add(v1, v2)];
    }
    let times = |factor: f32, x, y| multiply_add(simd, simd.splat_f32s(factor), x, y);
    let (half, sixth) = (0.5, 1.0 / 6.0);
    let zero = simd.splat_f32s(0.0);
    let a = times(half, add(v0, v1), times(sixth, add(v2, v3), zero));
    let b = times(half, v1, times(sixth, sub(add(v3, v3), v2), v4));
    [a, b]
}

/// The polynomial with coefficients `a` at the points.
#[inline(always)]
pub(super) fn evaluate<S: Simd, const SIZE: usize>(simd: S, a: Run<S::f32s>) -> Run<S::f32s> {
    let [a0, a1, a2, a3, _] = a;
    let add = |x, y| simd.add_f32s(x, y);
    if SIZE == 2 {
        return [a0, add(a0, a1), a1, a0, a0];
    }
    let times = |factor: f32, x, y| multiply_add(simd, simd.splat_f32s(factor), x, y);
    let (even, odd) = (add(a0, a2), add(a1, a3));
    let at_two = times(2.0, times(2.0, times(2.0, a3, a2), a1), a0);
    [a0, add(even, odd), simd.sub_f32s(even, odd), at_two, a3]
}

/// The coefficients of a product from its values at the points.
#[inline(always)]
pub(super) fn interpolate<S: Simd, const SIZE: usize>(simd: S, v: Run<S::f32s>) -> Run<S::f32s> {
    let [v0, v1, v2, v3, v4] = v;
    let (add, sub) = (|x, y| simd.add_f32s(x, y), |x, y| simd.sub_f32s(x, y));
    if SIZE == 2 {
        return [v0, sub(sub(v1, v0), v2), v2, v0, v0];
    }
    let times = |factor: f32, x, y| multiply_add(simd, simd.splat_f32s(factor), x, y);
    // c1 = 2 (v1 - v2 + v4) - v0 - v3, c2 = v1 + 3 v2 - 2 v0 - v4, c3 = v0 - v1 - v2 + v3 - 2 v4
    let c1 = times(2.0, add(sub(v1, v2), v4), simd.neg_f32s(add(v0, v3)));
    let c2 = times(-2.0, v0, times(3.0, v2, sub(v1, v4)));
    let c3 = times(-2.0, v4, add(sub(v0, v1), sub(v3, v2)));
    [add(v0, v0), c1, c2, c3, v4]
}

/// [`interpolate`] transposed.
#[inline(always)]
pub(super) fn spread<S: Simd, const SIZE: usize>(simd: S, d: Run<S::f32s>) -> Run<S::f32s> {
    let [d0, d1, d2, d3, d4] = d;
    let sub = |x, y| simd.sub_f32s(x, y);
    if SIZE == 2 {
        return [sub(d0, d1), d1, sub(d2, d1), d0, d0];
    }
    let times = |factor: f32, x, y| multiply_add(simd, simd.splat_f32s(factor), x, y);
    [
        times(2.0, sub(d0, d2), sub(d3, d1)),
        times(2.0, d1, sub(d2, d3)),
        times(-2.0, d1, times(3.0, d2, simd.neg_f32s(d3))),
        sub(d3, d1),
        times(2.0, sub(d1, d3), sub(d4, d2)),
    ]
}

/// [`evaluate`] transposed: `SIZE` values.
#[inline(always)]
pub(super) fn gather<S: Simd, const SIZE: usize>(simd: S, m: Run<S::f32s>) -> Run<S::f32s> {
    let [m0, m1, m2, m3, m4] = m;
    let (add, sub) = (|x, y| simd.add_f32s(x, y), |x, y| simd.sub_f32s(x, y));
    if SIZE == 2 {
        return [add(m0, m1), add(m1, m2), m0, m0, m0];
    }
    let times = |factor: f32, x, y| multiply_add(simd, simd.splat_f32s(factor), x, y);
    let (sum, difference) = (add(m1, m2), sub(m1, m2));
    [
        add(add(m0, m3), sum),
        times(2.0, m3, difference),
        times(4.0, m3, sum),
        add(times(8.0, m3, difference), m4),
        m0,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Scalar;

    fn product_and_correlation<const SIZE: usize>() {
        let a = [0.5f32, -1.25, 2.0, 0.75, 0.0];
        let d = [1.5f32, -0.5, 0.25, 2.0, -1.0];
        let w = [0.75f32, -0.5];
        let filter = filter::<_, SIZE>(Scalar, w);
        let scaled = |values: Run<f32>| -> Run<f32> {
            std::array::from_fn(|point| values[point] * filter[point])
        };
        let product = interpolate::<_, SIZE>(Scalar, scaled(evaluate::<_, SIZE>(Scalar, a)));
        for degree in 0..=SIZE {
            let low = if degree < SIZE { a[degree] * w[0] } else { 0.0 };
            let high = if degree > 0 {
                a[degree - 1] * w[1]
            } else {
                0.0
            };
            assert!(
                (product[degree] - low - high).abs() < 1e-6,
                "{SIZE} {degree}"
            );
        }
        let correlation = gather::<_, SIZE>(Scalar, scaled(spread::<_, SIZE>(Scalar, d)));
        for index in 0..SIZE {
            let want = d[index] * w[0] + d[index + 1] * w[1];
            assert!((correlation[index] - want).abs() < 1e-6, "{SIZE} {index}");
        }
        let (values, windows) = (evaluate::<_, SIZE>(Scalar, a), spread::<_, SIZE>(Scalar, d));
        let products = std::array::from_fn(|point| values[point] * windows[point]);
        let gradient = collect::<_, SIZE>(Scalar, products);
        for (tap, got) in gradient.into_iter().enumerate() {
            let want: f32 = (0..SIZE).map(|index| a[index] * d[index + tap]).sum();
            assert!((got - want).abs() < 1e-5, "{SIZE} {tap}");
        }
    }

    #[test]
    fn values_at_points_give_products_correlations_and_gradients() {
        product_and_correlation::<2>();
        product_and_correlation::<4>();
    }
}
