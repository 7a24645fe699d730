use thiserror::Error;

use crate::{MethodName, PhotoError};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong when photos are inpainted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The model makes gray images and photos are in color.
    #[error("the model makes images of {got} channel, photos have 3: use a model of RGB images")]
    ModelChannels {
        /// Channels of the model's images.
        got: usize,
    },
    /// A method was named that does not exist.
    #[error("unknown method `{got}`: use one of {methods}")]
    UnknownMethod {
        /// The name that was given.
        got: String,
        /// The names that there are.
        methods: String,
    },
    /// A method needs a model.
    #[error("{method} needs a model: put one into the method's context")]
    MissingModel {
        /// The method.
        method: MethodName,
    },
    /// A method needs training images.
    #[error(
        "{method} needs a training set: put images that are framed like the photos into the method's \
         context"
    )]
    MissingTrainingSet {
        /// The method.
        method: MethodName,
    },
    /// A rule of the method that chooses among others names that method.
    #[error("auto chooses between other methods: name two of them in its rule")]
    AutoRule,
    /// The Context Encoder needs trained networks.
    #[error(
        "context-encoder needs a trained network: put one into the method's context (`semantic-inpaint train \
         context-encoder` trains it)"
    )]
    NoEncoder,
    /// Context Encoders of several sizes cannot be one method.
    #[error("Context Encoders for images of {} and {} px: take those of one size", sizes[0], sizes[1])]
    EncoderSizes {
        /// Two of their sizes.
        sizes: [usize; 2],
    },
    /// A search cannot give so many completions.
    #[error(
        "{asked} completions take as many restarts, and the search has {left} left at its end: raise its \
         restarts or leave out its halving"
    )]
    TooFewRestarts {
        /// Completions that were asked for.
        asked: usize,
        /// Restarts that are left.
        left: usize,
    },
    /// Photos and masks do not come in pairs.
    #[error(
        "{num_photos} photos and {num_masks} masks: give one mask for each of at least 1 photo"
    )]
    UnpairedMasks {
        /// Number of photos.
        num_photos: usize,
        /// Number of masks.
        num_masks: usize,
    },
    /// A method without a search has nothing to calibrate.
    #[error("{method} has no search, whose confidence could be calibrated: calibrate latent")]
    NothingToCalibrate {
        /// The method.
        method: MethodName,
    },
    /// Calibrations could not be read or written.
    #[error("calibrations of {of}: {reason}: write them with `semantic-inpaint calibrate`")]
    Calibrations {
        /// The file, or the embedded model.
        of: String,
        /// What is wrong with them.
        reason: String,
    },
    /// A photo could not be framed or put together again.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// An embedded model could not be unpacked.
    #[error(transparent)]
    Pretrained(#[from] semantic_inpaint_pretrained::Error),
    /// The model could not be read.
    #[error(transparent)]
    Model(#[from] semantic_inpaint_dcgan::Error),
    /// The search failed or was set up wrongly.
    #[error(transparent)]
    Search(#[from] semantic_inpaint_latent_search::Error),
    /// A fill without a network failed.
    #[error(transparent)]
    Classical(#[from] semantic_inpaint_classical::Error),
    /// A Context Encoder could not be read or does not fit the hole.
    #[error(transparent)]
    ContextEncoder(#[from] semantic_inpaint_context_encoder::Error),
    /// An encoder of latents could not be read or is for another generator.
    #[error(transparent)]
    LatentEncoder(#[from] semantic_inpaint_latent_encoder::Error),
    /// A mask could not be built.
    #[error(transparent)]
    Mask(#[from] semantic_inpaint_mask::Error),
    /// A picture could not be built.
    #[error(transparent)]
    Data(#[from] semantic_inpaint_data::Error),
    /// Images could not be scored.
    #[error(transparent)]
    Metrics(#[from] semantic_inpaint_metrics::Error),
    /// A batch could not be built or read.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
}
