use semantic_inpaint_tensor::Tensor;
use semantic_inpaint_tensor::ops::ConvGeometry;

/// One layer of a chain: a convolution, a shift of each channel, an activation.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Which way the weights are applied.
    pub kind: LayerKind,
    /// `[C, O, k, k]` of a transposed convolution, `[O, C, k, k]` of a convolution.
    pub weight: Tensor,
    /// Stride and padding.
    pub geometry: ConvGeometry,
    /// What is added to each output channel, `[O]`; nothing where absent.
    pub shift: Option<Tensor>,
    /// What follows.
    pub activation: Activation,
}

/// The two kinds of convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerKind {
    /// From images to responses.
    Convolution,
    /// From responses back to images.
    Transposed,
}

/// A function of each value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// The value.
    Identity,
    /// `max(v, slope v)`.
    LeakyRelu {
        /// Between 0 (ReLU) and 1.
        slope: f64,
    },
    /// The hyperbolic tangent.
    Tanh,
}
