use semantic_inpaint_tensor::ops::{
    BatchStatistics, NormalizedConvolution, batch_norm_leaky_relu, channel_affine, leaky_relu,
    moving_average, normalized_convolution,
};
use semantic_inpaint_tensor::{Result as TensorResult, Tensor, Var};

use crate::{Error, Init, Kernel, Mode, ParamSpec, Params, Result, Role};

/// Added to the variance, as in PyTorch.
const EPSILON: f64 = 1e-5;
/// What the running averages keep of themselves at each update, as in PyTorch (momentum 0.1).
const DECAY: f64 = 0.9;

/// Batch normalization of each channel (Ioffe and Szegedy 2015).
///
/// **Equation** `y = weight (x - mean) / sqrt(variance + 1e-5) + bias`
///
/// **Training** ([`Mode::Train`]) uses mean and biased variance of the batch, and moves the running
/// averages by a tenth towards its mean and unbiased variance. **Evaluation** ([`Mode::Eval`]) uses
/// the running averages and changes nothing, so that images of a batch are independent.
///
/// **Shapes** `[N, C, H, W]` to the same; parameters `[C]`: `weight`, `bias`, `running_mean`,
/// `running_var`.
#[derive(Debug, Clone)]
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_variance: Tensor,
    updates: Option<(Var, Var)>,
}

impl BatchNorm {
    /// The declarations of `PREFIX.weight` (around 1), `.bias`, `.running_mean` and `.running_var`.
    #[must_use]
    pub fn specs(prefix: &str, channels: usize) -> Vec<ParamSpec> {
        let spec = |name: &str, init, role| {
            ParamSpec::new(format!("{prefix}.{name}"), [channels], init, role)
        };
        vec![
            spec(
                "weight",
                Init::NormalAroundOne { deviation: 0.02 },
                Role::Weight,
            ),
            spec("bias", Init::Zeros, Role::Weight),
            spec("running_mean", Init::Zeros, Role::Statistic),
            spec("running_var", Init::Ones, Role::Statistic),
        ]
    }

    /// The layer that reads the four parameters under `PREFIX`.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`].
    pub fn new(params: &Params, prefix: &str) -> Result<Self> {
        let name = |part: &str| format!("{prefix}.{part}");
        let tensor = |part: &str| params.tensor(&name(part)).cloned();
        let variable = |part: &str| params.variable(&name(part)).cloned();
        Ok(Self {
            weight: tensor("weight")?,
            bias: tensor("bias")?,
            running_mean: tensor("running_mean")?,
            running_variance: tensor("running_var")?,
            updates: variable("running_mean").zip(variable("running_var")),
        })
    }

    /// The normalized images.
    ///
    /// # Errors
    ///
    /// [`Error::Frozen`] in training mode when the statistics are fixed; a tensor error when shapes
    /// do not fit or a channel has a single value.
    pub fn forward(&self, images: &Tensor, mode: Mode) -> Result<Tensor> {
        match mode {
            Mode::Train => self.train(images, 1.0),
            Mode::Eval => {
                let (scale, shift) = self.scale_and_shift()?;
                Ok(channel_affine(images, &scale, &shift)?)
            }
        }
    }

    /// The gradient before the layer from the one behind it, at the layer's input `images`, as an
    /// expression that can be differentiated itself.
    ///
    /// **Equation** with means over N, H and W, and x^ the normalized images:
    ///
    /// ```text
    /// training:    weight / deviation (g - mean(g) - x^ mean(g x^))
    /// evaluation:  weight / deviation g
    /// ```
    ///
    /// **Shapes** `[N, C, H, W]` for both and the result. No statistics are moved.
    ///
    /// # Errors
    ///
    /// A tensor error when shapes do not fit.
    pub fn pullback(&self, gradient: &Tensor, images: &Tensor, mode: Mode) -> Result<Tensor> {
        let channels = gradient.dim(1)?;
        let wide = |values: &Tensor| values.reshape((1, channels, 1, 1));
        if mode == Mode::Eval {
            let (scale, _) = self.scale_and_shift()?;
            return Ok(gradient.broadcast_mul(&wide(&scale)?)?);
        }
        let count = (images.elem_count() / channels) as f64;
        let mean = |values: &Tensor| values.sum_keepdim((0, 2, 3))? / count;
        let centered = images.broadcast_sub(&mean(images)?)?;
        let inverse = (mean(&centered.sqr()?)? + EPSILON)?.sqrt()?.recip()?;
        // The slope of g against x^, both factors of the deviation in one: x^ mean(g x^).
        let slope = (mean(&(gradient * &centered)?)? * inverse.sqr()?)?;
        let free = gradient
            .broadcast_sub(&mean(gradient)?)?
            .sub(&centered.broadcast_mul(&slope)?)?;
        Ok(free.broadcast_mul(&(wide(&self.weight)? * inverse)?)?)
    }

    /// The normalized images behind a leaky rectifier: in training, one operation instead of two.
    ///
    /// # Errors
    ///
    /// As [`BatchNorm::forward`]; a tensor error for a negative slope.
    pub fn forward_rectified(&self, images: &Tensor, slope: f64, mode: Mode) -> Result<Tensor> {
        match mode {
            Mode::Train => self.train(images, slope),
            Mode::Eval => Ok(leaky_relu(&self.forward(images, mode)?, slope)?),
        }
    }

    fn train(&self, images: &Tensor, slope: f64) -> Result<Tensor> {
        self.updated(|scale, shift| batch_norm_leaky_relu(images, scale, shift, EPSILON, slope))
    }

    /// What [`BatchNorm::forward_rectified`] makes of the convolved images in training mode, as one operation with
    /// the convolution.
    pub(crate) fn train_convolved(
        &self,
        images: &Tensor,
        kernel: Kernel<'_>,
        slope: f64,
    ) -> Result<Tensor> {
        let settings = NormalizedConvolution {
            direction: kernel.direction,
            geometry: kernel.geometry,
            precision: kernel.precision,
            epsilon: EPSILON,
            slope,
        };
        self.updated(|scale, shift| {
            normalized_convolution(images, kernel.weight, (scale, shift), settings)
        })
    }

    /// The result of an operation with the layer's scale and shift, whose statistics move the running ones.
    fn updated(
        &self,
        normalize: impl FnOnce(&Tensor, &Tensor) -> TensorResult<(Tensor, BatchStatistics)>,
    ) -> Result<Tensor> {
        let (mean, variance) = self.updates.as_ref().ok_or(Error::Frozen)?;
        let (result, batch) = normalize(&self.weight, &self.bias)?;
        let BatchStatistics { count, .. } = batch;
        let unbiased = (&batch.variance * (count as f64 / (count - 1) as f64))?;
        moving_average(mean, &batch.mean, DECAY)?;
        moving_average(variance, &unbiased, DECAY)?;
        Ok(result)
    }

    /// The map that the layer is in evaluation, `y = scale x + shift`, each `[C]`; the scale can be
    /// folded into the convolution before.
    ///
    /// # Errors
    ///
    /// A tensor error when the device fails.
    pub fn scale_and_shift(&self) -> Result<(Tensor, Tensor)> {
        let deviation = (&self.running_variance.detach() + EPSILON)?.sqrt()?;
        let scale = (&self.weight / deviation)?;
        let shift = (&self.bias - (&self.running_mean.detach() * &scale)?)?;
        Ok((scale, shift))
    }
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_tensor::{DType, Device, Rng};

    use super::*;

    fn layer(params: &Params) -> BatchNorm {
        BatchNorm::new(params, "norm").unwrap()
    }

    fn params() -> Params {
        let specs = BatchNorm::specs("norm", 3);
        Params::initialize(&specs, &mut Rng::from_seed(1), &Device::Cpu).unwrap()
    }

    fn images() -> Tensor {
        Rng::from_seed(2)
            .normal(0.5, 2.0, (4, 3, 5, 5), &Device::Cpu)
            .unwrap()
    }

    fn statistics(params: &Params) -> Vec<f32> {
        ["norm.running_mean", "norm.running_var"]
            .iter()
            .flat_map(|name| params.tensor(name).unwrap().to_vec1::<f32>().unwrap())
            .collect()
    }

    #[test]
    fn evaluation_leaves_the_statistics_alone_and_training_moves_them_by_a_tenth() {
        let params = params();
        let before = statistics(&params);
        layer(&params).forward(&images(), Mode::Eval).unwrap();
        assert_eq!(statistics(&params), before);
        layer(&params).forward(&images(), Mode::Train).unwrap();
        let values = images().transpose(0, 1).unwrap().flatten_from(1).unwrap();
        let mean: Vec<f32> = values.mean(1).unwrap().to_vec1().unwrap();
        let variance: Vec<f32> = values.var(1).unwrap().to_vec1().unwrap();
        for (channel, got) in statistics(&params).iter().enumerate() {
            let want = match channel {
                0..3 => 0.1 * mean[channel],
                _ => 0.9 + 0.1 * variance[channel - 3],
            };
            assert!((got - want).abs() < 1e-5, "{got} {want}");
        }
    }

    #[test]
    fn an_image_is_independent_of_its_batch_in_evaluation() {
        let params = params();
        layer(&params).forward(&images(), Mode::Train).unwrap();
        let frozen = layer(&params.frozen().unwrap());
        let together = frozen.forward(&images(), Mode::Eval).unwrap();
        let alone = frozen
            .forward(&images().narrow(0, 2, 1).unwrap(), Mode::Eval)
            .unwrap();
        let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(flat(&together.narrow(0, 2, 1).unwrap()), flat(&alone));
    }

    #[test]
    fn frozen_layers_refuse_training() {
        let frozen = layer(&params().frozen().unwrap());
        assert!(matches!(
            frozen.forward(&images(), Mode::Train),
            Err(Error::Frozen)
        ));
        assert_eq!(images().dtype(), DType::F32);
    }
}
