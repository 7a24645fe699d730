use thiserror::Error;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in the latent search and in blending.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The generated images do not fit the corrupted ones.
    #[error(
        "generated images are {generated:?} but the corrupted ones are {corrupted:?}: \
         generate one image of the same size for each"
    )]
    BlendShape {
        /// `[N, C, H, W]` of the corrupted images.
        corrupted: Vec<usize>,
        /// `[N, C, H, W]` of the generated images.
        generated: Vec<usize>,
    },
    /// A plane handed to the Poisson solver has another number of pixels than its mask.
    #[error("{what}: {got} values for a plane of {height} x {width}: give one value per pixel")]
    BlendPlaneSize {
        /// The plane's role.
        what: &'static str,
        /// Number of values that were given.
        got: usize,
        /// Rows of the mask.
        height: usize,
        /// Columns of the mask.
        width: usize,
    },
    /// Every pixel is missing, so nothing fixes the fill.
    #[error("all {height} x {width} pixels are missing: blending needs at least one known pixel")]
    BlendNothingKnown {
        /// Rows of the mask.
        height: usize,
        /// Columns of the mask.
        width: usize,
    },
    /// A value that the fill depends on is infinite or NaN.
    #[error("infinite or NaN value at or beside row {row}, column {col}: check the images")]
    BlendNotFinite {
        /// Row of the missing pixel.
        row: usize,
        /// Column of the missing pixel.
        col: usize,
    },
    /// The importance weights are of other masks than the images.
    #[error(
        "the importance weights are {got:?} (images, height, width) but the images {expected:?}: weigh the \
         images' own mask"
    )]
    BorderWeights {
        /// Images, height and width of the images.
        expected: [usize; 3],
        /// Those of the weights.
        got: [usize; 3],
    },
    /// A value that the border is matched by is infinite or NaN.
    #[error(
        "a value beside the hole of image {image}, channel {channel}, is not finite: check the images"
    )]
    BorderNotFinite {
        /// The image's place in the batch.
        image: usize,
        /// The channel.
        channel: usize,
    },
    /// The matrix to be factored is not positive definite.
    #[error("pivot {pivot} in row {row} is not positive: the matrix must be positive definite")]
    BlendSingular {
        /// Row of the pivot.
        row: usize,
        /// Its value.
        pivot: f64,
    },
    /// A blending was named that does not exist.
    #[error("unknown blending `{0}`: use overlay or poisson")]
    UnknownBlend(String),
    /// A setting lies outside its range.
    #[error("{what} must be {expected}, got {got}")]
    InvalidSetting {
        /// The setting's name.
        what: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The value that was found.
        got: String,
    },
    /// The images are not of the size that the generator makes.
    #[error(
        "the images are {got:?} (channels, height, width) but the generator makes {expected:?}: crop \
         or resize them first"
    )]
    ImageShape {
        /// Channels, height and width of the generator's images.
        expected: [usize; 3],
        /// Channels, height and width that were found.
        got: [usize; 3],
    },
    /// There is not one latent for each image.
    #[error("the latents are {got:?} but must be {expected:?}: give a latent for each image")]
    LatentShape {
        /// Images, and length of a latent.
        expected: [usize; 2],
        /// The dimensions that were found.
        got: Vec<usize>,
    },
    /// The prior loss needs a discriminator.
    #[error(
        "the model holds no discriminator, which the prior loss needs: set the prior weight to 0"
    )]
    NoDiscriminator,
    /// The start asks an encoder, and the search has none.
    #[error(
        "the start `encoder` needs an encoder of the generator's latents: name one, or start with \
         nearest:512"
    )]
    NoEncoder,
    /// An encoder was made for another generator.
    #[error(
        "the encoder reads images of {encoder:?} (channels, height, width, and the latent's length) but \
         the generator has {generator:?}: train an encoder for this generator"
    )]
    EncoderShape {
        /// Channels, height, width and length of the latent of the encoder.
        encoder: [usize; 4],
        /// The generator's.
        generator: [usize; 4],
    },
    /// No known pixel has weight.
    #[error(
        "image {index}: no known pixel lies within a window of {window} pixels of the hole: use a \
         wider window"
    )]
    NothingToMatch {
        /// The image's place in the batch.
        index: usize,
        /// The window in pixels.
        window: usize,
    },
    /// The objective is no longer a finite number.
    #[error("the objective is not finite at iteration {iteration}: lower the learning rate of z")]
    NotFinite {
        /// The iteration at which it was seen.
        iteration: usize,
    },
    /// A network failed.
    #[error(transparent)]
    Network(#[from] semantic_inpaint_nn::Error),
    /// Batches, shapes or devices.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
    /// Masks and corrupted images.
    #[error(transparent)]
    Mask(#[from] semantic_inpaint_mask::Error),
}
