use pulp::{Simd, WithSimd};

use super::instruction_set::{InstructionSet, multiply_add};

/// A rational function of the square of x, times x: fitted to tanh on [-9.1, 9.1] for the least largest
/// relative error (2.3e-8), lowest degree first.
#[allow(clippy::excessive_precision)]
const NUMERATOR: [f32; 5] = [
    9.999_999_8e-1,
    1.337_447_5e-1,
    3.487_809_5e-3,
    2.048_110_9e-5,
    1.317_734_1e-8,
];
#[allow(clippy::excessive_precision)]
const DENOMINATOR: [f32; 5] = [
    1.0,
    4.670_778_9e-1,
    2.584_738_6e-2,
    3.272_915_2e-4,
    7.703_986_1e-7,
];
/// Beyond this the hyperbolic tangent is 1 in single precision.
const SATURATED: f32 = 9.1;

/// Replaces values by their hyperbolic tangents, within a few units in the last place.
pub(crate) fn tanh(set: InstructionSet, values: &mut [f32]) {
    set.run(Tanh(values));
}

struct Tanh<'a>(&'a mut [f32]);

impl WithSimd for Tanh<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (head, tail) = S::as_mut_simd_f32s(self.0);
        for value in head {
            *value = tanh_vector(simd, *value);
        }
        // As a vector too, so that a value's tangent does not depend on where it stands.
        let values = simd.partial_load_f32s(tail);
        simd.partial_store_f32s(tail, tanh_vector(simd, values));
    }
}

#[inline(always)]
fn tanh_vector<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let bound = |x: S::f32s, bound: f32| {
        simd.max_f32s(
            simd.min_f32s(x, simd.splat_f32s(bound)),
            simd.splat_f32s(-bound),
        )
    };
    let bounded = bound(x, SATURATED);
    let square = simd.mul_f32s(bounded, bounded);
    let polynomial = |coefficients: [f32; 5]| {
        let mut sum = simd.splat_f32s(coefficients[4]);
        for coefficient in coefficients[..4].iter().rev() {
            sum = multiply_add(simd, sum, square, simd.splat_f32s(*coefficient));
        }
        sum
    };
    let numerator = simd.mul_f32s(bounded, polynomial(NUMERATOR));
    let ratio = bound(simd.div_f32s(numerator, polynomial(DENOMINATOR)), 1.0);
    // A vector minimum forgets NaN; adding 0 x brings it back.
    multiply_add(simd, simd.splat_f32s(0.0), x, ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hyperbolic_tangent_on_every_instruction_set() {
        for set in InstructionSet::available() {
            let inputs: Vec<f32> = (-120_000..=120_000).map(|i| i as f32 * 1e-4).collect();
            let mut outputs = inputs.clone();
            tanh(set, &mut outputs);
            for (&x, &y) in inputs.iter().zip(&outputs) {
                let want = f64::from(x).tanh();
                assert!(
                    (f64::from(y) - want).abs() <= 5e-7 * want.abs(),
                    "{set} {x} {y}"
                );
                assert!(y.abs() <= 1.0);
            }
        }
    }

    #[test]
    fn not_a_number_stays_so() {
        let mut values = [f32::NAN; 33];
        tanh(InstructionSet::detect(), &mut values);
        assert!(values.iter().all(|value| value.is_nan()));
    }
}
