use semantic_inpaint_nn::{
    BatchNorm, Convolution, Error, Init, Mode, ParamSpec, Params, Result, Role,
};
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

/// What follows a block's convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    Batch,
    Bias,
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

fn bias_name(conv: &str) -> String {
    format!("{conv}.bias")
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
        match block.norm {
            Norm::Batch => specs.extend(BatchNorm::specs(&norm_name, block.outputs)),
            Norm::Bias => specs.push(ParamSpec::new(
                bias_name(&conv_name),
                [block.outputs],
                Init::Zeros,
                Role::Weight,
            )),
            Norm::Absent => {}
        }
    }
    specs
}

/// What stands between a convolution and its activation.
#[derive(Debug, Clone)]
pub(crate) enum Normalization {
    /// Batch normalization.
    Batch(BatchNorm),
    /// A constant added to each channel: `[C]`.
    Bias(Tensor),
    /// What is fixed of both of these, the scale being folded into the convolution: its shift, `[C]`.
    Folded(Tensor),
    /// Nothing.
    Absent,
}

impl Normalization {
    pub(crate) fn new(params: &Params, index: usize, norm: Norm) -> Result<Self> {
        let (conv, prefix) = names(index);
        Ok(match norm {
            Norm::Batch => Self::Batch(BatchNorm::new(params, &prefix)?),
            Norm::Bias => Self::Bias(params.tensor(&bias_name(&conv))?.clone()),
            Norm::Absent => Self::Absent,
        })
    }

    /// The scale to fold into the convolution before, and what is left then.
    pub(crate) fn fold(&self) -> Result<(Option<Tensor>, Self)> {
        Ok(match self {
            Self::Batch(norm) => {
                let (scale, shift) = norm.scale_and_shift()?;
                (Some(scale), Self::Folded(shift))
            }
            Self::Bias(bias) => (None, Self::Folded(bias.clone())),
            Self::Folded(_) | Self::Absent => (None, self.clone()),
        })
    }

    /// What is added to each channel, once the scale is folded.
    pub(crate) fn channel_shift(&self) -> Option<&Tensor> {
        match self {
            Self::Bias(shift) | Self::Folded(shift) => Some(shift),
            Self::Batch(_) | Self::Absent => None,
        }
    }

    /// Convolves, normalizes, then applies the leaky rectifier.
    pub(crate) fn activate_convolved(
        &self,
        conv: &impl Convolution,
        x: &Tensor,
        slope: f64,
        mode: Mode,
    ) -> Result<Tensor> {
        match self {
            Self::Batch(norm) => conv.forward_normalized(x, norm, slope, mode),
            _ => self.activate(&conv.forward(x)?, slope, mode),
        }
    }

    /// Normalizes, then applies the leaky rectifier.
    pub(crate) fn activate(&self, x: &Tensor, slope: f64, mode: Mode) -> Result<Tensor> {
        match (self, mode) {
            (Self::Batch(norm), _) => norm.forward_rectified(x, slope, mode),
            (Self::Bias(_), _) => Ok(leaky_relu(&self.shift(x)?, slope)?),
            (Self::Folded(_), Mode::Train) => Err(Error::Frozen),
            (Self::Folded(shift), Mode::Eval) => Ok(shifted_leaky_relu(x, shift, slope)?),
            (Self::Absent, _) => Ok(leaky_relu(x, slope)?),
        }
    }

    /// Adds the bias, where there is one, as a last layer does.
    pub(crate) fn shift(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Bias(shift) | Self::Folded(shift) => {
                Ok(x.broadcast_add(&shift.reshape((1, (), 1, 1))?)?)
            }
            Self::Batch(_) | Self::Absent => Ok(x.clone()),
        }
    }

    /// The gradient before the normalization, at its input `x`, from the one behind it.
    pub(crate) fn pullback(&self, gradient: &Tensor, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match self {
            Self::Batch(norm) => norm.pullback(gradient, x, mode),
            Self::Bias(_) | Self::Folded(_) | Self::Absent => Ok(gradient.clone()),
        }
    }
}
