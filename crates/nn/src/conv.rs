use semantic_inpaint_tensor::Tensor;
use semantic_inpaint_tensor::ops::{ConvGeometry, conv_transpose2d, conv2d};
use semantic_inpaint_tensor::passes::{Direction, Precision};

use crate::frozen::{Activation, Layer, LayerKind};
use crate::{BatchNorm, Init, Mode, ParamSpec, Params, Result, Role};

/// DCGAN's start for convolutions: normal with standard deviation 0.02 (Radford et al. 2016).
const CONVOLUTION_INIT: Init = Init::Normal { deviation: 0.02 };

/// A convolution without bias; see [`conv2d`](fn@conv2d) for the equation.
///
/// **Shapes** `[N, C, H, W]` to `[N, O, P, Q]`; weight `[O, C, k, k]`.
#[derive(Debug, Clone)]
pub struct Conv2d {
    weight: Tensor,
    geometry: ConvGeometry,
    precision: Precision,
}

impl Conv2d {
    /// The declaration of `PREFIX.weight`.
    #[must_use]
    pub fn specs(prefix: &str, inputs: usize, outputs: usize, kernel: usize) -> Vec<ParamSpec> {
        weight_spec(prefix, [outputs, inputs, kernel, kernel])
    }

    /// The layer that reads `PREFIX.weight` and multiplies in the parameters' [precision](Params::precision).
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`](crate::Error::MissingParameter).
    pub fn new(params: &Params, prefix: &str, geometry: ConvGeometry) -> Result<Self> {
        Ok(Self {
            weight: params.tensor(&format!("{prefix}.weight"))?.clone(),
            geometry,
            precision: params.precision(),
        })
    }

    /// The layer with its responses scaled, each output channel by its own factor `[O]`.
    ///
    /// # Errors
    ///
    /// A tensor error when there is not a factor for each channel.
    pub fn scaled(&self, scale: &Tensor) -> Result<Self> {
        let scale = scale.reshape(((), 1, 1, 1))?;
        Ok(Self {
            weight: self.weight.broadcast_mul(&scale)?.contiguous()?,
            ..*self
        })
    }

    /// The layer as data, with what follows it.
    #[must_use]
    pub fn layer(&self, shift: Option<&Tensor>, activation: Activation) -> Layer {
        Layer {
            kind: LayerKind::Convolution,
            weight: self.weight.clone(),
            geometry: self.geometry,
            shift: shift.cloned(),
            activation,
        }
    }

    /// The weight, `[O, C, k, k]`.
    #[must_use]
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The layer with another weight of the same shape.
    #[must_use]
    pub fn with_weight(&self, weight: Tensor) -> Self {
        Self { weight, ..*self }
    }

    /// The gradient before the layer from the one behind it, `[N, O, P, Q]` to `[N, C, H, W]`: the
    /// adjoint of [`Convolution::forward`] as an expression that can be differentiated itself.
    ///
    /// Where the stride leaves a remainder of H or W, the result lacks the last rows or columns.
    ///
    /// # Errors
    ///
    /// A tensor error when shapes do not fit.
    pub fn pullback(&self, gradient: &Tensor) -> Result<Tensor> {
        Ok(conv_transpose2d(
            gradient,
            &self.weight,
            self.geometry,
            self.precision,
        )?)
    }
}

/// A transposed convolution without bias; see [`conv_transpose2d`](fn@conv_transpose2d).
///
/// **Shapes** `[N, C, H, W]` to `[N, O, P, Q]`; weight `[C, O, k, k]`.
#[derive(Debug, Clone)]
pub struct ConvTranspose2d {
    weight: Tensor,
    geometry: ConvGeometry,
    precision: Precision,
}

impl ConvTranspose2d {
    /// The declaration of `PREFIX.weight`.
    #[must_use]
    pub fn specs(prefix: &str, inputs: usize, outputs: usize, kernel: usize) -> Vec<ParamSpec> {
        weight_spec(prefix, [inputs, outputs, kernel, kernel])
    }

    /// The layer that reads `PREFIX.weight` and multiplies in the parameters' [precision](Params::precision).
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`](crate::Error::MissingParameter).
    pub fn new(params: &Params, prefix: &str, geometry: ConvGeometry) -> Result<Self> {
        Ok(Self {
            weight: params.tensor(&format!("{prefix}.weight"))?.clone(),
            geometry,
            precision: params.precision(),
        })
    }

    /// The layer with its responses scaled, each output channel by its own factor `[O]`.
    ///
    /// # Errors
    ///
    /// A tensor error when there is not a factor for each channel.
    pub fn scaled(&self, scale: &Tensor) -> Result<Self> {
        let scale = scale.reshape((1, (), 1, 1))?;
        Ok(Self {
            weight: self.weight.broadcast_mul(&scale)?.contiguous()?,
            ..*self
        })
    }

    /// The layer as data, with what follows it.
    #[must_use]
    pub fn layer(&self, shift: Option<&Tensor>, activation: Activation) -> Layer {
        Layer {
            kind: LayerKind::Transposed,
            weight: self.weight.clone(),
            geometry: self.geometry,
            shift: shift.cloned(),
            activation,
        }
    }
}

/// A convolution of either kind as data.
#[derive(Debug, Clone, Copy)]
pub struct Kernel<'a> {
    /// [`Direction::Down`] is [`conv2d`](fn@conv2d), [`Direction::Up`] [`conv_transpose2d`](fn@conv_transpose2d).
    pub direction: Direction,
    /// As the operation has it.
    pub weight: &'a Tensor,
    /// Stride and padding.
    pub geometry: ConvGeometry,
    /// What is multiplied.
    pub precision: Precision,
}

/// What a block of a network begins with.
pub trait Convolution {
    /// The convolution as data.
    fn kernel(&self) -> Kernel<'_>;

    /// The convolved images.
    ///
    /// # Errors
    ///
    /// A tensor error when shapes do not fit.
    fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let Kernel {
            direction,
            weight,
            geometry,
            precision,
        } = self.kernel();
        Ok(match direction {
            Direction::Down => conv2d(images, weight, geometry, precision)?,
            Direction::Up => conv_transpose2d(images, weight, geometry, precision)?,
        })
    }

    /// The convolved images, normalized, behind a leaky rectifier: what
    /// [`BatchNorm::forward_rectified`] makes of them, in training as one operation instead of two.
    ///
    /// # Errors
    ///
    /// As [`BatchNorm::forward_rectified`].
    fn forward_normalized(
        &self,
        images: &Tensor,
        norm: &BatchNorm,
        slope: f64,
        mode: Mode,
    ) -> Result<Tensor> {
        match mode {
            Mode::Train => norm.train_convolved(images, self.kernel(), slope),
            Mode::Eval => norm.forward_rectified(&self.forward(images)?, slope, mode),
        }
    }
}

impl Convolution for Conv2d {
    fn kernel(&self) -> Kernel<'_> {
        Kernel {
            direction: Direction::Down,
            weight: &self.weight,
            geometry: self.geometry,
            precision: self.precision,
        }
    }
}

impl Convolution for ConvTranspose2d {
    fn kernel(&self) -> Kernel<'_> {
        Kernel {
            direction: Direction::Up,
            weight: &self.weight,
            geometry: self.geometry,
            precision: self.precision,
        }
    }
}

fn weight_spec(prefix: &str, shape: [usize; 4]) -> Vec<ParamSpec> {
    vec![ParamSpec::new(
        format!("{prefix}.weight"),
        shape,
        CONVOLUTION_INIT,
        Role::Weight,
    )]
}
