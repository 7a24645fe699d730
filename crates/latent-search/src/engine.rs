mod context;
mod cuda;

use semantic_inpaint_nn::frozen::{FrozenNetwork, FrozenOptions, Precision, Workspace};
use semantic_inpaint_nn::{Discriminator, Generator};
use semantic_inpaint_tensor::passes::cuda::Runtime;
use semantic_inpaint_tensor::passes::{InstructionSet, MapShape};
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageShape, Tensor};

use crate::objective::{Evaluation, Objective};
use crate::{Engine, PriorLoss, Result, SearchConfig};
use context::{Context, Differences};
pub(crate) use cuda::{CudaNetworks, CudaObjective, Last, Rows};

/// The networks of a search in the fast form of their device.
#[derive(Debug)]
pub(crate) enum FastNetworks {
    /// On the CPU.
    Host(Box<FrozenNetworks>),
    /// On a CUDA device.
    Cuda(Box<CudaNetworks>),
}

impl FastNetworks {
    /// The fast form, if the engine asks for it, and device and networks have one.
    pub(crate) fn new<G: Generator, D: Discriminator>(
        device: &Device,
        generator: &G,
        discriminator: Option<&D>,
        config: &SearchConfig,
    ) -> Result<Option<Self>> {
        if device.is_cpu() {
            let networks = FrozenNetworks::new(generator, discriminator, config.engine)?;
            return Ok(networks.map(|networks| Self::Host(Box::new(networks))));
        }
        match (Runtime::of(device)?, config.engine) {
            (Some(runtime), Engine::Frozen { .. }) => {
                Self::on(runtime, generator, discriminator, config)
            }
            _ => Ok(None),
        }
    }

    /// The fast form of this runtime.
    pub(crate) fn on<G: Generator, D: Discriminator>(
        runtime: Runtime,
        generator: &G,
        discriminator: Option<&D>,
        config: &SearchConfig,
    ) -> Result<Option<Self>> {
        let networks = CudaNetworks::new(runtime, generator, discriminator, config)?;
        Ok(networks.map(|networks| Self::Cuda(Box::new(networks))))
    }

    /// What a search multiplies until its last part.
    pub(crate) fn precision(&self) -> Precision {
        match self {
            Self::Host(networks) => networks.precision(),
            Self::Cuda(networks) => networks.precision(),
        }
    }

    /// The images of latents `[rows, Z]` in single precision, `[rows, C, H, W]`.
    pub(crate) fn generate(&self, z: &[f32]) -> Result<Vec<f32>> {
        match self {
            Self::Host(networks) => Ok(networks.pair(Precision::F32).generate(z)),
            Self::Cuda(networks) => networks.generate(z),
        }
    }
}

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
            rough => pair(rough)?,
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
    context: Context,
    prior_weight: f32,
    prior_loss: PriorLoss,
    logits: Vec<f32>,
}

impl FrozenObjective {
    pub(crate) fn new(pair: &FrozenPair, objective: &Objective) -> Result<Self> {
        let values = |tensor: &Tensor| -> Result<Vec<f32>> {
            let values = tensor.flatten_all().and_then(|tensor| tensor.to_vec1());
            Ok(values.map_err(TensorError::from)?)
        };
        let rows = objective.rows();
        let context = Context {
            target: values(&objective.target)?,
            weights: values(&objective.weights)?,
            scales: values(&objective.scales)?,
            distance: objective.distance,
            differences: match &objective.pairs {
                Some(pairs) => Some(Differences {
                    width: objective.target.dim(3).map_err(TensorError::from)?,
                    side_by_side: values(&pairs.side_by_side)?,
                    stacked: values(&pairs.stacked)?,
                }),
                None => None,
            },
        };
        let judged = (objective.prior_weight > 0.0).then_some(&pair.discriminator);
        let judged = judged.and_then(Option::as_ref);
        Ok(Self {
            generator: pair.generator.workspace(rows),
            discriminator: judged.map(|network| network.workspace(rows)),
            context,
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
        match (&pair.discriminator, &mut self.discriminator) {
            (Some(network), Some(workspace)) => {
                self.generator.exchange(workspace);
                network.forward(workspace);
                workspace.read_output(&mut self.logits);
                let form = self.prior_loss;
                for (prior, logit) in evaluation.prior.iter_mut().zip(&mut self.logits) {
                    let (loss, slope) = prior_loss_and_slope(*logit, form);
                    (*prior, *logit) = (loss, self.prior_weight * slope);
                }
                workspace.set_output_gradient(&self.logits);
                network.backward(workspace);
                let (images, gradient) = workspace.input_and_gradient();
                self.context.add(images, gradient, &mut evaluation.context);
                self.generator.exchange(workspace);
            }
            _ => {
                evaluation.prior.fill(0.0);
                let (images, gradient) = self.generator.output_and_gradient();
                gradient.fill(0.0);
                self.context.add(images, gradient, &mut evaluation.context);
            }
        }
        pair.generator.backward(&mut self.generator);
        self.generator.read_input_gradient(&mut evaluation.gradient);
    }
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
