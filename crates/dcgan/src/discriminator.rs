use std::collections::BTreeMap;

use semantic_inpaint_nn::frozen::{Activation, Layer};
use semantic_inpaint_nn::{
    Conv2d, Convolution, Discriminator, Logits, Mode, Network, ParamSpec, Params,
    Result as NnResult, SpectralNorm, leaky_relu_pullback,
};
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageBatch, ImageShape, Rng, Tensor};

use crate::block::{BlockShape, KERNEL, Norm, Normalization, names, specs};
use crate::{DcganConfig, DiscriminatorNorm, Result};

/// Slope of the leaky rectifier (Radford et al. 2016).
const SLOPE: f64 = 0.2;
/// Power iterations before the first step, as in PyTorch; each pass in training makes one more.
const FIRST_ITERATIONS: usize = 15;

/// The DCGAN discriminator (Radford et al. 2016): strided convolutions that halve the side down to a
/// 4x4 map, each with LeakyReLU 0.2 and, but for the first, batch normalization, then one logit.
///
/// **Shapes** `[N, C, S, S]` to `[N]`. For S = 64, widths b, 2b, 4b, 8b, 1 with
/// b = [`DcganConfig::discriminator_channels`]. Parameters are named `block0.conv.weight`,
/// `block1.norm.weight`, ... in order of depth. Without batch normalization
/// ([`DcganConfig::discriminator_norm`]) every convolution has a bias, `block0.conv.bias`, ..., and
/// with spectral normalization two more vectors, see [`SpectralNorm`].
#[derive(Debug, Clone)]
pub struct DcganDiscriminator {
    config: DcganConfig,
    params: Params,
    blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
struct Block {
    conv: Conv2d,
    spectral: Option<SpectralNorm>,
    norm: Normalization,
}

/// What one block computed, for the way back.
struct Trace {
    conv: Conv2d,
    convolved: Tensor,
    activated: Tensor,
}

impl Block {
    fn new(
        params: &Params,
        index: usize,
        shape: &BlockShape,
        config: &DcganConfig,
    ) -> NnResult<Self> {
        let name = names(index).0;
        let is_spectral = config.discriminator_norm == DiscriminatorNorm::Spectral;
        Ok(Self {
            conv: Conv2d::new(params, &name, shape.geometry)?,
            spectral: is_spectral
                .then(|| SpectralNorm::new(params, &name))
                .transpose()?,
            norm: Normalization::new(params, index, shape.norm)?,
        })
    }

    /// The convolution with the weight that this pass uses.
    fn conv(&self, mode: Mode) -> NnResult<Conv2d> {
        let Some(spectral) = &self.spectral else {
            return Ok(self.conv.clone());
        };
        let weight = spectral.normalize(self.conv.weight(), mode)?;
        Ok(self.conv.with_weight(weight))
    }

    /// The block with everything that is fixed in evaluation folded into its convolution.
    fn folded(&self) -> NnResult<Self> {
        let conv = self.conv(Mode::Eval)?;
        let (scale, norm) = self.norm.fold()?;
        Ok(Self {
            conv: scale.map_or(Ok(conv.clone()), |scale| conv.scaled(&scale))?,
            spectral: None,
            norm,
        })
    }
}

impl DcganDiscriminator {
    /// A new discriminator: convolutions N(0, 0.02), scales N(1, 0.02).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`](crate::Error::InvalidConfig).
    pub fn initialize(config: DcganConfig, rng: &mut Rng, device: &Device) -> Result<Self> {
        config.validate()?;
        let params = Params::initialize(&Self::specs(&config), rng, device)?;
        let discriminator = Self::over(config, params)?;
        for block in &discriminator.blocks {
            if let Some(spectral) = &block.spectral {
                spectral.iterate(block.conv.weight(), FIRST_ITERATIONS)?;
            }
        }
        Ok(discriminator)
    }

    /// A discriminator with the given weights.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`](crate::Error::InvalidConfig); a parameter error with name and shapes
    /// when the weights are of another network.
    pub fn from_tensors(
        config: DcganConfig,
        tensors: &BTreeMap<String, Tensor>,
        device: &Device,
    ) -> Result<Self> {
        config.validate()?;
        let params = Params::from_tensors(&Self::specs(&config), tensors, device)?;
        Ok(Self::over(config, params)?)
    }

    /// The sizes.
    #[must_use]
    pub fn config(&self) -> &DcganConfig {
        &self.config
    }

    /// The parameters' declarations.
    #[must_use]
    pub fn specs(config: &DcganConfig) -> Vec<ParamSpec> {
        let shapes = shapes(config);
        let mut specs = specs(&shapes, Conv2d::specs);
        if config.discriminator_norm == DiscriminatorNorm::Spectral {
            for (index, shape) in shapes.iter().enumerate() {
                let columns = shape.inputs * KERNEL * KERNEL;
                specs.extend(SpectralNorm::specs(&names(index).0, shape.outputs, columns));
            }
        }
        specs
    }

    /// The same function without spectral normalization, for inference: the weights are divided by
    /// their norms as they stand. A discriminator without it is returned as a copy that shares its
    /// storage.
    ///
    /// # Errors
    ///
    /// A tensor error when memory cannot be allocated.
    pub fn without_spectral_norm(&self) -> Result<Self> {
        if self.config.discriminator_norm != DiscriminatorNorm::Spectral {
            return Ok(self.clone());
        }
        let config = DcganConfig {
            discriminator_norm: DiscriminatorNorm::Absent,
            ..self.config
        };
        let mut tensors = self.params.to_tensors()?;
        tensors.retain(|name, _| !name.ends_with("_singular"));
        for (index, block) in self.blocks.iter().enumerate() {
            let weight = block.conv(Mode::Eval)?.weight().detach();
            tensors.insert(format!("{}.weight", names(index).0), weight);
        }
        let device = self.blocks[0].conv.weight().device();
        Self::from_tensors(config, &tensors, device)
    }

    fn over(config: DcganConfig, params: Params) -> NnResult<Self> {
        let blocks = shapes(&config)
            .iter()
            .enumerate()
            .map(|(index, shape)| Block::new(&params, index, shape, &config))
            .collect::<NnResult<_>>()?;
        Ok(Self {
            config,
            params,
            blocks,
        })
    }

    fn check_shape(&self, images: &ImageBatch) -> NnResult<()> {
        if images.shape() == self.config.image_shape() {
            return Ok(());
        }
        let ImageShape {
            channels,
            height,
            width,
        } = self.config.image_shape();
        Err(TensorError::ShapeMismatch {
            what: "images",
            expected: format!("[N, {channels}, {height}, {width}]"),
            got: images.tensor().dims().to_vec(),
        }
        .into())
    }

    /// The block's result from its convolution's: activated, or of the last block the logit.
    fn finish(&self, index: usize, convolved: &Tensor, mode: Mode) -> NnResult<Tensor> {
        let norm = &self.blocks[index].norm;
        if index + 1 < self.blocks.len() {
            norm.activate(convolved, SLOPE, mode)
        } else {
            norm.shift(convolved)
        }
    }
}

fn shapes(config: &DcganConfig) -> Vec<BlockShape> {
    let halvings = config.num_halvings();
    let width = |level: usize| config.discriminator_channels << level;
    let (outer, inner) = match config.discriminator_norm {
        DiscriminatorNorm::Batch => (Norm::Absent, Norm::Batch),
        DiscriminatorNorm::Spectral | DiscriminatorNorm::Absent => (Norm::Bias, Norm::Bias),
    };
    let mut blocks = vec![BlockShape::strided(config.image_channels, width(0), outer)];
    blocks.extend(
        (1..halvings).map(|level| BlockShape::strided(width(level - 1), width(level), inner)),
    );
    blocks.push(BlockShape::projection(width(halvings - 1), 1, outer));
    blocks
}

impl Network for DcganDiscriminator {
    fn params(&self) -> &Params {
        &self.params
    }

    fn with_params(&self, params: Params) -> NnResult<Self> {
        Self::over(self.config, params)
    }

    /// A copy in which nothing can change, with all normalization folded into the convolutions.
    fn frozen(&self) -> NnResult<Self> {
        let frozen = Self::over(self.config, self.params.frozen()?)?;
        let blocks = frozen.blocks.iter().map(Block::folded);
        let blocks = blocks.collect::<NnResult<_>>()?;
        Ok(Self { blocks, ..frozen })
    }

    fn layers(&self) -> NnResult<Option<Vec<Layer>>> {
        let blocks = self.blocks.iter().map(Block::folded);
        let blocks = blocks.collect::<NnResult<Vec<_>>>()?;
        let last = blocks.len() - 1;
        let layer = |(index, block): (usize, &Block)| {
            let activation = if index < last {
                Activation::LeakyRelu { slope: SLOPE }
            } else {
                Activation::Identity
            };
            block.conv.layer(block.norm.channel_shift(), activation)
        };
        Ok(Some(blocks.iter().enumerate().map(layer).collect()))
    }
}

impl Discriminator for DcganDiscriminator {
    fn image_shape(&self) -> ImageShape {
        self.config.image_shape()
    }

    fn forward(&self, images: &ImageBatch, mode: Mode) -> NnResult<Logits> {
        self.check_shape(images)?;
        let mut x = images.tensor().clone();
        for (index, block) in self.blocks.iter().enumerate() {
            let (conv, norm) = (block.conv(mode)?, &block.norm);
            x = if index + 1 < self.blocks.len() {
                norm.activate_convolved(&conv, &x, SLOPE, mode)?
            } else {
                norm.shift(&conv.forward(&x)?)?
            };
        }
        // [N, 1, 1, 1] -> [N]
        Logits::new(x.flatten_all()?)
    }

    fn forward_with_input_gradient(
        &self,
        images: &ImageBatch,
        mode: Mode,
    ) -> NnResult<(Logits, Tensor)> {
        self.check_shape(images)?;
        let mut traces = Vec::with_capacity(self.blocks.len());
        let mut x = images.tensor().clone();
        for (index, block) in self.blocks.iter().enumerate() {
            let conv = block.conv(mode)?;
            let convolved = conv.forward(&x)?;
            x = self.finish(index, &convolved, mode)?;
            traces.push(Trace {
                conv,
                convolved,
                activated: x.clone(),
            });
        }
        let last = traces.len() - 1;
        // [N, 1, 1, 1], then back through the blocks to [N, C, H, W].
        let mut gradient = x.ones_like()?;
        for (index, trace) in traces.iter().enumerate().rev() {
            if index < last {
                gradient = leaky_relu_pullback(&gradient, &trace.activated, SLOPE)?;
                let norm = &self.blocks[index].norm;
                gradient = norm.pullback(&gradient, &trace.convolved, mode)?;
            }
            gradient = trace.conv.pullback(&gradient)?;
        }
        Ok((Logits::new(x.flatten_all()?)?, gradient))
    }
}
