use super::runtime::Memory;

/// What happens to values once their sums are complete.
#[derive(Debug, Clone, Copy)]
pub enum Epilogue<'a> {
    /// `max(v, slope v)` of the value v plus its channel's shift; a slope of 1 leaves the sum.
    Rectify {
        /// From `Pass::upload_shift`.
        shift: Option<&'a Memory>,
        /// Between 0 and 1.
        slope: f32,
    },
    /// The gradient through [`Epilogue::Rectify`]: times 1 where the rectifier's output was above 0,
    /// times `slope` elsewhere.
    Gate {
        /// The rectifier's outputs, like this pass's output.
        outputs: &'a Memory,
        /// Of that rectifier.
        slope: f32,
    },
    /// The hyperbolic tangent.
    Tanh {
        /// Receives the values in single precision too.
        images: &'a Memory,
    },
    /// The gradient of the objective before the tanh that made the images: the pass's result, which is
    /// the prior loss's gradient with respect to them, plus the context loss's, times `1 - x^2`.
    ImageGradient(ContextTerms<'a>),
}

/// What the context loss `scale sum_i W_i d(x_i - y_i)` of each image is made of.
#[derive(Debug, Clone, Copy)]
pub struct ContextTerms<'a> {
    /// x, `[N, H, W, stored(C)]` in single precision.
    pub images: &'a Memory,
    /// y, likewise.
    pub target: &'a Memory,
    /// W, `[N, H, W]` in single precision; where it is not above 0, x and y are not read.
    pub pixel_weights: &'a Memory,
    /// `[N]` in single precision.
    pub scales: &'a Memory,
    /// d.
    pub distance: Distance,
}

/// How far two values are from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// `|x - y|`, whose derivative is 0 at 0.
    Absolute,
    /// `(x - y)^2`.
    Squared,
}

/// An epilogue as the kernels know it.
pub(super) struct Finish<'a> {
    pub(super) code: i32,
    pub(super) shift: Option<&'a Memory>,
    pub(super) gates: Option<&'a Memory>,
    pub(super) images: Option<&'a Memory>,
    pub(super) terms: Option<ContextTerms<'a>>,
    pub(super) slope: f32,
}

impl<'a> Finish<'a> {
    /// The code of the epilogue, and what it reads and writes.
    pub(super) fn of(epilogue: Epilogue<'a>) -> Self {
        let nothing = Self {
            code: 0,
            shift: None,
            gates: None,
            images: None,
            terms: None,
            slope: 1.0,
        };
        match epilogue {
            Epilogue::Rectify { shift, slope } => Self {
                shift,
                slope,
                ..nothing
            },
            Epilogue::Gate { outputs, slope } => Self {
                code: 1,
                gates: Some(outputs),
                slope,
                ..nothing
            },
            Epilogue::Tanh { images } => Self {
                code: 2,
                images: Some(images),
                ..nothing
            },
            Epilogue::ImageGradient(terms) => Self {
                code: 3,
                images: Some(terms.images),
                terms: Some(terms),
                ..nothing
            },
        }
    }
}
