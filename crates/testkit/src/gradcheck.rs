use candle_core::{DType, Result, Tensor, Var};

use crate::Tolerance;
use crate::close::{host_f64, unravel};

/// The step of [`gradcheck`] that suits values near 1: the cube root of the f64 precision (`6e-6`),
/// rounded, balances the error of the difference (step squared) and that of rounding (1 over step).
pub const GRADCHECK_STEP: f64 = 1e-5;

/// Elements of one input that are checked; of a larger input a fixed random choice of them.
const MAX_CHECKED: usize = 256;

/// Checks the gradient of a scalar function against central differences in f64.
///
/// # Equation
///
/// ```text
/// df/dx_i ~ (f(x + step e_i) - f(x - step e_i)) / (2 step)
/// ```
///
/// `f` maps the inputs to a scalar. It is called once with variables, for `backward()`, and twice
/// per element with plain tensors. Every element of every input is checked, of inputs with more
/// than 256 elements 256 that a fixed seed chooses. The error of one input is the largest difference
/// over the largest difference quotient; differences that rounding of `f` explains are not counted.
/// An input that the gradient does not reach counts as zero gradient.
///
/// The inputs must keep clear of points where `f` has a kink (ReLU, absolute value) by more than
/// the step.
///
/// # Panics
///
/// If an input is not f64, `f` fails or does not return a scalar, or the gradient is wrong: the
/// message names the input, the index and both values.
#[track_caller]
pub fn gradcheck(
    f: impl Fn(&[Tensor]) -> Result<Tensor>,
    inputs: &[Tensor],
    step: f64,
    tolerance: Tolerance,
) {
    let value = |inputs: &[Tensor]| match f(inputs).and_then(|y| y.to_scalar::<f64>()) {
        Ok(value) => value,
        Err(error) => panic!("gradcheck: the function must return an f64 scalar: {error}"),
    };
    let gradients = match backward(&f, inputs) {
        Ok(gradients) => gradients,
        Err(error) => panic!("gradcheck: backward failed: {error}"),
    };
    for (number, (input, gradient)) in inputs.iter().zip(&gradients).enumerate() {
        let quotient = |flat: usize| {
            let [up, down] = [step, -step].map(|shift| {
                let mut moved = inputs.to_vec();
                moved[number] = shifted(input, flat, shift);
                value(&moved)
            });
            let rounding = 64.0 * f64::EPSILON * up.abs().max(down.abs()) / step;
            ((up - down) / (2.0 * step), rounding)
        };
        compare(number, input, gradient, quotient, tolerance);
    }
}

/// The gradient of each input as host values, zeros where none arrives.
fn backward(f: impl Fn(&[Tensor]) -> Result<Tensor>, inputs: &[Tensor]) -> Result<Vec<Vec<f64>>> {
    let vars = inputs.iter().map(checked_var).collect::<Result<Vec<_>>>()?;
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let gradients = f(&tensors)?.backward()?;
    Ok(vars
        .iter()
        .map(|var| match gradients.get(var) {
            Some(gradient) => {
                assert_eq!(
                    gradient.dims(),
                    var.dims(),
                    "gradcheck: shape of a gradient (got, want)"
                );
                host_f64("gradcheck", gradient)
            }
            None => vec![0.0; var.elem_count()],
        })
        .collect())
}

fn checked_var(input: &Tensor) -> Result<Var> {
    assert_eq!(
        input.dtype(),
        DType::F64,
        "gradcheck: differences need inputs of type f64"
    );
    Var::from_tensor(&input.copy()?)
}

fn compare(
    number: usize,
    input: &Tensor,
    gradient: &[f64],
    quotient: impl Fn(usize) -> (f64, f64),
    tolerance: Tolerance,
) {
    let mut worst = (0.0, 0, 0.0);
    let mut scale = 0.0_f64;
    for flat in chosen(gradient.len()) {
        let (want, rounding) = quotient(flat);
        scale = scale.max(want.abs());
        let difference = (gradient[flat] - want).abs();
        let excess = if difference.is_nan() {
            f64::INFINITY
        } else {
            difference - rounding
        };
        if excess > worst.0 {
            worst = (excess, flat, want);
        }
    }
    let (excess, flat, want) = worst;
    assert!(
        excess <= tolerance.value() * scale,
        "gradcheck: input {number} at {:?}: gradient {} but the difference quotient is {want} \
         (error {:.3e} of the largest, allowed {:.1e})",
        unravel(flat, input.dims()),
        gradient[flat],
        excess / scale,
        tolerance.value()
    );
}

/// The positions to check among `count`, in order.
fn chosen(count: usize) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..count).collect();
    let mut state = 0x5eed_u64;
    let keep = count.min(MAX_CHECKED);
    if keep < count {
        for place in 0..keep {
            let pick = place + (splitmix64(&mut state) % (count - place) as u64) as usize;
            positions.swap(place, pick);
        }
        positions.truncate(keep);
        positions.sort_unstable();
    }
    positions
}

/// The generator of Steele et al. 2014: enough to choose positions, and no dependency.
fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A copy of `input` with one element moved.
fn shifted(input: &Tensor, flat: usize, shift: f64) -> Tensor {
    let mut values = host_f64("gradcheck", input);
    values[flat] += shift;
    match Tensor::from_vec(values, input.dims(), input.device()) {
        Ok(tensor) => tensor,
        Err(error) => panic!("gradcheck: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn input(count: usize, columns: usize) -> Tensor {
        let values: Vec<f64> = (0..count).map(|i| (i as f64 * 0.7).sin() + 1.5).collect();
        Tensor::from_vec(values, (count / columns, columns), &Device::Cpu).unwrap()
    }

    fn check(f: impl Fn(&[Tensor]) -> Result<Tensor>, inputs: &[Tensor]) {
        gradcheck(f, inputs, GRADCHECK_STEP, Tolerance::GRADCHECK);
    }

    #[test]
    fn right_gradients_pass() {
        let inputs = [input(6, 3), input(12, 4)];
        check(|x| x[0].matmul(&x[1])?.tanh()?.sqr()?.sum_all(), &inputs);
        check(
            |x| x[0].log()?.sum_all()?.mul(&x[1].exp()?.mean_all()?),
            &inputs,
        );
    }

    #[test]
    fn large_inputs_are_sampled() {
        assert_eq!(chosen(5), [0, 1, 2, 3, 4]);
        let positions = chosen(10_000);
        assert_eq!(positions.len(), MAX_CHECKED);
        assert!(positions.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(positions[0] < 1000 && positions[MAX_CHECKED - 1] > 9000);
        check(|x| x[0].sqr()?.sum_all(), &[input(1000, 10)]);
    }

    #[test]
    fn input_that_does_not_matter_has_zero_gradient() {
        check(|x| x[0].sqr()?.sum_all(), &[input(6, 3), input(4, 2)]);
        check(|x| x[0].affine(0.0, 3.0)?.sum_all(), &[input(6, 3)]);
    }

    #[test]
    #[should_panic(expected = "gradcheck: input 1 at [0, 1]")]
    fn missing_product_rule_term_is_found() {
        // The second factor enters detached, so that its gradient stays zero.
        check(
            |x| x[0].mul(&x[1].detach())?.sum_all(),
            &[
                Tensor::new(&[[1.0, 3.0]], &Device::Cpu).unwrap(),
                input(2, 2),
            ],
        );
    }

    #[test]
    #[should_panic(expected = "gradcheck: input 0")]
    fn gradient_wrong_by_one_percent_is_found() {
        // 1.01 x for the gradient, x for the value.
        check(
            |x| {
                let stretched = x[0].affine(1.01, 0.0)?;
                (&stretched - (&stretched - &x[0])?.detach())?.sum_all()
            },
            &[input(6, 3)],
        );
    }

    #[test]
    #[should_panic(expected = "gradcheck: input 0")]
    fn gradient_that_is_not_a_number_is_found() {
        // At 0 the square root has no slope, and backward divides by zero times zero.
        let zero = Tensor::new(&[0.0], &Device::Cpu).unwrap();
        check(|x| x[0].sqr()?.sqrt()?.sum_all(), &[zero]);
    }

    #[test]
    #[should_panic(expected = "inputs of type f64")]
    fn f32_inputs_are_refused() {
        check(
            |x| x[0].sum_all(),
            &[input(6, 3).to_dtype(DType::F32).unwrap()],
        );
    }
}
