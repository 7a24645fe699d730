use semantic_inpaint_nn::{BatchNorm, Error, Mode, ParamSpec, Params, Result};
use semantic_inpaint_tensor::Tensor;
use semantic_inpaint_tensor::ops::{ConvGeometry, leaky_relu, shifted_leaky_relu};

/// Side of every kernel in pixels.
pub(crate) const KERNEL: usize = 4;

/// Sizes of one block of a network: a convolution and perhaps batch normalization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockShape {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) geometry: ConvGeometry,
    pub(crate) norm: Norm,
}

/// Whether a block normalizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    Batch,
    Absent,
}

impl BlockShape {
    pub(crate) fn strided(inputs: usize, outputs: usize, norm: Norm) -> Self {
        Self {
            inputs,
            outputs,
            geometry: ConvGeometry::STRIDED,
            norm,
        }
    }

    pub(crate) fn projection(inputs: usize, outputs: usize, norm: Norm) -> Self {
        Self {
            inputs,
            outputs,
            geometry: ConvGeometry::PROJECTION,
            norm,
        }
    }
}

/// Names of block `index`: of its convolution and of its normalization.
pub(crate) fn names(index: usize) -> (String, String) {
    (format!("block{index}.conv"), format!("block{index}.norm"))
}

/// The declarations of all blocks, the convolutions' by `conv`.
pub(crate) fn specs(
    blocks: &[BlockShape],
    conv: fn(&str, usize, usize, usize) -> Vec<ParamSpec>,
) -> Vec<ParamSpec> {
    let mut specs = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let (conv_name, norm_name) = names(index);
        specs.extend(conv(&conv_name, block.inputs, block.outputs, KERNEL));
        if block.norm == Norm::Batch {
            specs.extend(BatchNorm::specs(&norm_name, block.outputs));
        }
    }
    specs
}

/// What stands between a convolution and its activation.
#[derive(Debug, Clone)]
pub(crate) enum Normalization {
    /// Batch normalization.
    Batch(BatchNorm),
    /// Batch normalization whose scale is folded into the convolution: its shift, `[C]`.
    Folded(Tensor),
    /// Nothing.
    Absent,
}

impl Normalization {
    pub(crate) fn new(params: &Params, prefix: &str, norm: Norm) -> Result<Self> {
        Ok(match norm {
            Norm::Batch => Self::Batch(BatchNorm::new(params, prefix)?),
            Norm::Absent => Self::Absent,
        })
    }

    /// The scale to fold into the convolution before, and what is left then.
    pub(crate) fn fold(&self) -> Result<Option<(Tensor, Self)>> {
        match self {
            Self::Batch(norm) => {
                let (scale, shift) = norm.scale_and_shift()?;
                Ok(Some((scale, Self::Folded(shift))))
            }
            Self::Folded(_) | Self::Absent => Ok(None),
        }
    }

    /// What is added to each channel, once the scale is folded.
    pub(crate) fn shift(&self) -> Option<&Tensor> {
        match self {
            Self::Folded(shift) => Some(shift),
            Self::Batch(_) | Self::Absent => None,
        }
    }

    /// Normalizes, then applies the leaky rectifier.
    pub(crate) fn activate(&self, x: &Tensor, slope: f64, mode: Mode) -> Result<Tensor> {
        match (self, mode) {
            (Self::Batch(norm), _) => norm.forward_rectified(x, slope, mode),
            (Self::Folded(_), Mode::Train) => Err(Error::Frozen),
            (Self::Folded(shift), Mode::Eval) => Ok(shifted_leaky_relu(x, shift, slope)?),
            (Self::Absent, _) => Ok(leaky_relu(x, slope)?),
        }
    }
}

/// The blocks with batch normalization folded into their convolutions by `scaled`.
pub(crate) fn folded<C>(
    blocks: Vec<(C, Normalization)>,
    scaled: fn(&C, &Tensor) -> Result<C>,
) -> Result<Vec<(C, Normalization)>> {
    let fold = |(conv, norm): (C, Normalization)| match norm.fold()? {
        Some((scale, rest)) => Ok((scaled(&conv, &scale)?, rest)),
        None => Ok((conv, norm)),
    };
    blocks.into_iter().map(fold).collect()
}
