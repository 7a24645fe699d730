//! Hole fills without a network: what semantic inpainting has to beat, and often does not on small holes.
//!
//! Each method is an [`Inpainter`](semantic_inpaint_mask::Inpainter) of its own, named after its paper or
//! the tool that people know it from.
//!
//! | method | fills with | source |
//! |---|---|---|
//! | [`Harmonic`] | a membrane | Laplace's equation |
//! | [`Biharmonic`] | a thin plate | Damelin and Hoang 2018, scikit-image |
//! | [`Telea`] | averages, from the border inward | Telea 2004, OpenCV |
//! | [`TotalVariation`] | the fewest and straightest edges | Afonso et al. 2011 |
//! | [`TruncatedNuclearNorm`] | combinations of other rows and columns | Hu et al. 2013 |
//! | [`TextureSynthesis`] | pixels from elsewhere, one by one | Efros and Leung 1999 |
//! | [`PatchCompletion`] | patches from elsewhere, all at once | Wexler et al. 2007, Barnes et al. 2009 |
//! | [`NearestImage`] | the most similar training image, blended | Hays and Efros 2007 in small |
//! | [`MeanImage`] | the mean of the training images | |
//!
//! The last two need a training set, the others the image alone.
//!
//! # Invariants
//!
//! - Known pixels come back bit for bit, fills are within `[-1, 1]`, and what a hole held before is never
//!   read.
//! - Equal arguments give equal results, and an image's result does not depend on its batch.
//! - Any mask is filled: holes at the image's border, many components, single known pixels. A mask without
//!   a known pixel cannot be built ([`semantic_inpaint_mask::Error::NothingKnown`]).
//! - Arithmetic runs on the host, images in parallel, in f64 but where a method is defined otherwise.
//!
//! # Why own code
//!
//! Looked at when this was written: `inpaint` 0.1.7 has a license that asks for the same of its users
//! (EUPL-1.2); `texture-synthesis` 0.8.2 makes new 8-bit pictures of the `image` crate; `faer` 0.24.4 would
//! bring sparse factors and singular values with 19 more packages, where a factor on pixels and Jacobi
//! rotations are two short files. For the other methods no crate was found.
//!
//! # Example
//!
//! ```
//! use semantic_inpaint_classical::{Biharmonic, Harmonic, Telea};
//! use semantic_inpaint_mask::{CorruptedImages, Inpainter, MaskShape};
//! use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let shape = ImageShape::square_rgb(64);
//! let truth = ImageBatch::from_values(vec![0.25; shape.num_values()], shape, &Device::Cpu)?;
//! let mask = "circle:20".parse::<MaskShape>()?.build(64, 64, &mut Rng::from_seed(1))?;
//! let corrupted = CorruptedImages::new(&truth, &mask)?;
//! assert_eq!(Harmonic.inpaint(&corrupted)?.count(), 1);
//! assert_eq!(Biharmonic.inpaint(&corrupted)?.count(), 1);
//! assert_eq!(Telea::default().inpaint(&corrupted)?.count(), 1);
//! # Ok(())
//! # }
//! ```

mod biharmonic;
mod error;
mod harmonic;
mod mean_image;
mod nearest_image;
mod patch_completion;
mod picture;
mod singular;
mod sparse;
mod telea;
mod texture_synthesis;
mod total_variation;
mod training_set;
mod truncated_nuclear_norm;

pub use biharmonic::Biharmonic;
pub use error::{Error, Result};
pub use harmonic::Harmonic;
pub use mean_image::MeanImage;
pub use nearest_image::{NearestImage, NearestImageConfig, Seam};
pub use patch_completion::{PatchCompletion, PatchCompletionConfig};
pub use telea::{Telea, TeleaConfig};
pub use texture_synthesis::{TextureSynthesis, TextureSynthesisConfig};
pub use total_variation::{Coupling, TotalVariation, TotalVariationConfig};
pub use truncated_nuclear_norm::{TruncatedNuclearNorm, TruncatedNuclearNormConfig};
