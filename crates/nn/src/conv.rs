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

/// What a block of a network begins with.
pub trait Convolution {
    /// The convolved images.
    ///
    /// # Errors
    ///
    /// A tensor error when shapes do not fit.
    fn forward(&self, images: &Tensor) -> Result<Tensor>;

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
    ) -> Result<Tensor>;
}

impl Convolution for Conv2d {
    fn forward(&self, images: &Tensor) -> Result<Tensor> {
        Ok(conv2d(images, &self.weight, self.geometry, self.precision)?)
    }

    fn forward_normalized(
        &self,
        images: &Tensor,
        norm: &BatchNorm,
        slope: f64,
        mode: Mode,
    ) -> Result<Tensor> {
        let convolution = (Direction::Down, self.geometry, self.precision);
        match mode {
            Mode::Train => norm.train_convolved(images, &self.weight, convolution, slope),
            Mode::Eval => norm.forward_rectified(&self.forward(images)?, slope, mode),
        }
    }
}

impl Convolution for ConvTranspose2d {
    fn forward(&self, images: &Tensor) -> Result<Tensor> {
        Ok(conv_transpose2d(
            images,
            &self.weight,
            self.geometry,
            self.precision,
        )?)
    }

    fn forward_normalized(
        &self,
        images: &Tensor,
        norm: &BatchNorm,
        slope: f64,
        mode: Mode,
    ) -> Result<Tensor> {
        let convolution = (Direction::Up, self.geometry, self.precision);
        match mode {
            Mode::Train => norm.train_convolved(images, &self.weight, convolution, slope),
            Mode::Eval => norm.forward_rectified(&self.forward(images)?, slope, mode),
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
