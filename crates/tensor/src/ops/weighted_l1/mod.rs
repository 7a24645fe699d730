use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp1, CustomOp3, Layout, Result as CandleResult, Shape, Tensor, WithDType,
};
use rayon::prelude::*;

use super::float::{Float, dense, for_float, runs_on_cpu_kernels};
use crate::{Error, Result};

/// The weighted sum of absolute differences of each image.
///
/// **Equation**, the context loss of Yeh et al. 2017 for images x and target y:
///
/// ```text
/// l[n] = sum_{c,h,w} W[n,h,w] |x[n,c,h,w] - y[n,c,h,w]|
/// ```
///
/// **Shapes** images and target `[N, C, H, W]`, weights `[N, 1, H, W]`, result `[N]`. Only the images
/// take a gradient; it is 0 where the difference is 0, as in PyTorch. Pixels of weight 0 are not
/// read from the target. An image has the same bits alone and in a batch.
///
/// # Errors
///
/// [`Error::ShapeMismatch`] when the shapes do not fit each other.
pub fn weighted_l1(images: &Tensor, target: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let (count, _, height, width) = images.dims4()?;
    let mismatch = |what, expected, tensor: &Tensor| {
        Err(Error::ShapeMismatch {
            what,
            expected,
            got: tensor.dims().to_vec(),
        })
    };
    if target.dims() != images.dims() {
        return mismatch("target", format!("{:?}", images.dims()), target);
    }
    if weights.dims() != [count, 1, height, width] {
        return mismatch(
            "weights",
            format!("{:?}", [count, 1, height, width]),
            weights,
        );
    }
    if !runs_on_cpu_kernels(images) {
        return reference(images, target, weights);
    }
    let (target, weights) = (
        target.detach().contiguous()?,
        weights.detach().contiguous()?,
    );
    Ok(images
        .contiguous()?
        .apply_op3(&target, &weights, WeightedL1)?)
}

fn reference(images: &Tensor, target: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let known = weights.gt(0.0)?.broadcast_as(images.shape())?;
    let target = known.where_cond(target, &images.detach())?;
    let difference = (images - target)?.abs()?;
    Ok(difference
        .broadcast_mul(&weights.detach())?
        .sum((1, 2, 3))?)
}

struct WeightedL1;

impl CustomOp3 for WeightedL1 {
    fn name(&self) -> &'static str {
        "semantic-inpaint-weighted-l1"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (count, channels, height, width) = x_layout.shape().dims4()?;
        let plane = height * width;
        for_float!(x.dtype(), T => {
            let x = dense::<T>(x, x_layout)?.par_chunks_exact(channels * plane);
            let y = dense::<T>(y, y_layout)?.par_chunks_exact(channels * plane);
            let w = dense::<T>(w, w_layout)?.par_chunks_exact(plane);
            let losses = x.zip(y).zip(w).map(|((x, y), w)| T::from_f64(sum(x, y, w))).collect();
            Ok((T::to_cpu_storage_owned(losses), count.into()))
        })
    }

    fn bwd(
        &self,
        images: &Tensor,
        target: &Tensor,
        weights: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        if !images.track_op() {
            return Ok((None, None, None));
        }
        let op = Gradient {
            target,
            weights,
            gradient,
        };
        Ok((Some(images.apply_op1_no_bwd(&op)?), None, None))
    }
}

fn sum<T: Float>(x: &[T], y: &[T], w: &[T]) -> f64 {
    let mut total = 0.0;
    for (x, y) in x.chunks_exact(w.len()).zip(y.chunks_exact(w.len())) {
        for ((&x, &y), &w) in x.iter().zip(y).zip(w) {
            if w > T::zero() {
                total += (w * absolute(x - y)).to_f64();
            }
        }
    }
    total
}

fn absolute<T: Float>(value: T) -> T {
    if value < T::zero() {
        T::zero() - value
    } else {
        value
    }
}

/// `g[n] W sign(x - y)`.
struct Gradient<'a> {
    target: &'a Tensor,
    weights: &'a Tensor,
    gradient: &'a Tensor,
}

impl CustomOp1 for Gradient<'_> {
    fn name(&self) -> &'static str {
        "semantic-inpaint-weighted-l1-gradient"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let (_, channels, height, width) = layout.shape().dims4()?;
        let plane = height * width;
        let (target, target_layout) = self.target.storage_and_layout();
        let (weights, weights_layout) = self.weights.storage_and_layout();
        let (candle_core::Storage::Cpu(target), candle_core::Storage::Cpu(weights)) =
            (&*target, &*weights)
        else {
            candle_core::bail!("weighted_l1: all operands must be on the CPU")
        };
        for_float!(x.dtype(), T => {
            let factors: Vec<T> = self.gradient.to_vec1()?;
            let x = dense::<T>(x, layout)?;
            let y = dense::<T>(target, target_layout)?;
            let w = dense::<T>(weights, weights_layout)?;
            let mut out = vec![T::from_f64(0.0); x.len()];
            out.par_chunks_exact_mut(channels * plane)
                .zip(x.par_chunks_exact(channels * plane))
                .zip(y.par_chunks_exact(channels * plane))
                .zip(w.par_chunks_exact(plane))
                .zip(&factors)
                .for_each(|((((out, x), y), w), &factor)| signed(out, x, y, w, factor));
            Ok((T::to_cpu_storage_owned(out), layout.shape().clone()))
        })
    }
}

fn signed<T: Float>(out: &mut [T], x: &[T], y: &[T], w: &[T], factor: T) {
    let planes = out
        .chunks_exact_mut(w.len())
        .zip(x.chunks_exact(w.len()))
        .zip(y.chunks_exact(w.len()));
    for ((out, x), y) in planes {
        for (((out, &x), &y), &w) in out.iter_mut().zip(x).zip(y).zip(w) {
            if w > T::zero() && x != y {
                *out = if x > y {
                    factor * w
                } else {
                    T::zero() - factor * w
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, Rng, Var};

    fn operands() -> (Var, Tensor, Tensor) {
        let mut rng = Rng::from_seed(3);
        let mut draw = |dims: &[usize]| rng.uniform(-1.0, 1.0, dims, &Device::Cpu).unwrap();
        let images = Var::from_tensor(&draw(&[3, 2, 4, 5])).unwrap();
        let target = draw(&[3, 2, 4, 5]);
        (images, target, draw(&[3, 1, 4, 5]).relu().unwrap())
    }

    fn value_and_gradient(
        op: fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>,
        (images, target, weights): &(Var, Tensor, Tensor),
    ) -> Vec<f32> {
        let loss = op(images, target, weights).unwrap();
        let scaled = (&loss * Tensor::new(&[1.0f32, -2.0, 0.5], &Device::Cpu).unwrap()).unwrap();
        let gradients = scaled.sum_all().unwrap().backward().unwrap();
        let gradient = gradients.get(images).unwrap().flatten_all().unwrap();
        [loss.to_vec1::<f32>().unwrap(), gradient.to_vec1().unwrap()].concat()
    }

    #[test]
    fn value_and_gradient_equal_the_reference() {
        let operands = operands();
        let fast = value_and_gradient(weighted_l1, &operands);
        let plain = value_and_gradient(reference, &operands);
        for (fast, plain) in fast.iter().zip(plain) {
            assert!((fast - plain).abs() < 1e-5, "{fast} {plain}");
        }
    }

    #[test]
    fn equal_values_take_no_gradient() {
        let (images, _, weights) = operands();
        let loss = weighted_l1(&images, &images.detach(), &weights).unwrap();
        let gradients = loss.sum_all().unwrap().backward().unwrap();
        let gradient = gradients
            .get(&images)
            .unwrap()
            .abs()
            .unwrap()
            .sum_all()
            .unwrap();
        assert_eq!(gradient.to_scalar::<f32>().unwrap(), 0.0);
    }

    #[test]
    fn the_target_under_weight_zero_is_never_read() {
        let (images, target, weights) = operands();
        let hidden = weights
            .broadcast_as(target.shape())
            .unwrap()
            .eq(0.0)
            .unwrap();
        let nan = Tensor::full(f32::NAN, target.shape(), &Device::Cpu).unwrap();
        let poisoned = hidden.where_cond(&nan, &target).unwrap();
        let clean = value_and_gradient(weighted_l1, &(images.clone(), target, weights.clone()));
        assert_eq!(
            clean,
            value_and_gradient(weighted_l1, &(images, poisoned, weights))
        );
    }

    #[test]
    fn wrong_shapes_are_refused() {
        let (images, target, weights) = operands();
        assert!(weighted_l1(&images, &target.narrow(0, 0, 2).unwrap(), &weights).is_err());
        assert!(weighted_l1(&images, &target, &weights.narrow(2, 0, 2).unwrap()).is_err());
    }
}
