use thiserror::Error;

/// What can go wrong when a photo of any size is inpainted at a model's size.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// A photo takes exactly one mask.
    #[error("{got} masks for one photo: select the photo's own mask")]
    NotOneMask {
        /// Number of masks that were given.
        got: usize,
    },
    /// The model's size is beyond any model.
    #[error("model size of {got} px is outside 2 to 4096: give the side of the model's images")]
    ModelSize {
        /// The size that was given, in pixels.
        got: usize,
    },
    /// A method cannot work on so few pixels.
    #[error("at most {got} pixels leave nothing to work on: allow at least 4")]
    TooFewPixels {
        /// The bound that was given.
        got: usize,
    },
    /// The photo and its mask differ in size.
    #[error(
        "the photo has {height}x{width} pixels, its mask {mask_height}x{mask_width}: \
         draw the mask at the photo's size"
    )]
    MaskSize {
        /// Rows of the photo.
        height: usize,
        /// Columns of the photo.
        width: usize,
        /// Rows of the mask.
        mask_height: usize,
        /// Columns of the mask.
        mask_width: usize,
    },
    /// The completed crop has another shape than the crop that was handed out.
    #[error("completed crop: expected shape {expected:?}, got {got:?}: stitch one image at a time")]
    CompletedShape {
        /// One RGB image of the frame's size.
        expected: [usize; 4],
        /// The shape that was found.
        got: Vec<usize>,
    },
    /// A way to cut the window was named that does not exist.
    #[error("unknown crop `{0}`: use around-hole, largest-square or centered-square")]
    UnknownCrop(String),
    /// A photo could not be built.
    #[error(transparent)]
    Data(#[from] semantic_inpaint_data::Error),
    /// Blending failed.
    #[error(transparent)]
    Blend(#[from] semantic_inpaint_latent_search::Error),
    /// A mask could not be built.
    #[error(transparent)]
    Mask(#[from] semantic_inpaint_mask::Error),
    /// A batch could not be built or read.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
}
