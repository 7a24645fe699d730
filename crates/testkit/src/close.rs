use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};

/// How far apart two tensors may be: the largest difference over the largest reference value.
///
/// One number per tensor, not per element: rounding errors of a sum scale with its terms, so a small
/// element next to large ones cannot be expected to keep its own digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    relative: f64,
}

impl Tolerance {
    /// Equal bits, for results that must not depend on order or batch.
    pub const EXACT: Self = Self::relative(0.0);

    /// `1e-4`: f32 against f64 or against f32 in another order. PyTorch's own f32 lies within `5e-6`
    /// of its f64 on the golden files; the rest is room for deeper networks and other kernels. Any
    /// mistake in a formula is far above it.
    pub const F32_RELATIVE: Self = Self::relative(1e-4);

    /// `1e-6`: one f32 operation, or a short sum, against the same one in f64 (`2^-23 = 1.2e-7`).
    pub const F32_ROUNDING: Self = Self::relative(1e-6);

    /// `1e-10`: f64 against f64 in another order (`2^-52 = 2.2e-16`, sums of up to `10^5` terms).
    pub const F64_RELATIVE: Self = Self::relative(1e-10);

    /// `1e-6`: central differences in f64. With steps of `1e-5` their own error is the step squared
    /// (`1e-10`) times the third derivative, which deep networks bring to `1e-7` and more.
    pub const GRADCHECK: Self = Self::relative(1e-6);

    /// The tolerance with the given relative error; for a test whose reason is its own.
    #[must_use]
    pub const fn relative(relative: f64) -> Self {
        Self { relative }
    }

    /// The allowed relative error.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.relative
    }
}

/// Where two tensors differ most.
pub(crate) struct Worst {
    pub(crate) error: f64,
    index: Vec<usize>,
    got: f64,
    want: f64,
}

/// The relative error of `got`, the largest difference over the largest absolute value of `want`.
///
/// # Equation
///
/// ```text
/// max |got - want| / max |want|
/// ```
///
/// Where `want` is zero everywhere the largest difference itself; infinite where a value of either
/// is not finite.
///
/// # Panics
///
/// If the shapes differ.
#[must_use]
#[track_caller]
pub fn relative_error(got: &Tensor, want: &Tensor) -> f64 {
    worst("relative_error", got, want).error
}

/// Checks that two tensors have the same shape and lie within a tolerance of each other.
///
/// The types of numbers and the devices may differ; values are compared in f64 on the host. See
/// [`relative_error`] for what is measured.
///
/// # Panics
///
/// If the shapes differ, or the error is above the tolerance or not finite; the message names `what`,
/// the error, and the index and both values where the difference is largest.
#[track_caller]
pub fn assert_close(what: &str, got: &Tensor, want: &Tensor, tolerance: Tolerance) {
    let Worst {
        error,
        index,
        got,
        want,
    } = worst(what, got, want);
    assert!(
        error <= tolerance.relative,
        "{what}: relative error {error:.3e} is above {:.1e}; worst at {index:?}: got {got}, want {want}",
        tolerance.relative
    );
}

/// Checks that two sets of tensors have the same names, and each pair as [`assert_close`] does; `what`
/// comes before the names in messages.
///
/// # Panics
///
/// If they do not.
#[track_caller]
pub fn assert_all_close(
    what: &str,
    got: &BTreeMap<String, Tensor>,
    want: &BTreeMap<String, Tensor>,
    tolerance: Tolerance,
) {
    let names = |tensors: &BTreeMap<String, Tensor>| tensors.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(got), names(want), "{what}");
    for (name, want) in want {
        assert_close(&format!("{what}.{name}"), &got[name], want, tolerance);
    }
}

#[track_caller]
fn worst(what: &str, got: &Tensor, want: &Tensor) -> Worst {
    assert_eq!(
        got.dims(),
        want.dims(),
        "{what}: the shapes differ (got, want)"
    );
    let dims = got.dims().to_vec();
    let (got, want) = (host_f64(what, got), host_f64(what, want));
    let scale = want
        .iter()
        .fold(0.0, |scale: f64, value| scale.max(value.abs()));
    let mut worst = Worst {
        error: 0.0,
        index: vec![0; dims.len()],
        got: 0.0,
        want: 0.0,
    };
    let mut largest = -1.0;
    for (flat, (&got, &want)) in got.iter().zip(&want).enumerate() {
        let finite = got.is_finite() && want.is_finite();
        let difference = if finite {
            (got - want).abs()
        } else {
            f64::INFINITY
        };
        if difference > largest {
            largest = difference;
            let error = if scale > 0.0 && finite {
                difference / scale
            } else {
                difference
            };
            worst = Worst {
                error,
                index: unravel(flat, &dims),
                got,
                want,
            };
        }
    }
    worst
}

/// The values in row-major order, as f64 on the host.
#[track_caller]
pub(crate) fn host_f64(what: &str, tensor: &Tensor) -> Vec<f64> {
    let values = tensor
        .to_device(&Device::Cpu)
        .and_then(|tensor| tensor.to_dtype(DType::F64))
        .and_then(|tensor| tensor.flatten_all())
        .and_then(|tensor| tensor.to_vec1());
    match values {
        Ok(values) => values,
        Err(error) => panic!("{what}: the values cannot be read: {error}"),
    }
}

/// The index of the `flat`-th element in row-major order.
pub(crate) fn unravel(flat: usize, dims: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut index: Vec<usize> = dims
        .iter()
        .rev()
        .map(|&dim| {
            let position = rest % dim;
            rest /= dim;
            position
        })
        .collect();
    index.reverse();
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(values: &[f64]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    #[test]
    fn error_is_relative_to_the_largest_reference_value() {
        let error = relative_error(&tensor(&[1.0, -4.0, 0.5]), &tensor(&[1.0, -4.0, 0.1]));
        assert!((error - 0.1).abs() < 1e-12, "{error}");
    }

    #[test]
    fn error_against_zeros_is_absolute() {
        assert_eq!(
            relative_error(&tensor(&[0.0, 0.25]), &tensor(&[0.0, 0.0])),
            0.25
        );
        assert_eq!(relative_error(&tensor(&[]), &tensor(&[])), 0.0);
    }

    #[test]
    fn types_of_numbers_may_differ() {
        let f32 = tensor(&[1.0, 2.0]).to_dtype(DType::F32).unwrap();
        assert_close("types", &f32, &tensor(&[1.0, 2.0]), Tolerance::EXACT);
    }

    #[test]
    fn non_finite_values_are_never_close() {
        for pair in [
            [f64::NAN, 1.0],
            [1.0, f64::NAN],
            [f64::NAN, f64::NAN],
            [f64::INFINITY; 2],
        ] {
            let error = relative_error(&tensor(&[0.0, pair[0]]), &tensor(&[0.0, pair[1]]));
            assert_eq!(error, f64::INFINITY, "{pair:?}");
        }
    }

    #[test]
    #[should_panic(expected = "worst at [1, 2]: got 7, want 6")]
    fn message_names_the_worst_index() {
        let want = Tensor::new(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &Device::Cpu).unwrap();
        let got = Tensor::new(&[[1.0, 2.0, 3.0], [4.5, 5.0, 7.0]], &Device::Cpu).unwrap();
        assert_close("images", &got, &want, Tolerance::F32_RELATIVE);
    }

    #[test]
    #[should_panic(expected = "the shapes differ")]
    fn other_shapes_are_refused() {
        let got = tensor(&[1.0, 2.0]).reshape((1, 2)).unwrap();
        assert_close("shapes", &got, &tensor(&[1.0, 2.0]), Tolerance::EXACT);
    }
}
