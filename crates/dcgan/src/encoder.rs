use std::collections::BTreeMap;

use semantic_inpaint_nn::{
    Conv2d, Convolution, LatentEncoder, Mode, Network, ParamSpec, Params, Result as NnResult,
};
use semantic_inpaint_tensor::{
    DType, Device, Error as TensorError, ImageBatch, ImageShape, Latent, LatentPrior,
    Result as TensorResult, Rng, Tensor,
};
use serde::{Deserialize, Serialize};

use crate::block::{BlockShape, Norm, Normalization, names, specs};
use crate::{DcganConfig, Error, Result};

/// Slope of the leaky rectifier, the discriminator's.
const SLOPE: f64 = 0.2;
/// The generator's normal prior is clipped here by searches, in standard deviations.
const NORMAL_BOUND: f64 = 3.0;

/// Sizes of a [`DcganEncoder`], stored in the metadata of its weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DcganEncoderConfig {
    /// Height and width of an image in pixels: 32, 64 or 128.
    pub image_size_px: usize,
    /// Channels of an image: 3 for RGB, 1 for gray.
    pub image_channels: usize,
    /// Channels of the widest map; doubled at every halving.
    pub base_channels: usize,
    /// Length of the latent, Z.
    pub latent_len: usize,
    /// The generator's distribution of latents, in whose bounds the encoder's stay.
    pub latent_prior: LatentPrior,
}

/// A network that guesses the latent of an image from the pixels that are known: the discriminator's
/// architecture (Radford et al. 2016) with the mask as one more channel and Z outputs instead of one.
///
/// **Shapes** `[N, C, S, S]` with missing pixels 0 and `[N, 1, S, S]` to `[N, Z]`. For S = 64, widths b,
/// 2b, 4b, 8b, Z with b = [`DcganEncoderConfig::base_channels`]; LeakyReLU 0.2 and, but for the first
/// and last, batch normalization. The latents are bounded as the generator's prior is: by tanh for the
/// uniform one, by 3 tanh(x / 3) for the normal one, by their length for the spherical one. Parameters
/// are named `block0.conv.weight`, `block1.norm.weight`, ... in order of depth.
#[derive(Debug, Clone)]
pub struct DcganEncoder {
    config: DcganEncoderConfig,
    params: Params,
    blocks: Vec<(Conv2d, Normalization)>,
}

impl DcganEncoderConfig {
    /// An encoder for the latents of this generator, with `base_channels` channels in its widest map.
    #[must_use]
    pub fn of_generator(generator: &DcganConfig, base_channels: usize) -> Self {
        Self {
            image_size_px: generator.image_size_px,
            image_channels: generator.image_channels,
            base_channels,
            latent_len: generator.latent_len,
            latent_prior: generator.latent_prior,
        }
    }

    /// Succeeds when every size is one that the network can have.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] with the first that is not.
    pub fn validate(&self) -> Result<()> {
        if !(1..=4096).contains(&self.base_channels) {
            return Err(Error::InvalidConfig {
                what: "encoder width",
                expected: "between 1 and 4096",
                got: self.base_channels.to_string(),
            });
        }
        self.generator().validate()
    }

    /// Shape of one image.
    #[must_use]
    pub fn image_shape(&self) -> ImageShape {
        self.generator().image_shape()
    }

    /// The sizes that the encoder shares with its generator.
    fn generator(&self) -> DcganConfig {
        DcganConfig {
            latent_len: self.latent_len,
            image_size_px: self.image_size_px,
            image_channels: self.image_channels,
            latent_prior: self.latent_prior,
            ..DcganConfig::default()
        }
    }
}

impl DcganEncoder {
    /// A new encoder: convolutions N(0, 0.02), scales N(1, 0.02).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`].
    pub fn initialize(config: DcganEncoderConfig, rng: &mut Rng, device: &Device) -> Result<Self> {
        config.validate()?;
        let params = Params::initialize(&Self::specs(&config), rng, device)?;
        Ok(Self::over(config, params)?)
    }

    /// An encoder with the given weights.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`]; a parameter error with name and shapes when the weights are of another
    /// network.
    pub fn from_tensors(
        config: DcganEncoderConfig,
        tensors: &BTreeMap<String, Tensor>,
        device: &Device,
    ) -> Result<Self> {
        config.validate()?;
        let params = Params::from_tensors(&Self::specs(&config), tensors, device)?;
        Ok(Self::over(config, params)?)
    }

    /// The sizes.
    #[must_use]
    pub fn config(&self) -> &DcganEncoderConfig {
        &self.config
    }

    /// The parameters' declarations.
    #[must_use]
    pub fn specs(config: &DcganEncoderConfig) -> Vec<ParamSpec> {
        specs(&shapes(config), Conv2d::specs)
    }

    fn over(config: DcganEncoderConfig, params: Params) -> NnResult<Self> {
        let block = |(index, shape): (usize, &BlockShape)| {
            let conv = Conv2d::new(&params, &names(index).0, shape.geometry)?;
            Ok((conv, Normalization::new(&params, index, shape.norm)?))
        };
        let shapes = shapes(&config);
        let blocks = shapes.iter().enumerate().map(block);
        let blocks = blocks.collect::<NnResult<_>>()?;
        Ok(Self {
            config,
            params,
            blocks,
        })
    }

    /// Known pixels and mask as the channels of one map, `[N, C + 1, S, S]` in f32, on the network's
    /// device.
    fn input(&self, known: &ImageBatch, mask: &Tensor) -> TensorResult<Tensor> {
        let shape = self.config.image_shape();
        let expected = [known.count(), 1, shape.height, shape.width];
        if known.shape() != shape || mask.dims() != expected {
            let (count, channels) = (known.count(), shape.channels);
            let (height, width) = (shape.height, shape.width);
            return Err(TensorError::ShapeMismatch {
                what: "images and masks of an encoder",
                expected: format!("[{count}, {channels}, {height}, {width}] and {expected:?}"),
                got: [known.tensor().dims(), mask.dims()].concat(),
            });
        }
        let device = self.blocks[0].0.weight().device();
        let placed = |tensor: &Tensor| tensor.to_device(device)?.to_dtype(DType::F32);
        Ok(Tensor::cat(&[placed(known.tensor())?, placed(mask)?], 1)?)
    }

    /// Any numbers `[N, Z]` brought to where the prior has its mass.
    fn bounded(&self, latent: &Tensor) -> TensorResult<Tensor> {
        Ok(match self.config.latent_prior {
            LatentPrior::Normal => ((latent / NORMAL_BOUND)?.tanh()? * NORMAL_BOUND)?,
            LatentPrior::Sphere => {
                let length = (latent.sqr()?.sum_keepdim(1)? + f64::MIN_POSITIVE)?.sqrt()?;
                let radius = (self.config.latent_len as f64).sqrt();
                (latent.broadcast_div(&length)? * radius)?
            }
            _ => latent.tanh()?,
        })
    }
}

fn shapes(config: &DcganEncoderConfig) -> Vec<BlockShape> {
    let halvings = config.generator().num_halvings();
    let width = |level: usize| config.base_channels << level;
    let inputs = config.image_channels + 1;
    let mut blocks = vec![BlockShape::strided(inputs, width(0), Norm::Absent)];
    blocks.extend(
        (1..halvings).map(|level| BlockShape::strided(width(level - 1), width(level), Norm::Batch)),
    );
    blocks.push(BlockShape::projection(
        width(halvings - 1),
        config.latent_len,
        Norm::Bias,
    ));
    blocks
}

impl Network for DcganEncoder {
    fn params(&self) -> &Params {
        &self.params
    }

    fn with_params(&self, params: Params) -> NnResult<Self> {
        Self::over(self.config, params)
    }
}

impl LatentEncoder for DcganEncoder {
    fn image_shape(&self) -> ImageShape {
        self.config.image_shape()
    }

    fn latent_len(&self) -> usize {
        self.config.latent_len
    }

    fn encode(&self, known: &ImageBatch, mask: &Tensor, mode: Mode) -> NnResult<Latent> {
        let mut x = self.input(known, mask)?;
        let last = self.blocks.len() - 1;
        for (conv, norm) in &self.blocks[..last] {
            x = norm.activate_convolved(conv, &x, SLOPE, mode)?;
        }
        let (conv, norm) = &self.blocks[last];
        // [N, Z, 1, 1] -> [N, Z]
        let latent = norm.shift(&conv.forward(&x)?)?.flatten_from(1)?;
        Ok(Latent::new(self.bounded(&latent)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(latent_prior: LatentPrior) -> DcganEncoderConfig {
        let generator = DcganConfig {
            latent_len: 7,
            image_size_px: 32,
            latent_prior,
            ..DcganConfig::default()
        };
        DcganEncoderConfig::of_generator(&generator, 3)
    }

    fn images(count: usize) -> (ImageBatch, Tensor) {
        let rng = &mut Rng::from_seed(4);
        let images = rng.uniform(-1.0, 1.0, (count, 3, 32, 32), &Device::Cpu);
        let mask = rng.uniform(0.0, 1.0, (count, 1, 32, 32), &Device::Cpu);
        let mask = mask.unwrap().gt(0.5).unwrap().to_dtype(DType::F32).unwrap();
        let known = images.unwrap().broadcast_mul(&mask).unwrap();
        (ImageBatch::new(known).unwrap(), mask)
    }

    #[test]
    fn latents_stay_where_the_prior_has_its_mass() {
        let (known, mask) = images(5);
        for prior in [
            LatentPrior::Uniform,
            LatentPrior::Normal,
            LatentPrior::Sphere,
        ] {
            let encoder =
                DcganEncoder::initialize(config(prior), &mut Rng::from_seed(1), &Device::Cpu);
            let encoder = encoder.unwrap();
            let mut tensors = encoder.params().to_tensors().unwrap();
            for tensor in tensors.values_mut() {
                *tensor = (&*tensor * 30.0).unwrap();
            }
            let encoder =
                DcganEncoder::from_tensors(config(prior), &tensors, &Device::Cpu).unwrap();
            let latent = encoder.encode(&known, &mask, Mode::Eval).unwrap();
            let rows = latent.tensor().to_vec2::<f32>().unwrap();
            assert_eq!((rows.len(), rows[0].len()), (5, 7));
            for row in rows {
                let square: f32 = row.iter().map(|z| z * z).sum();
                let largest = row.iter().fold(0.0, |most: f32, z| most.max(z.abs()));
                match prior {
                    LatentPrior::Sphere => assert!((square - 7.0).abs() < 1e-3, "{square}"),
                    LatentPrior::Normal => assert!(largest > 1.0 && largest <= 3.0, "{largest}"),
                    _ => assert!(largest > 0.5 && largest <= 1.0, "{largest}"),
                }
            }
        }
    }

    #[test]
    fn the_mask_is_seen_and_every_image_stands_for_itself() {
        let encoder = DcganEncoder::initialize(
            config(LatentPrior::Uniform),
            &mut Rng::from_seed(1),
            &Device::Cpu,
        );
        let encoder = encoder.unwrap();
        let (known, mask) = images(3);
        let encode = |known: &ImageBatch, mask: &Tensor| -> Vec<Vec<f32>> {
            let latent = encoder.encode(known, mask, Mode::Eval).unwrap();
            latent.tensor().to_vec2().unwrap()
        };
        let together = encode(&known, &mask);
        for (index, expected) in together.iter().enumerate() {
            let mask = mask.narrow(0, index, 1).unwrap();
            let alone = encode(&known.narrow(index, 1).unwrap(), &mask);
            assert_eq!(&alone[0], expected);
        }
        assert_ne!(encode(&known, &mask.ones_like().unwrap()), together);
    }

    #[test]
    fn shapes_that_do_not_fit_are_named() {
        let encoder = DcganEncoder::initialize(
            config(LatentPrior::Uniform),
            &mut Rng::from_seed(1),
            &Device::Cpu,
        );
        let (known, mask) = images(3);
        let mask = mask.narrow(0, 0, 2).unwrap();
        let error = encoder.unwrap().encode(&known, &mask, Mode::Eval);
        let message = error.unwrap_err().to_string();
        assert!(message.contains("[3, 1, 32, 32]"), "{message}");
        let bad = DcganEncoderConfig {
            base_channels: 0,
            ..config(LatentPrior::Uniform)
        };
        assert!(
            bad.validate()
                .unwrap_err()
                .to_string()
                .contains("encoder width")
        );
    }
}
