use semantic_inpaint_nn::frozen::{FrozenNetwork, FrozenOptions, Precision, Workspace};
use semantic_inpaint_nn::{Discriminator, Generator};
use semantic_inpaint_tensor::passes::{InstructionSet, MapShape};
use semantic_inpaint_tensor::{Error as TensorError, ImageShape, Tensor};

use crate::objective::{Evaluation, Objective};
use crate::{ContextDistance, Engine, PriorLoss, Result};

/// The networks of a search in their fast form.
#[derive(Debug)]
pub(crate) struct FrozenNetworks {
    single: FrozenPair,
    /// In bfloat16, where it was asked for and the processor has it.
    rough: Option<FrozenPair>,
}

impl FrozenNetworks {
    /// The fast form, if the engine asks for it and all networks have one.
    pub(crate) fn new<G: Generator, D: Discriminator>(
        generator: &G,
        discriminator: Option<&D>,
        engine: Engine,
    ) -> Result<Option<Self>> {
        let Engine::Frozen { favor, precision } = engine else {
            return Ok(None);
        };
        let instruction_set = InstructionSet::detect();
        let pair = |precision| {
            let options = FrozenOptions {
                instruction_set,
                favor,
                precision,
            };
            FrozenPair::new(generator, discriminator, options)
        };
        let Some(single) = pair(Precision::F32)? else {
            return Ok(None);
        };
        let rough = match precision.available(instruction_set) {
            Precision::F32 => None,
            Precision::Bf16 => pair(Precision::Bf16)?,
        };
        Ok(Some(Self { single, rough }))
    }

    /// What a search uses until its last part.
    pub(crate) fn precision(&self) -> Precision {
        let pair = self.rough.as_ref().unwrap_or(&self.single);
        pair.generator.precision()
    }

    /// The networks in this precision, or else in single precision.
    pub(crate) fn pair(&self, precision: Precision) -> &FrozenPair {
        match (precision, &self.rough) {
            (Precision::Bf16, Some(rough)) => rough,
            _ => &self.single,
        }
    }
}

/// Both networks of a search in one precision.
#[derive(Debug)]
pub(crate) struct FrozenPair {
    generator: FrozenNetwork,
    discriminator: Option<FrozenNetwork>,
}

impl FrozenPair {
    /// The fast form, if all networks have one.
    fn new<G: Generator, D: Discriminator>(
        generator: &G,
        discriminator: Option<&D>,
        options: FrozenOptions,
    ) -> Result<Option<Self>> {
        let ImageShape {
            channels,
            height,
            width,
        } = generator.image_shape();
        let latent = MapShape::Map {
            channels: generator.latent_len(),
            side: 1,
        };
        let image = MapShape::Image {
            channels,
            side: height,
        };
        let Some(layers) = generator.layers()? else {
            return Ok(None);
        };
        let Some(fast_generator) = FrozenNetwork::new(&layers, latent, options)? else {
            return Ok(None);
        };
        let fast_discriminator = match discriminator.map(D::layers).transpose()? {
            None => None,
            Some(None) => return Ok(None),
            Some(Some(layers)) => match FrozenNetwork::new(&layers, image, options)? {
                Some(network) if network.output() == LOGITS => Some(network),
                _ => return Ok(None),
            },
        };
        let fits = height == width && fast_generator.output() == image;
        Ok(fits.then_some(Self {
            generator: fast_generator,
            discriminator: fast_discriminator,
        }))
    }

    /// The images of latents `[rows, Z]`, `[rows, C, H, W]`.
    pub(crate) fn generate(&self, z: &[f32]) -> Vec<f32> {
        let rows = z.len() / self.generator.input().channels();
        let mut workspace = self.generator.workspace(rows);
        workspace.set_input(z);
        self.generator.forward(&mut workspace);
        let mut images = vec![
            0.0;
            self.generator
                .output()
                .len(self.generator.instruction_set(), rows)
        ];
        workspace.read_output(&mut images);
        images
    }
}

const LOGITS: MapShape = MapShape::Map {
    channels: 1,
    side: 1,
};

/// [`Objective`] by frozen networks, with all buffers of its rows.
#[derive(Debug)]
pub(crate) struct FrozenObjective {
    generator: Workspace,
    discriminator: Option<Workspace>,
    channels: usize,
    /// `[rows, C, H, W]`
    target: Vec<f32>,
    /// `[rows, 1, H, W]`
    weights: Vec<f32>,
    scales: Vec<f32>,
    distance: ContextDistance,
    prior_weight: f32,
    prior_loss: PriorLoss,
    images: Vec<f32>,
    image_gradient: Vec<f32>,
    logits: Vec<f32>,
}

impl FrozenObjective {
    pub(crate) fn new(pair: &FrozenPair, objective: &Objective) -> Result<Self> {
        let values = |tensor: &Tensor| -> Result<Vec<f32>> {
            let values = tensor.flatten_all().and_then(|tensor| tensor.to_vec1());
            Ok(values.map_err(TensorError::from)?)
        };
        let rows = objective.rows();
        let target = values(&objective.target)?;
        let judged = (objective.prior_weight > 0.0).then_some(&pair.discriminator);
        let judged = judged.and_then(Option::as_ref);
        Ok(Self {
            generator: pair.generator.workspace(rows),
            discriminator: judged.map(|network| network.workspace(rows)),
            channels: pair.generator.output().channels(),
            images: vec![0.0; target.len()],
            image_gradient: vec![0.0; target.len()],
            target,
            weights: values(&objective.weights)?,
            scales: values(&objective.scales)?,
            distance: objective.distance,
            prior_weight: objective.prior_weight as f32,
            prior_loss: objective.prior_loss,
            logits: vec![0.0; rows],
        })
    }

    /// Goes on with these networks, of the same shapes.
    pub(crate) fn move_to(&mut self, pair: &FrozenPair) {
        self.generator = pair.generator.workspace(self.generator.images());
        if let (Some(network), Some(workspace)) = (&pair.discriminator, &mut self.discriminator) {
            *workspace = network.workspace(workspace.images());
        }
    }

    /// Losses and gradient at `z`, `[rows, Z]` row by row. Allocates nothing.
    pub(crate) fn evaluate(&mut self, pair: &FrozenPair, z: &[f32], evaluation: &mut Evaluation) {
        self.generator.set_input(z);
        pair.generator.forward(&mut self.generator);
        self.generator.read_output(&mut self.images);
        match (&pair.discriminator, &mut self.discriminator) {
            (Some(network), Some(workspace)) => {
                workspace.set_input(&self.images);
                network.forward(workspace);
                workspace.read_output(&mut self.logits);
                let form = self.prior_loss;
                for (prior, logit) in evaluation.prior.iter_mut().zip(&mut self.logits) {
                    let (loss, slope) = prior_loss_and_slope(*logit, form);
                    (*prior, *logit) = (loss, self.prior_weight * slope);
                }
                workspace.set_output_gradient(&self.logits);
                network.backward(workspace);
                workspace.read_input_gradient(&mut self.image_gradient);
            }
            _ => {
                self.image_gradient.fill(0.0);
                evaluation.prior.fill(0.0);
            }
        }
        self.add_context(&mut evaluation.context);
        self.generator.set_output_gradient(&self.image_gradient);
        pair.generator.backward(&mut self.generator);
        self.generator.read_input_gradient(&mut evaluation.gradient);
    }

    /// Context losses, and their gradient added to the images'.
    fn add_context(&mut self, losses: &mut [f32]) {
        let pixels = self.weights.len() / self.scales.len();
        let len = pixels * self.channels;
        for (row, loss) in losses.iter_mut().enumerate() {
            let (weights, scale) = (&self.weights[row * pixels..][..pixels], self.scales[row]);
            let mut sum = 0.0;
            for channel in 0..self.channels {
                let plane = row * len + channel * pixels..row * len + (channel + 1) * pixels;
                let (x, y) = (&self.images[plane.clone()], &self.target[plane.clone()]);
                let gradient = &mut self.image_gradient[plane];
                sum += match self.distance {
                    ContextDistance::Absolute => {
                        weighted_distance(x, y, weights, scale, gradient, absolute)
                    }
                    ContextDistance::Squared => {
                        weighted_distance(x, y, weights, scale, gradient, squared)
                    }
                };
            }
            *loss = sum * scale;
        }
    }
}

/// Partial sums of a row of pixels, enough for the widest vectors.
const LANES: usize = 16;

/// `sum W d(x - y)`, and `scale W d'(x - y)` added to the gradient, where `distance` gives d and d'.
fn weighted_distance(
    x: &[f32],
    y: &[f32],
    weights: &[f32],
    scale: f32,
    gradient: &mut [f32],
    distance: impl Fn(f32) -> (f32, f32),
) -> f32 {
    let mut sums = [0.0f32; LANES];
    let chunks = x
        .chunks(LANES)
        .zip(y.chunks(LANES))
        .zip(weights.chunks(LANES));
    for (((x, y), weights), gradient) in chunks.zip(gradient.chunks_mut(LANES)) {
        let pixels = x.iter().zip(y).zip(weights).zip(gradient);
        for (sum, (((&x, &y), &weight), gradient)) in sums.iter_mut().zip(pixels) {
            let (value, slope) = distance(x - y);
            *sum += weight * value;
            *gradient += scale * weight * slope;
        }
    }
    sums.iter().sum()
}

/// `|x|` and its derivative, which is 0 at 0.
fn absolute(difference: f32) -> (f32, f32) {
    let sign = f32::from(u8::from(difference > 0.0)) - f32::from(u8::from(difference < 0.0));
    (difference.abs(), sign)
}

/// `x^2` and its derivative.
fn squared(difference: f32) -> (f32, f32) {
    (difference * difference, 2.0 * difference)
}

/// The prior loss of a logit and its derivative.
fn prior_loss_and_slope(logit: f32, form: PriorLoss) -> (f32, f32) {
    let softplus = |x: f32| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
    match form {
        PriorLoss::LogOneMinusD => (-softplus(logit), -sigmoid(logit)),
        PriorLoss::MinusLogD => (softplus(-logit), -sigmoid(-logit)),
    }
}

#[cfg(test)]
mod tests;
