//! Masks, importance weights and corrupted images for semantic inpainting.
//!
//! A [`MaskShape`] and a seed, or the pixels of a mask image and a [`Hole`] convention, make a
//! [`Mask`]. A mask and true images make [`CorruptedImages`], which is all that an [`Inpainter`] gets
//! to see. A mask alone makes the [`ImportanceWeights`] of Yeh et al. 2017, which say how much each
//! known pixel tells about the hole.
//!
//! # Conventions
//!
//! A mask is 1 where a pixel is known and 0 where it is missing, everywhere: on the host, in
//! tensors, in the paper. Only mask *images* differ among tools, hence [`Hole`]. A mask with no hole
//! or nothing but hole cannot be built.
//!
//! # Example
//!
//! ```
//! use semantic_inpaint_mask::{CorruptedImages, ImportanceWeights, MaskShape};
//! use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let shape = ImageShape::square_rgb(64);
//! let truth = ImageBatch::from_values(vec![0.25; shape.num_values()], shape, &Device::Cpu)?;
//!
//! let mask = "circle:20".parse::<MaskShape>()?.build(64, 64, &mut Rng::from_seed(1))?;
//! let corrupted = CorruptedImages::new(&truth, &mask)?;
//! let weights = ImportanceWeights::new(&mask, 7)?;
//!
//! assert_eq!(mask.num_missing(0), 316);
//! assert_eq!(corrupted.images().to_values()?.iter().filter(|&&v| v == 0.0).count(), 3 * 316);
//! assert!((weights.sum(0) - 53.061).abs() < 1e-3);
//! # Ok(())
//! # }
//! ```

mod corrupted;
mod error;
mod hole;
mod importance;
mod inpainter;
mod mask;
mod shape;

pub use corrupted::CorruptedImages;
pub use error::{Error, Result};
pub use hole::Hole;
pub use importance::{ImportanceWeights, WindowBorder};
pub use inpainter::Inpainter;
pub use mask::Mask;
pub use shape::{MaskShape, Side};
