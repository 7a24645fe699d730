#[cfg(feature = "cuda")]
mod device;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, InplaceOp3, Layout, Result as CandleResult, Tensor, Var, WithDType};
use rayon::prelude::*;

use super::float::{dense, dense_mut, for_float, runs_on_cpu_kernels};
use super::leaky_relu::CHUNK;
use super::moving_average::Average;
use crate::{Error, Result};

/// The four numbers of Adam (Kingma and Ba 2015).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamRates {
    /// Step size, alpha.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

/// First and second moment of one parameter's gradient.
#[derive(Debug, Clone)]
pub struct AdamMoments {
    first: Var,
    second: Var,
}

impl AdamMoments {
    /// Moments of 0 for a parameter of this shape, type and device.
    ///
    /// # Errors
    ///
    /// A candle error when memory cannot be allocated.
    pub fn zeros_like(parameter: &Tensor) -> Result<Self> {
        let zeros = || Var::zeros(parameter.shape(), parameter.dtype(), parameter.device());
        Ok(Self {
            first: zeros()?,
            second: zeros()?,
        })
    }

    /// Moments restored from tensors, which are copied.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the two differ in shape.
    pub fn from_tensors(first: &Tensor, second: &Tensor) -> Result<Self> {
        if first.dims() != second.dims() {
            return Err(Error::ShapeMismatch {
                what: "second moment",
                expected: format!("{:?}", first.dims()),
                got: second.dims().to_vec(),
            });
        }
        Ok(Self {
            first: Var::from_tensor(&first.copy()?)?,
            second: Var::from_tensor(&second.copy()?)?,
        })
    }

    /// The first moment (running mean of the gradient).
    #[must_use]
    pub fn first(&self) -> &Tensor {
        self.first.as_tensor()
    }

    /// The second moment (running mean of the squared gradient).
    #[must_use]
    pub fn second(&self) -> &Tensor {
        self.second.as_tensor()
    }
}

/// Moves a parameter by one step of Adam, in place.
///
/// **Equation** (Kingma and Ba 2015, algorithm 1, with PyTorch's place for epsilon), t = `step` >= 1:
///
/// ```text
/// m = beta1 m + (1 - beta1) g            v = beta2 v + (1 - beta2) g^2
/// p = p - rate/(1 - beta1^t) m / (sqrt(v)/sqrt(1 - beta2^t) + epsilon)
/// ```
///
/// **Shapes** the parameter's for all three.
///
/// # Errors
///
/// [`Error::ShapeMismatch`] when the gradient or the moments have another shape than the parameter;
/// [`Error::OutOfRange`] when `step` is 0.
pub fn adam_step(
    parameter: &Var,
    gradient: &Tensor,
    moments: &AdamMoments,
    rates: AdamRates,
    step: u64,
) -> Result<()> {
    for (what, tensor) in [("gradient", gradient), ("moments", moments.first())] {
        if tensor.dims() != parameter.dims() {
            return Err(Error::ShapeMismatch {
                what,
                expected: format!("{:?}", parameter.dims()),
                got: tensor.dims().to_vec(),
            });
        }
    }
    if step == 0 {
        return Err(Error::OutOfRange {
            what: "Adam step",
            expected: "at least 1".into(),
            got: "0".into(),
        });
    }
    let scales = Scales::new(rates, step);
    #[cfg(feature = "cuda")]
    if super::float::runs_on_cuda_kernels(parameter) {
        return device::adam_step(parameter, gradient, moments, rates, scales);
    }
    if !runs_on_cpu_kernels(parameter) {
        return reference(parameter, gradient, moments, rates, scales);
    }
    let gradient = gradient.contiguous()?;
    moments
        .first
        .inplace_op2(&gradient, &Average::of_values(rates.beta1))?;
    moments
        .second
        .inplace_op2(&gradient, &Average::of_squares(rates.beta2))?;
    Ok(parameter.inplace_op3(moments.first(), moments.second(), &Move { scales })?)
}

/// The step size and the root's factor after bias correction.
#[derive(Clone, Copy)]
struct Scales {
    step_size: f64,
    root_factor: f64,
    epsilon: f64,
}

impl Scales {
    fn new(rates: AdamRates, step: u64) -> Self {
        let step = step as f64;
        Self {
            step_size: rates.learning_rate / (1.0 - rates.beta1.powf(step)),
            root_factor: 1.0 / (1.0 - rates.beta2.powf(step)).sqrt(),
            epsilon: rates.epsilon,
        }
    }
}

fn reference(
    parameter: &Var,
    gradient: &Tensor,
    moments: &AdamMoments,
    rates: AdamRates,
    scales: Scales,
) -> Result<()> {
    let first = ((moments.first() * rates.beta1)? + (gradient * (1.0 - rates.beta1))?)?;
    let second = ((moments.second() * rates.beta2)? + (gradient.sqr()? * (1.0 - rates.beta2))?)?;
    let denominator = ((second.sqrt()? * scales.root_factor)? + scales.epsilon)?;
    let moved = (parameter.as_tensor() - ((&first / denominator)? * scales.step_size)?)?;
    moments.first.set(&first.detach())?;
    moments.second.set(&second.detach())?;
    Ok(parameter.set(&moved.detach())?)
}

struct Move {
    scales: Scales,
}

impl InplaceOp3 for Move {
    fn name(&self) -> &'static str {
        "semantic-inpaint-adam-step"
    }

    fn cpu_fwd(
        &self,
        parameter: &mut CpuStorage,
        parameter_layout: &Layout,
        first: &CpuStorage,
        first_layout: &Layout,
        second: &CpuStorage,
        second_layout: &Layout,
    ) -> CandleResult<()> {
        for_float!(first.dtype(), T => {
            let first = dense::<T>(first, first_layout)?;
            let second = dense::<T>(second, second_layout)?;
            let step_size = T::from_f64(self.scales.step_size);
            let root_factor = T::from_f64(self.scales.root_factor);
            let epsilon = T::from_f64(self.scales.epsilon);
            dense_mut::<T>(parameter, parameter_layout)?
                .par_chunks_mut(CHUNK)
                .zip(first.par_chunks(CHUNK))
                .zip(second.par_chunks(CHUNK))
                .for_each(|((parameter, first), second)| {
                    for ((p, &m), &v) in parameter.iter_mut().zip(first).zip(second) {
                        *p -= step_size * m / (v.sqrt() * root_factor + epsilon);
                    }
                });
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, Rng};

    const RATES: AdamRates = AdamRates {
        learning_rate: 2e-4,
        beta1: 0.5,
        beta2: 0.999,
        epsilon: 1e-8,
    };

    #[test]
    fn ten_steps_equal_the_reference() {
        let mut rng = Rng::from_seed(1);
        let start = rng.normal(0.0, 1.0, (3, 50), &Device::Cpu).unwrap();
        let (fast, plain) = (
            Var::from_tensor(&start.copy().unwrap()).unwrap(),
            Var::from_tensor(&start).unwrap(),
        );
        let moments = || AdamMoments::zeros_like(&start).unwrap();
        let (fast_moments, plain_moments) = (moments(), moments());
        for step in 1..=10 {
            let gradient = rng.normal(0.0, 1.0, (3, 50), &Device::Cpu).unwrap();
            adam_step(&fast, &gradient, &fast_moments, RATES, step).unwrap();
            let scales = Scales::new(RATES, step);
            reference(&plain, &gradient, &plain_moments, RATES, scales).unwrap();
        }
        let (fast, plain) = (
            fast.to_vec2::<f32>().unwrap(),
            plain.to_vec2::<f32>().unwrap(),
        );
        for (fast, plain) in fast.concat().iter().zip(plain.concat()) {
            assert!((fast - plain).abs() < 1e-6);
        }
    }

    #[test]
    fn the_first_step_has_the_size_of_the_rate() {
        let parameter = Var::new(&[1.0f64, 1.0], &Device::Cpu).unwrap();
        let gradient = Tensor::new(&[3.0f64, -0.001], &Device::Cpu).unwrap();
        let moments = AdamMoments::zeros_like(&parameter).unwrap();
        adam_step(&parameter, &gradient, &moments, RATES, 1).unwrap();
        let moved = parameter.to_vec1::<f64>().unwrap();
        assert!((moved[0] - (1.0 - 2e-4)).abs() < 1e-9);
        assert!((moved[1] - (1.0 + 2e-4)).abs() < 1e-8);
    }

    #[test]
    fn shapes_and_step_zero_are_refused() {
        let parameter = Var::new(&[1.0f32, 1.0], &Device::Cpu).unwrap();
        let moments = AdamMoments::zeros_like(&parameter).unwrap();
        let short = Tensor::new(&[1.0f32], &Device::Cpu).unwrap();
        assert!(adam_step(&parameter, &short, &moments, RATES, 1).is_err());
        let gradient = parameter.zeros_like().unwrap();
        assert!(adam_step(&parameter, &gradient, &moments, RATES, 0).is_err());
    }
}
