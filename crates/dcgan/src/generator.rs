use std::collections::BTreeMap;

use semantic_inpaint_nn::frozen::{Activation, Layer};
use semantic_inpaint_nn::{
    ConvTranspose2d, Convolution, Generator, Mode, Network, ParamSpec, Params, Result as NnResult,
};
use semantic_inpaint_tensor::ops::tanh;
use semantic_inpaint_tensor::{
    Device, Error as TensorError, ImageBatch, ImageShape, Latent, LatentPrior, Rng, Tensor,
};

use crate::block::{BlockShape, Norm, Normalization, names, specs};
use crate::{DcganConfig, Result};

/// The DCGAN generator (Radford et al. 2016): a projection to a 4x4 map, then transposed convolutions
/// that double the side, each with batch normalization and ReLU, and a tanh at the end.
///
/// **Shapes** `[N, Z]` to `[N, C, S, S]`, values in `[-1, 1]`. For S = 64, widths 8b, 4b, 2b, b, C with
/// b = [`DcganConfig::generator_channels`]. Parameters are named `block0.conv.weight`,
/// `block0.norm.weight`, ... in order of depth.
#[derive(Debug, Clone)]
pub struct DcganGenerator {
    config: DcganConfig,
    params: Params,
    blocks: Vec<(ConvTranspose2d, Normalization)>,
}

impl DcganGenerator {
    /// A new generator: convolutions N(0, 0.02), scales N(1, 0.02).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`](crate::Error::InvalidConfig).
    pub fn initialize(config: DcganConfig, rng: &mut Rng, device: &Device) -> Result<Self> {
        config.validate()?;
        let params = Params::initialize(&Self::specs(&config), rng, device)?;
        Ok(Self::over(config, params)?)
    }

    /// A generator with the given weights.
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
        specs(&shapes(config), ConvTranspose2d::specs)
    }

    /// The blocks with batch normalization folded into the convolutions.
    fn folded(&self) -> NnResult<Vec<(ConvTranspose2d, Normalization)>> {
        let fold = |(conv, norm): &(ConvTranspose2d, Normalization)| match norm.fold()? {
            (Some(scale), rest) => Ok((conv.scaled(&scale)?, rest)),
            (None, rest) => Ok((conv.clone(), rest)),
        };
        self.blocks.iter().map(fold).collect()
    }

    fn over(config: DcganConfig, params: Params) -> NnResult<Self> {
        let block = |(index, shape): (usize, &BlockShape)| {
            let conv = ConvTranspose2d::new(&params, &names(index).0, shape.geometry)?;
            Ok((conv, Normalization::new(&params, index, shape.norm)?))
        };
        let blocks = shapes(&config)
            .iter()
            .enumerate()
            .map(block)
            .collect::<NnResult<_>>()?;
        Ok(Self {
            config,
            params,
            blocks,
        })
    }
}

fn shapes(config: &DcganConfig) -> Vec<BlockShape> {
    let halvings = config.num_halvings();
    let width = |level: usize| config.generator_channels << (halvings - 1 - level);
    let mut blocks = vec![BlockShape::projection(
        config.latent_len,
        width(0),
        Norm::Batch,
    )];
    blocks.extend(
        (1..halvings).map(|level| BlockShape::strided(width(level - 1), width(level), Norm::Batch)),
    );
    blocks.push(BlockShape::strided(
        width(halvings - 1),
        config.image_channels,
        Norm::Absent,
    ));
    blocks
}

impl Network for DcganGenerator {
    fn params(&self) -> &Params {
        &self.params
    }

    fn with_params(&self, params: Params) -> NnResult<Self> {
        Self::over(self.config, params)
    }

    /// A copy in which nothing can change, with batch normalization folded into the convolutions.
    fn frozen(&self) -> NnResult<Self> {
        let frozen = Self::over(self.config, self.params.frozen()?)?;
        let blocks = frozen.folded()?;
        Ok(Self { blocks, ..frozen })
    }

    fn layers(&self) -> NnResult<Option<Vec<Layer>>> {
        let blocks = self.folded()?;
        let last = blocks.len() - 1;
        let layer = |(index, (conv, norm)): (usize, &(ConvTranspose2d, Normalization))| {
            let activation = if index < last {
                Activation::LeakyRelu { slope: 0.0 }
            } else {
                Activation::Tanh
            };
            conv.layer(norm.channel_shift(), activation)
        };
        Ok(Some(blocks.iter().enumerate().map(layer).collect()))
    }
}

impl Generator for DcganGenerator {
    fn latent_len(&self) -> usize {
        self.config.latent_len
    }

    fn latent_prior(&self) -> LatentPrior {
        self.config.latent_prior
    }

    fn image_shape(&self) -> ImageShape {
        self.config.image_shape()
    }

    fn forward(&self, latent: &Latent, mode: Mode) -> NnResult<ImageBatch> {
        if latent.latent_len() != self.config.latent_len {
            return Err(TensorError::ShapeMismatch {
                what: "latent",
                expected: format!("[N, {}]", self.config.latent_len),
                got: latent.tensor().dims().to_vec(),
            }
            .into());
        }
        // [N, Z, 1, 1]
        let mut x = latent.tensor().unsqueeze(2)?.unsqueeze(3)?;
        let last = self.blocks.len() - 1;
        for (index, (conv, norm)) in self.blocks.iter().enumerate() {
            x = if index < last {
                norm.activate_convolved(conv, &x, 0.0, mode)?
            } else {
                tanh(&conv.forward(&x)?)?
            };
        }
        Ok(ImageBatch::new(x)?)
    }
}
