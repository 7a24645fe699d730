mod gradient;
mod terms;

use semantic_inpaint_mask::{CorruptedImages, ImportanceWeights};
use semantic_inpaint_nn::loss::{log_one_minus_sigmoid, log_sigmoid};
use semantic_inpaint_nn::{Discriminator, Generator, Logits, Mode};
use semantic_inpaint_tensor::ops::weighted_l1;
use semantic_inpaint_tensor::{
    DType, Device, Error as TensorError, ImageBatch, Latent, Tensor, Var,
};

use crate::search::mirrored;
use crate::{ContextDistance, ContextReduction, Error, PriorLoss, Result, SearchConfig};

pub use gradient::gradient_loss;
use gradient::{PairTensors, PairWeights};

/// The context loss of each image: how far generated pixels are from the known ones around the hole.
///
/// **Equation** (Yeh et al. 2017, context loss), summed over channels and pixels i:
///
/// ```text
/// sum:            L_c = sum_i W_i d(G(z)_i - y_i)
/// weighted mean:  L_c = sum_i W_i d(G(z)_i - y_i) / sum_i W_i
/// ```
///
/// with `d(x) = |x|` in the paper and `x^2` for [`ContextDistance::Squared`].
///
/// **Shapes** generated and corrupted `[N, C, H, W]`, weights `[N, 1, H, W]`, result `[N]`. **Range**
/// at least 0; the weighted mean is at most 2, or 4 if squared. The hole has weight 0 and is never
/// read. **Gradient** with respect to the generated images alone; that of `|0|` is 0.
///
/// # Errors
///
/// A shape mismatch when the three do not fit each other.
pub fn context_loss(
    generated: &ImageBatch,
    corrupted: &CorruptedImages,
    weights: &ImportanceWeights,
    distance: ContextDistance,
    reduction: ContextReduction,
) -> Result<Tensor> {
    let device = generated.tensor().device();
    let weights_tensor = weights
        .to_tensor(device)?
        .to_dtype(generated.tensor().dtype());
    let target = corrupted
        .images()
        .tensor()
        .to_dtype(generated.tensor().dtype());
    let (weights_tensor, target) = (
        weights_tensor.map_err(TensorError::from)?,
        target.map_err(TensorError::from)?,
    );
    let sums = weighted_distance(generated.tensor(), &target, &weights_tensor, distance)?;
    let scales = scales(weights, generated.shape().channels, reduction);
    Ok((sums * vector(scales, generated.tensor().dtype(), device)?).map_err(TensorError::from)?)
}

/// The prior loss of each image, from the discriminator's logits, in a form that never overflows.
///
/// **Equation** (Yeh et al. 2017, prior loss): `log(1 - D) = -softplus(logit)`, at most 0; or, as in
/// the published code, `-log D = softplus(-logit)`, at least 0. **Shapes** `[N]` to `[N]`.
///
/// # Errors
///
/// A tensor error when the device fails.
pub fn prior_loss(logits: &Logits, form: PriorLoss) -> Result<Tensor> {
    Ok(match form {
        PriorLoss::LogOneMinusD => log_one_minus_sigmoid(logits.tensor())?,
        PriorLoss::MinusLogD => log_sigmoid(logits.tensor())?
            .neg()
            .map_err(TensorError::from)?,
    })
}

/// The latent loss of each row: how improbable its latent is under the standard normal prior.
///
/// **Equation**: `||z||^2 / (2 Z)`, the negative log density `||z||^2 / 2 + Z log(2 pi) / 2` for each
/// coordinate and without its constant, so that its weight means the same for every length of latents.
/// Bora et al. 2017 (arXiv 1703.03208) add `lambda ||z||^2`, which is this with the weight `2 Z lambda`.
/// **Shapes** `[N, Z]` to `[N]`. **Range** at least 0; 1/2 on average over the prior, and everywhere on the
/// sphere of radius `sqrt(Z)`, where it changes nothing.
///
/// # Errors
///
/// A tensor error when the device fails.
pub fn latent_loss(latent: &Latent) -> Result<Tensor> {
    let squares = latent.tensor().sqr().and_then(|squares| squares.mean(1));
    Ok((squares.map_err(TensorError::from)? * 0.5).map_err(TensorError::from)?)
}

/// The sum of the weighted distances of each image, `[N]`.
fn weighted_distance(
    generated: &Tensor,
    target: &Tensor,
    weights: &Tensor,
    distance: ContextDistance,
) -> Result<Tensor> {
    match distance {
        ContextDistance::Absolute => Ok(weighted_l1(generated, target, weights)?),
        ContextDistance::Squared => Ok(weighted_squares(generated, target, weights)?),
    }
}

fn weighted_squares(
    generated: &Tensor,
    target: &Tensor,
    weights: &Tensor,
) -> semantic_inpaint_tensor::Result<Tensor> {
    let (count, _, height, width) = generated.dims4()?;
    let expected = [count, 1, height, width];
    if weights.dims() != expected {
        return Err(TensorError::ShapeMismatch {
            what: "weights",
            expected: format!("{expected:?}"),
            got: weights.dims().to_vec(),
        });
    }
    // What the hole holds must not be read: it may be NaN.
    let counts = weights.gt(0.0)?.broadcast_as(generated.shape())?;
    let target = counts.where_cond(target, &generated.detach())?;
    let squares = (generated - target)?.sqr()?;
    Ok(squares.broadcast_mul(weights)?.sum((1, 2, 3))?)
}

fn scales(weights: &ImportanceWeights, channels: usize, reduction: ContextReduction) -> Vec<f64> {
    let scale = |index| match reduction {
        ContextReduction::Sum => 1.0,
        ContextReduction::WeightedMean => 1.0 / (channels as f64 * weights.sum(index)),
    };
    (0..weights.count()).map(scale).collect()
}

fn vector(values: Vec<f64>, dtype: DType, device: &Device) -> Result<Tensor> {
    let count = values.len();
    let tensor = Tensor::from_vec(values, count, device).and_then(|tensor| tensor.to_dtype(dtype));
    Ok(tensor.map_err(TensorError::from)?)
}

/// What z is judged by, for a group of rows.
#[derive(Debug, Clone)]
pub(crate) struct Objective {
    pub(crate) target: Tensor,
    pub(crate) weights: Tensor,
    pub(crate) scales: Tensor,
    pub(crate) distance: ContextDistance,
    /// What neighbors count in the gradient term, reduced and weighted; nothing without it.
    pub(crate) pairs: Option<PairTensors>,
    pub(crate) prior_weight: f64,
    pub(crate) prior_loss: PriorLoss,
    /// What a device that judges and moves the rows itself adds; else the host adds the latent loss.
    pub(crate) latent_weight: f64,
}

/// The losses of a group of rows, and the gradient of their objectives.
#[derive(Debug, Clone)]
pub(crate) struct Evaluation {
    pub(crate) context: Vec<f32>,
    pub(crate) prior: Vec<f32>,
    /// `[rows, Z]`, row by row.
    pub(crate) gradient: Vec<f32>,
}

impl Objective {
    /// The objective of these images on a device.
    pub(crate) fn new(
        corrupted: &CorruptedImages,
        config: &SearchConfig,
        device: &Device,
    ) -> Result<Self> {
        let weights = config.weigh(corrupted.mask())?;
        let channels = corrupted.images().shape().channels;
        if let Some(index) = (0..weights.count()).find(|&index| weights.sum(index) <= 0.0) {
            return Err(Error::NothingToMatch {
                index,
                window: config.widest_window(),
            });
        }
        let factor = config.gradient_weight;
        let pairs = (factor > 0.0).then(|| {
            let settings = (channels, config.reduction, factor);
            PairWeights::new(&weights, corrupted.mask(), settings).to_tensors(device)
        });
        let scales = scales(&weights, channels, config.reduction);
        let weights = weights.to_tensor(device)?;
        let of_images = Self::with_weights(corrupted.images(), weights, scales, config)?;
        Ok(Self {
            pairs: pairs.transpose()?,
            ..of_images
        })
    }

    /// The objective of whole images, each pixel of weight 1.
    pub(crate) fn of_whole(
        images: &ImageBatch,
        config: &SearchConfig,
        device: &Device,
    ) -> Result<Self> {
        let (count, shape) = (images.count(), images.shape());
        let dims = (count, 1, shape.height, shape.width);
        let weights = Tensor::ones(dims, DType::F32, device).map_err(TensorError::from)?;
        let scale = config.reduction.or_sum(1.0 / shape.num_values() as f64);
        let factor = config.gradient_weight;
        let pairs = (factor > 0.0).then(|| {
            let pairs = shape.height * (shape.width - 1) + (shape.height - 1) * shape.width;
            let mean = 1.0 / (shape.channels * pairs).max(1) as f64;
            PairTensors::uniform(&weights, factor * config.reduction.or_sum(mean))
        });
        let pairs = pairs.transpose()?;
        let of_images = Self::with_weights(images, weights, vec![scale; count], config)?;
        Ok(Self { pairs, ..of_images })
    }

    /// On the device of the weights.
    fn with_weights(
        images: &ImageBatch,
        weights: Tensor,
        scales: Vec<f64>,
        config: &SearchConfig,
    ) -> Result<Self> {
        let device = weights.device();
        let target = images.tensor().detach().to_device(device);
        let target = target.and_then(|target| target.to_dtype(DType::F32)?.contiguous());
        Ok(Self {
            target: target.map_err(TensorError::from)?,
            scales: vector(scales, DType::F32, device)?,
            weights,
            distance: config.distance,
            pairs: None,
            prior_weight: config.prior_weight,
            prior_loss: config.prior_loss,
            latent_weight: config.latent_weight,
        })
    }

    /// Images.
    pub(crate) fn rows(&self) -> usize {
        self.scales.elem_count()
    }

    /// The same images in the order of `rows`, which may repeat them.
    pub(crate) fn select(&self, rows: &[u32]) -> Result<Self> {
        let device = self.target.device();
        let rows = Tensor::new(rows, device).map_err(TensorError::from)?;
        let pick = |tensor: &Tensor| -> Result<Tensor> {
            Ok(tensor.index_select(&rows, 0).map_err(TensorError::from)?)
        };
        Ok(Self {
            target: pick(&self.target)?,
            weights: pick(&self.weights)?,
            scales: pick(&self.scales)?,
            pairs: self.map_pairs(|weights| pick(weights))?,
            ..self.clone()
        })
    }

    /// The same images, and behind them all of them mirrored.
    pub(crate) fn with_mirrored(&self) -> Result<Self> {
        let mirrored = self.mirrored()?;
        let join = |one: &Tensor, other: &Tensor| -> Result<Tensor> {
            Ok(Tensor::cat(&[one, other], 0).map_err(TensorError::from)?)
        };
        let pairs = self.pairs.as_ref().zip(mirrored.pairs.as_ref());
        let pairs = pairs.map(|(one, other)| one.join(other, join));
        Ok(Self {
            target: join(&self.target, &mirrored.target)?,
            weights: join(&self.weights, &mirrored.weights)?,
            scales: join(&self.scales, &mirrored.scales)?,
            pairs: pairs.transpose()?,
            ..mirrored
        })
    }

    fn map_pairs(&self, change: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Option<PairTensors>> {
        let pairs = self.pairs.as_ref();
        pairs.map(|pairs| pairs.map(change)).transpose()
    }

    /// The images mirrored.
    pub(crate) fn mirrored(&self) -> Result<Self> {
        Ok(Self {
            target: mirrored(&self.target)?,
            weights: mirrored(&self.weights)?,
            pairs: self.map_pairs(mirrored)?,
            ..self.clone()
        })
    }

    /// Losses and gradient at `z`, `[rows, Z]` row by row.
    pub(crate) fn evaluate<G: Generator, D: Discriminator>(
        &self,
        generator: &G,
        discriminator: Option<&D>,
        z: &[f32],
    ) -> Result<Evaluation> {
        let device = self.target.device();
        let dims = (z.len() / generator.latent_len(), generator.latent_len());
        let z = Tensor::from_slice(z, dims, device).map_err(TensorError::from)?;
        let z = Var::from_tensor(&z).map_err(TensorError::from)?;
        let generated = generator.forward(&Latent::new(z.as_tensor().clone())?, Mode::Eval)?;
        let sums = weighted_distance(
            generated.tensor(),
            &self.target,
            &self.weights,
            self.distance,
        )?;
        let mut context = (sums * &self.scales).map_err(TensorError::from)?;
        if let Some(pairs) = &self.pairs {
            let gradient = pairs.loss(generated.tensor(), &self.target, self.distance)?;
            context = (context + gradient).map_err(TensorError::from)?;
        }
        let prior = match discriminator {
            Some(discriminator) if self.prior_weight > 0.0 => {
                let logits = discriminator.forward(&generated, Mode::Eval)?;
                Some(prior_loss(&logits, self.prior_loss)?)
            }
            _ => None,
        };
        Ok(self.differentiate(&z, &context, prior.as_ref())?)
    }

    fn differentiate(
        &self,
        z: &Var,
        context: &Tensor,
        prior: Option<&Tensor>,
    ) -> semantic_inpaint_tensor::Result<Evaluation> {
        let objective = match prior {
            Some(prior) => (context + (prior * self.prior_weight)?)?,
            None => context.clone(),
        };
        let gradients = objective.sum_all()?.backward()?;
        let gradient = match gradients.get(z) {
            Some(gradient) => gradient.flatten_all()?.to_vec1()?,
            None => vec![0.0; z.elem_count()],
        };
        let prior = match prior {
            Some(prior) => prior.to_vec1()?,
            None => vec![0.0; context.elem_count()],
        };
        Ok(Evaluation {
            context: context.to_vec1()?,
            prior,
            gradient,
        })
    }
}

#[cfg(test)]
mod tests;
