//! The networks of a search on a CUDA device, and a group of rows that lives there.

mod objective;

use semantic_inpaint_nn::frozen::{CudaNetwork, CudaWorkspace, Favor, Precision};
use semantic_inpaint_nn::{Discriminator, Generator};
use semantic_inpaint_tensor::ImageShape;
use semantic_inpaint_tensor::passes::MapShape;
use semantic_inpaint_tensor::passes::cuda::{Memory, Runtime, StepConstraint, StepRule, stored};

use super::LOGITS;
use crate::latent_walk::{rates, resolve};
use crate::{Engine, LatentConstraint, LatentOptimizer, Result, SearchConfig};
pub(crate) use objective::{CudaObjective, Last, Rows};

/// The share of the device's free memory that a search takes, of 10.
const SHARE: usize = 8;

/// The networks of a search on a CUDA device.
#[derive(Debug)]
pub(crate) struct CudaNetworks {
    runtime: Runtime,
    single: CudaPair,
    /// In the precision that was asked for, if that is another.
    rough: Option<CudaPair>,
    walk: Option<Walk>,
}

/// Both networks of a search in one precision.
#[derive(Debug)]
struct CudaPair {
    generator: CudaNetwork,
    discriminator: Option<CudaNetwork>,
}

/// How latents move on the device.
#[derive(Debug, Clone)]
struct Walk {
    rule: StepRule,
    constraint: StepConstraint,
    rates: Memory,
    updates: usize,
}

/// Memory that the groups of a search share: one group is computed after the other.
#[derive(Debug)]
pub(crate) struct Spaces {
    precision: Precision,
    generator: CudaWorkspace,
    discriminator: Option<CudaWorkspace>,
}

impl CudaNetworks {
    /// The fast form on this device, if the engine asks for it and all networks have one.
    pub(crate) fn new<G: Generator, D: Discriminator>(
        runtime: Runtime,
        generator: &G,
        discriminator: Option<&D>,
        config: &SearchConfig,
    ) -> Result<Option<Self>> {
        let Engine::Frozen { favor, precision } = config.engine else {
            return Ok(None);
        };
        // The kernels compare pixels, not their differences.
        if config.gradient_weight > 0.0 {
            return Ok(None);
        }
        let judge = discriminator.filter(|_| config.prior_weight > 0.0);
        let pair = |precision| CudaPair::new(&runtime, generator, judge, precision, favor);
        let Some(single) = pair(Precision::F32)? else {
            return Ok(None);
        };
        let rough = match precision {
            Precision::F32 => None,
            _ => pair(precision)?,
        };
        Ok(Some(Self {
            walk: Walk::new(&runtime, config, generator)?,
            single,
            rough,
            runtime,
        }))
    }

    /// What a search multiplies until its last part.
    pub(crate) fn precision(&self) -> Precision {
        let pair = self.rough.as_ref().unwrap_or(&self.single);
        pair.generator.precision()
    }

    /// Rows that share a pass: all, or as many as the device has memory for.
    pub(crate) fn rows_at_once(&self, rows: usize, precision: Precision) -> Result<usize> {
        let each = self.bytes_of_row(precision)?;
        let most = self.runtime.free_bytes()? / 10 * SHARE / each;
        let turns = rows.div_ceil(most.max(1));
        Ok(rows.div_ceil(turns.max(1)).max(1))
    }

    /// Bytes of the device's memory for a row, at most.
    pub(crate) fn bytes_of_row(&self, precision: Precision) -> Result<usize> {
        // A row's own are the target, its weights and some latents: less than two images.
        let image = self.pair(precision).generator.output();
        let own = image.side() * image.side() * stored(image.channels()) * 4 * 2;
        Ok(self.spaces(precision, 1)?.bytes() + own)
    }

    /// Memory for so many rows.
    pub(crate) fn spaces(&self, precision: Precision, rows: usize) -> Result<Spaces> {
        let pair = self.pair(precision);
        let generator = pair.generator.workspace(rows)?;
        let discriminator = pair.discriminator.as_ref();
        let discriminator = discriminator.map(|network| network.workspace_after(&generator));
        Ok(Spaces {
            precision: pair.generator.precision(),
            discriminator: discriminator.transpose()?,
            generator,
        })
    }

    /// The images of latents `[rows, Z]` in single precision, `[rows, C, H, W]`.
    pub(crate) fn generate(&self, z: &[f32]) -> Result<Vec<f32>> {
        let network = &self.single.generator;
        let rows = z.len() / network.input().channels();
        let workspace = network.workspace(rows)?;
        workspace.set_input(z)?;
        let mut launches = Vec::new();
        network.forward(rows, &workspace, &mut launches)?;
        self.runtime.record(&launches)?.replay()?;
        Ok(workspace.read_output(rows)?)
    }

    /// The networks in this precision, or else in single precision.
    fn pair(&self, precision: Precision) -> &CudaPair {
        let rough = self.rough.as_ref();
        let rough = rough.filter(|pair| pair.generator.precision() == precision);
        rough.unwrap_or(&self.single)
    }
}

impl CudaPair {
    fn new<G: Generator, D: Discriminator>(
        runtime: &Runtime,
        generator: &G,
        discriminator: Option<&D>,
        precision: Precision,
        favor: Favor,
    ) -> Result<Option<Self>> {
        let ImageShape {
            channels,
            height: side,
            width,
        } = generator.image_shape();
        let latent = MapShape::Map {
            channels: generator.latent_len(),
            side: 1,
        };
        let image = MapShape::Image { channels, side };
        let Some(layers) = generator.layers()?.filter(|_| side == width) else {
            return Ok(None);
        };
        let network =
            |layers: &[_], shape| CudaNetwork::new(runtime, layers, shape, precision, favor);
        let Some(generator) = network(&layers, latent)? else {
            return Ok(None);
        };
        let discriminator = match discriminator.map(D::layers).transpose()? {
            None => None,
            Some(None) => return Ok(None),
            Some(Some(layers)) => match network(&layers, image)? {
                Some(network) if network.output() == LOGITS => Some(network),
                _ => return Ok(None),
            },
        };
        Ok((generator.output() == image).then_some(Self {
            generator,
            discriminator,
        }))
    }
}

impl Walk {
    /// Nothing where the constraint draws random numbers, or the optimizer looks back on its way: then the
    /// host moves the latents.
    fn new<G: Generator>(
        runtime: &Runtime,
        config: &SearchConfig,
        generator: &G,
    ) -> Result<Option<Self>> {
        let constraint = match resolve(config.constraint, generator.latent_prior()) {
            LatentConstraint::Clip { bound } => StepConstraint::Clip {
                bound: bound as f32,
            },
            LatentConstraint::Sphere => StepConstraint::Sphere,
            LatentConstraint::Free => StepConstraint::Free,
            LatentConstraint::Prior | LatentConstraint::StochasticClip { .. } => return Ok(None),
        };
        let rule = match config.optimizer {
            LatentOptimizer::Adam { .. } => StepRule::Adam,
            LatentOptimizer::Nesterov { momentum, .. } => StepRule::Nesterov {
                momentum: momentum as f32,
            },
            LatentOptimizer::Lbfgs { .. } => return Ok(None),
        };
        let rates = rates(config);
        Ok(Some(Self {
            rule,
            constraint,
            updates: rates.len() / 2,
            rates: runtime.upload_floats(&rates)?,
        }))
    }
}

impl Spaces {
    fn bytes(&self) -> usize {
        let discriminator = self.discriminator.as_ref();
        self.generator.bytes() + discriminator.map_or(0, CudaWorkspace::bytes)
    }
}
