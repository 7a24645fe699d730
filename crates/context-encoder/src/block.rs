use semantic_inpaint_nn::{
    BatchNorm, Conv2d, ConvTranspose2d, Convolution, Kernel, Mode, ParamSpec, Params,
    Result as NnResult,
};
use semantic_inpaint_tensor::Tensor;
use semantic_inpaint_tensor::ops::{ConvGeometry, leaky_relu};

/// Side of the coarsest map in pixels, and of every kernel but that of 1x1 convolutions.
pub(crate) const COARSE_PX: usize = 4;

/// A convolution of either kind.
#[derive(Debug, Clone)]
enum EitherConvolution {
    Plain(Conv2d),
    Transposed(ConvTranspose2d),
}

impl Convolution for EitherConvolution {
    fn kernel(&self) -> Kernel<'_> {
        match self {
            Self::Plain(conv) => conv.kernel(),
            Self::Transposed(conv) => conv.kernel(),
        }
    }
}

/// A block's sizes: a convolution and perhaps batch normalization.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockShape {
    inputs: usize,
    outputs: usize,
    kernel: usize,
    geometry: ConvGeometry,
    direction: Direction,
    norm: Norm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Down,
    Up,
}

/// Whether batch normalization follows a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    Batch,
    Absent,
}

impl BlockShape {
    /// Halves the side of maps.
    pub(crate) fn halving(inputs: usize, outputs: usize, norm: Norm) -> Self {
        Self {
            inputs,
            outputs,
            kernel: COARSE_PX,
            geometry: ConvGeometry::STRIDED,
            direction: Direction::Down,
            norm,
        }
    }

    /// Doubles the side of maps.
    pub(crate) fn doubling(inputs: usize, outputs: usize, norm: Norm) -> Self {
        Self {
            direction: Direction::Up,
            ..Self::halving(inputs, outputs, norm)
        }
    }

    /// From the coarsest map to one pixel.
    pub(crate) fn closing(inputs: usize, outputs: usize) -> Self {
        Self {
            geometry: ConvGeometry::PROJECTION,
            ..Self::halving(inputs, outputs, Norm::Batch)
        }
    }

    /// From one pixel to the coarsest map.
    pub(crate) fn opening(inputs: usize, outputs: usize) -> Self {
        Self {
            direction: Direction::Up,
            ..Self::closing(inputs, outputs)
        }
    }

    /// Joins the channels of every pixel.
    pub(crate) fn mixing(inputs: usize, outputs: usize) -> Self {
        Self {
            kernel: 1,
            ..Self::closing(inputs, outputs)
        }
    }

    /// The declarations of `NAME.conv.weight` and, with normalization, of `NAME.norm.*`.
    pub(crate) fn specs(&self, name: &str) -> Vec<ParamSpec> {
        let conv = match self.direction {
            Direction::Down => Conv2d::specs,
            Direction::Up => ConvTranspose2d::specs,
        };
        let mut specs = conv(
            &format!("{name}.conv"),
            self.inputs,
            self.outputs,
            self.kernel,
        );
        if self.norm == Norm::Batch {
            specs.extend(BatchNorm::specs(&format!("{name}.norm"), self.outputs));
        }
        specs
    }
}

/// A convolution and perhaps batch normalization.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    convolution: EitherConvolution,
    norm: Option<BatchNorm>,
}

impl Block {
    pub(crate) fn new(params: &Params, name: &str, shape: &BlockShape) -> NnResult<Self> {
        let conv = format!("{name}.conv");
        let norm = match shape.norm {
            Norm::Batch => Some(BatchNorm::new(params, &format!("{name}.norm"))?),
            Norm::Absent => None,
        };
        let convolution = match shape.direction {
            Direction::Down => {
                EitherConvolution::Plain(Conv2d::new(params, &conv, shape.geometry)?)
            }
            Direction::Up => {
                EitherConvolution::Transposed(ConvTranspose2d::new(params, &conv, shape.geometry)?)
            }
        };
        Ok(Self { convolution, norm })
    }

    /// The convolved maps.
    pub(crate) fn convolve(&self, maps: &Tensor) -> NnResult<Tensor> {
        self.convolution.forward(maps)
    }

    /// The convolved maps, normalized, behind a leaky rectifier.
    pub(crate) fn forward(&self, maps: &Tensor, slope: f64, mode: Mode) -> NnResult<Tensor> {
        match &self.norm {
            Some(norm) => self.convolution.forward_normalized(maps, norm, slope, mode),
            None => Ok(leaky_relu(&self.convolve(maps)?, slope)?),
        }
    }
}
