use std::collections::BTreeMap;

use semantic_inpaint_nn::frozen::{Activation, Layer};
use semantic_inpaint_nn::{
    Conv2d, Discriminator, Logits, Mode, Network, ParamSpec, Params, Result as NnResult,
};
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageBatch, ImageShape, Rng, Tensor};

use crate::block::{BlockShape, Norm, Normalization, folded, names, specs};
use crate::{DcganConfig, Result};

/// Slope of the leaky rectifier (Radford et al. 2016).
const SLOPE: f64 = 0.2;

/// The DCGAN discriminator (Radford et al. 2016): strided convolutions that halve the side down to a
/// 4x4 map, each with LeakyReLU 0.2 and, but for the first, batch normalization, then one logit.
///
/// **Shapes** `[N, C, S, S]` to `[N]`. For S = 64, widths b, 2b, 4b, 8b, 1 with
/// b = [`DcganConfig::discriminator_channels`]. Parameters are named `block0.conv.weight`,
/// `block1.norm.weight`, ... in order of depth.
#[derive(Debug, Clone)]
pub struct DcganDiscriminator {
    config: DcganConfig,
    params: Params,
    blocks: Vec<(Conv2d, Normalization)>,
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
        Ok(Self::over(config, params)?)
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
        specs(&shapes(config), Conv2d::specs)
    }

    fn over(config: DcganConfig, params: Params) -> NnResult<Self> {
        let block = |(index, shape): (usize, &BlockShape)| {
            let (conv, norm) = names(index);
            let conv = Conv2d::new(&params, &conv, shape.geometry)?;
            Ok((conv, Normalization::new(&params, &norm, shape.norm)?))
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
    let width = |level: usize| config.discriminator_channels << level;
    let mut blocks = vec![BlockShape::strided(
        config.image_channels,
        width(0),
        Norm::Absent,
    )];
    blocks.extend(
        (1..halvings).map(|level| BlockShape::strided(width(level - 1), width(level), Norm::Batch)),
    );
    blocks.push(BlockShape::projection(width(halvings - 1), 1, Norm::Absent));
    blocks
}

impl Network for DcganDiscriminator {
    fn params(&self) -> &Params {
        &self.params
    }

    fn with_params(&self, params: Params) -> NnResult<Self> {
        Self::over(self.config, params)
    }

    /// A copy in which nothing can change, with batch normalization folded into the convolutions.
    fn frozen(&self) -> NnResult<Self> {
        let frozen = Self::over(self.config, self.params.frozen()?)?;
        let blocks = folded(frozen.blocks, Conv2d::scaled)?;
        Ok(Self { blocks, ..frozen })
    }

    fn layers(&self) -> NnResult<Option<Vec<Layer>>> {
        let blocks = folded(self.blocks.clone(), Conv2d::scaled)?;
        let last = blocks.len() - 1;
        let layer = |(index, (conv, norm)): (usize, &(Conv2d, Normalization))| {
            let activation = if index < last {
                Activation::LeakyRelu { slope: SLOPE }
            } else {
                Activation::Identity
            };
            conv.layer(norm.shift(), activation)
        };
        Ok(Some(blocks.iter().enumerate().map(layer).collect()))
    }
}

impl Discriminator for DcganDiscriminator {
    fn image_shape(&self) -> ImageShape {
        self.config.image_shape()
    }

    fn forward(&self, images: &ImageBatch, mode: Mode) -> NnResult<Logits> {
        if images.shape() != self.config.image_shape() {
            let ImageShape {
                channels,
                height,
                width,
            } = self.config.image_shape();
            return Err(TensorError::ShapeMismatch {
                what: "images",
                expected: format!("[N, {channels}, {height}, {width}]"),
                got: images.tensor().dims().to_vec(),
            }
            .into());
        }
        let mut x = images.tensor().clone();
        let last = self.blocks.len() - 1;
        for (index, (conv, norm)) in self.blocks.iter().enumerate() {
            x = conv.forward(&x)?;
            if index < last {
                x = norm.activate(&x, SLOPE, mode)?;
            }
        }
        // [N, 1, 1, 1] -> [N]
        Logits::new(x.flatten_all()?)
    }
}
