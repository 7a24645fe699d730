use std::collections::BTreeMap;

use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_nn::{Mode, Network, ParamSpec, Params, Result as NnResult};
use semantic_inpaint_tensor::ops::tanh;
use semantic_inpaint_tensor::{
    DType, Device, Error as TensorError, ImageBatch, Result as TensorResult, Rng, Tensor,
};

use crate::block::{Block, BlockShape, COARSE_PX, Norm};
use crate::channel_wise::ChannelWise;
use crate::{Connection, ContextEncoderConfig, Error, MaskChannel, Result};

/// Slope of the encoder's leaky rectifiers; the decoder's are plain.
const SLOPE: f64 = 0.2;

/// The Context Encoder (Pathak et al. 2016): an encoder of strided convolutions down to a 4x4 map, a
/// [`Connection`], and a decoder of transposed convolutions up to the hole.
///
/// **Shapes** corrupted images `[N, 3, S, S]` to their prediction `[N, 3, T, T]` in `[-1, 1]`, T being
/// the side of the [`Output`](crate::Output). For S = 64 the encoder has widths b, 2b, 4b, 8b, for 128
/// b, b, 2b, 4b, 8b; the decoder has those of size T in reverse. LeakyReLU 0.2 and, but in the first
/// layer, batch normalization in the encoder; batch normalization and ReLU in the decoder, tanh at its
/// end. No biases: the released code sets them to 0 at every step. Parameters are named
/// `encoder0.conv.weight`, ..., `bottleneck.conv.weight` or `channels.weight`, `decoder0.conv.weight`,
/// ... in order of depth.
#[derive(Debug, Clone)]
pub struct ContextEncoder {
    config: ContextEncoderConfig,
    params: Params,
    encoder: Vec<Block>,
    connection: Joint,
    decoder: Vec<Block>,
}

/// What stands between encoder and decoder.
#[derive(Debug, Clone)]
enum Joint {
    Bottleneck(Block),
    ChannelWise(ChannelWise),
}

impl ContextEncoder {
    /// A new network: convolutions N(0, 0.02), scales N(1, 0.02).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`].
    pub fn initialize(
        config: ContextEncoderConfig,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Self> {
        config.validate()?;
        let params = Params::initialize(&Self::specs(&config), rng, device)?;
        Ok(Self::over(config, params)?)
    }

    /// A network with the given weights.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`]; a parameter error with name and shapes when the weights are of another
    /// network.
    pub fn from_tensors(
        config: ContextEncoderConfig,
        tensors: &BTreeMap<String, Tensor>,
        device: &Device,
    ) -> Result<Self> {
        config.validate()?;
        let params = Params::from_tensors(&Self::specs(&config), tensors, device)?;
        Ok(Self::over(config, params)?)
    }

    /// The sizes.
    #[must_use]
    pub fn config(&self) -> &ContextEncoderConfig {
        &self.config
    }

    /// The parameters' declarations.
    #[must_use]
    pub fn specs(config: &ContextEncoderConfig) -> Vec<ParamSpec> {
        let mut specs = named_specs(ENCODER, &encoder_shapes(config));
        specs.extend(match config.connection {
            Connection::Bottleneck { len } => bottleneck_shape(config, len).specs(BOTTLENECK),
            Connection::ChannelWise => ChannelWise::specs(CHANNELS, widest(config)),
        });
        specs.extend(named_specs(DECODER, &decoder_shapes(config)));
        specs
    }

    /// What the network makes of the hole and of the known pixels around it: `[N, 3, S, S]` to
    /// `[N, 3, T, T]`. Missing pixels are filled with [`fill`](ContextEncoderConfig::fill) first.
    ///
    /// # Errors
    ///
    /// [`Error::ImageSize`], [`Error::HoleOutsidePatch`]; a network error when the channels differ, or
    /// when a frozen network is run in training mode.
    pub fn predict(&self, corrupted: &CorruptedImages, mode: Mode) -> Result<ImageBatch> {
        let size_px = self.config.image_size_px;
        let shape = corrupted.images().shape();
        if (shape.height, shape.width) != (size_px, size_px) {
            return Err(Error::ImageSize {
                size_px,
                height: shape.height,
                width: shape.width,
            });
        }
        self.config.output.check_holes(corrupted.mask())?;
        Ok(self.forward(&self.input(corrupted)?, mode)?)
    }

    /// Corrupted images as the network sees them, on its device.
    pub(crate) fn filled(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        let first = self.params.iter().next();
        let device = first.map_or(&Device::Cpu, |(_, tensor, _)| tensor.device());
        let images = corrupted.images().tensor().to_device(device);
        let known = corrupted.mask().to_tensor(device)?;
        Ok(fill(
            &images.map_err(TensorError::from)?,
            &known,
            self.config.fill,
        )?)
    }

    /// The filled images and perhaps the mask: `[N, 3 or 4, S, S]`.
    fn input(&self, corrupted: &CorruptedImages) -> Result<Tensor> {
        let filled = self.filled(corrupted)?;
        match self.config.mask_channel {
            MaskChannel::Without => Ok(filled.into_tensor()),
            MaskChannel::With => {
                let known = corrupted.mask().to_tensor(filled.tensor().device())?;
                Ok(with_mask(filled.tensor(), &known)?)
            }
        }
    }

    fn forward(&self, input: &Tensor, mode: Mode) -> NnResult<ImageBatch> {
        let mut x = input.clone();
        for block in &self.encoder {
            x = block.forward(&x, SLOPE, mode)?;
        }
        x = match &self.connection {
            Joint::Bottleneck(block) => block.forward(&x, SLOPE, mode)?,
            Joint::ChannelWise(layer) => layer.forward(&x, mode)?,
        };
        let last = self.decoder.len() - 1;
        for block in &self.decoder[..last] {
            x = block.forward(&x, 0.0, mode)?;
        }
        Ok(ImageBatch::new(tanh(&self.decoder[last].convolve(&x)?)?)?)
    }

    fn over(config: ContextEncoderConfig, params: Params) -> NnResult<Self> {
        let connection = match config.connection {
            Connection::Bottleneck { len } => {
                let shape = bottleneck_shape(&config, len);
                Joint::Bottleneck(Block::new(&params, BOTTLENECK, &shape)?)
            }
            Connection::ChannelWise => Joint::ChannelWise(ChannelWise::new(&params, CHANNELS)?),
        };
        Ok(Self {
            encoder: named_blocks(&params, ENCODER, &encoder_shapes(&config))?,
            decoder: named_blocks(&params, DECODER, &decoder_shapes(&config))?,
            config,
            params,
            connection,
        })
    }
}

impl Network for ContextEncoder {
    fn params(&self) -> &Params {
        &self.params
    }

    fn with_params(&self, params: Params) -> NnResult<Self> {
        Self::over(self.config, params)
    }
}

const ENCODER: &str = "encoder";
const BOTTLENECK: &str = "bottleneck";
const CHANNELS: &str = "channels";
const DECODER: &str = "decoder";

fn named_specs(name: &str, shapes: &[BlockShape]) -> Vec<ParamSpec> {
    let of_block = |(index, shape): (usize, &BlockShape)| shape.specs(&format!("{name}{index}"));
    shapes.iter().enumerate().flat_map(of_block).collect()
}

fn named_blocks(params: &Params, name: &str, shapes: &[BlockShape]) -> NnResult<Vec<Block>> {
    let block =
        |(index, shape): (usize, &BlockShape)| Block::new(params, &format!("{name}{index}"), shape);
    shapes.iter().enumerate().map(block).collect()
}

/// Channels of the maps between an image of this side and the 4x4 map, the finest first.
fn widths(size_px: usize, base_channels: usize) -> Vec<usize> {
    let halvings = (size_px / COARSE_PX).ilog2() as usize;
    // The released code keeps the width once at 128x128, so that the coarsest map has 8b again.
    let kept = halvings.saturating_sub(4);
    let width = |level: usize| base_channels << level.saturating_sub(kept);
    (0..halvings).map(width).collect()
}

/// Channels of the encoder's 4x4 map.
fn widest(config: &ContextEncoderConfig) -> usize {
    let widths = widths(config.image_size_px, config.base_channels);
    widths.last().copied().unwrap_or(config.base_channels)
}

fn encoder_shapes(config: &ContextEncoderConfig) -> Vec<BlockShape> {
    let mut inputs = match config.mask_channel {
        MaskChannel::Without => 3,
        MaskChannel::With => 4,
    };
    let mut norm = Norm::Absent;
    let widths = widths(config.image_size_px, config.base_channels);
    let shapes = widths.into_iter().map(|outputs| {
        let shape = BlockShape::halving(inputs, outputs, norm);
        (inputs, norm) = (outputs, Norm::Batch);
        shape
    });
    shapes.collect()
}

fn bottleneck_shape(config: &ContextEncoderConfig, len: usize) -> BlockShape {
    BlockShape::closing(widest(config), len)
}

fn decoder_shapes(config: &ContextEncoderConfig) -> Vec<BlockShape> {
    let size_px = config.output.size_px(config.image_size_px);
    let mut widths = widths(size_px, config.base_channels);
    widths.reverse();
    let mut shapes = vec![match config.connection {
        Connection::Bottleneck { len } => BlockShape::opening(len, widths[0]),
        Connection::ChannelWise => BlockShape::mixing(widest(config), widths[0]),
    }];
    let pairs = widths.windows(2);
    shapes.extend(pairs.map(|pair| BlockShape::doubling(pair[0], pair[1], Norm::Batch)));
    let finest = widths[widths.len() - 1];
    shapes.push(BlockShape::doubling(finest, 3, Norm::Absent));
    shapes
}

/// Images `[N, 3, H, W]`, 0 where missing, with a color instead of these zeros, in f32.
fn fill(images: &Tensor, known: &Tensor, color: [f32; 3]) -> TensorResult<ImageBatch> {
    let color = Tensor::new(&color, images.device())?.reshape((1, 3, 1, 1))?;
    let missing = known.affine(-1.0, 1.0)?.broadcast_mul(&color)?;
    ImageBatch::new((images.to_dtype(DType::F32)? + missing)?)
}

fn with_mask(images: &Tensor, known: &Tensor) -> TensorResult<Tensor> {
    Ok(Tensor::cat(&[images, known], 1)?)
}
