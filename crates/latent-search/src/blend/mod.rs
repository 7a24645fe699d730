//! Merging generated content into the known pixels.

mod banded;
mod border;
mod components;
mod conjugate_gradients;
mod laplacian;
mod poisson;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use rayon::prelude::*;
use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageBatch};
use serde::{Deserialize, Serialize};

pub use border::{BorderMatch, match_border};
pub use poisson::PoissonSolver;

use crate::{Error, Result};

/// How generated content is merged into the known pixels.
///
/// Written `overlay` and `poisson` in text, configuration and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blend {
    /// Missing pixels are copied from the generated image; seams stay visible.
    Overlay,
    /// Missing pixels take the generated image's differences and continue the known values
    /// ([`PoissonSolver`]).
    #[default]
    Poisson,
}

impl fmt::Display for Blend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overlay => "overlay",
            Self::Poisson => "poisson",
        })
    }
}

impl FromStr for Blend {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "overlay" => Ok(Self::Overlay),
            "poisson" => Ok(Self::Poisson),
            _ => Err(Error::UnknownBlend(text.into())),
        }
    }
}

/// The completed images: known pixels of `corrupted`, missing pixels from `generated`.
///
/// **Equation** (Yeh et al. 2017, section 3.3; for the minimum see [`PoissonSolver`])
///
/// ```text
/// overlay   x = known ? y : G(z)
/// poisson   x = known ? y : clamp(argmin sum ||grad x - grad G(z)||^2, -1, 1)
/// ```
///
/// Known pixels are selected, never computed, and so equal the input bit for bit, whatever the
/// missing pixels of either batch hold. The Poisson fill can overshoot where the generated image is
/// brighter or darker than its surroundings, so its missing pixels, and only these, are clamped to
/// `[-1, 1]` at the end. Each image is blended on its own: the batch it is in makes no difference.
///
/// **Shapes** `[N, C, H, W]` in and out. The result has the device and type of the corrupted images.
/// Overlay runs on the device. Poisson runs on the host in f64; each distinct mask of the batch is
/// factored once, images and channels are solved in parallel.
///
/// # Errors
///
/// [`Error::BlendShape`] when the batches differ in shape; [`Error::BlendNotFinite`] when Poisson
/// blending meets an infinite or NaN value; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_latent_search::{Blend, blend};
/// use semantic_inpaint_mask::{CorruptedImages, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 1, width: 3 };
/// let image = ImageBatch::from_values(vec![0.5, 0.0, 0.5], shape, &Device::Cpu)?;
/// let generated = ImageBatch::from_values(vec![0.0, 0.1, 0.0], shape, &Device::Cpu)?;
/// let mask = Mask::from_missing(1, 3, |_, col| col == 1)?;
/// let corrupted = CorruptedImages::new(&image, &mask)?;
///
/// let overlay = blend(&corrupted, &generated, Blend::Overlay)?;
/// assert_eq!(overlay.to_values()?, [0.5, 0.1, 0.5]);
/// let poisson = blend(&corrupted, &generated, Blend::Poisson)?;
/// assert_eq!(poisson.to_values()?, [0.5, 0.6, 0.5]);
/// # Ok(())
/// # }
/// ```
pub fn blend(
    corrupted: &CorruptedImages,
    generated: &ImageBatch,
    blend: Blend,
) -> Result<ImageBatch> {
    let images = corrupted.images();
    if images.tensor().dims() != generated.tensor().dims() {
        return Err(Error::BlendShape {
            corrupted: images.tensor().dims().to_vec(),
            generated: generated.tensor().dims().to_vec(),
        });
    }
    match blend {
        Blend::Overlay => overlay(corrupted, generated),
        Blend::Poisson => overlay(corrupted, &poisson_fill(corrupted, generated)?),
    }
}

/// Known pixels from the corrupted images, missing pixels from `fill`, wherever that lives.
fn overlay(corrupted: &CorruptedImages, fill: &ImageBatch) -> Result<ImageBatch> {
    let images = corrupted.images().tensor();
    let fill = fill
        .tensor()
        .to_device(images.device())
        .and_then(|fill| fill.to_dtype(images.dtype()))
        .map_err(TensorError::from)?;
    Ok(corrupted.overlay(&ImageBatch::new(fill)?)?)
}

/// The Poisson solution of every image, clamped to `[-1, 1]` and rounded to f32, on the host.
fn poisson_fill(corrupted: &CorruptedImages, generated: &ImageBatch) -> Result<ImageBatch> {
    let shape = generated.shape();
    let (solvers, solver_of_image) = distinct_solvers(corrupted.mask())?;
    let known = corrupted.images().to_values()?;
    let mut filled = generated.to_values()?;
    filled
        .par_chunks_mut(shape.num_pixels())
        .zip(known.par_chunks(shape.num_pixels()))
        .enumerate()
        .try_for_each(|(plane, (filled, known))| -> Result<()> {
            let solver = &solvers[solver_of_image[plane / shape.channels]];
            let solution = solver.solve(known, filled)?;
            for (value, exact) in filled.iter_mut().zip(solution) {
                *value = exact.clamp(-1.0, 1.0) as f32;
            }
            Ok(())
        })?;
    Ok(ImageBatch::from_values(filled, shape, &Device::Cpu)?)
}

/// One solver for each distinct mask, and for each image which of them is its own.
fn distinct_solvers(mask: &Mask) -> Result<(Vec<PoissonSolver>, Vec<usize>)> {
    let mut index_of = HashMap::new();
    let mut first_image = Vec::new();
    let mut solver_of_image = Vec::with_capacity(mask.count());
    for image in 0..mask.count() {
        let known: Vec<bool> = mask.known(image).iter().copied().collect();
        let solver = *index_of.entry(known).or_insert_with(|| {
            first_image.push(image);
            first_image.len() - 1
        });
        solver_of_image.push(solver);
    }
    let solvers = first_image
        .into_par_iter()
        .map(|image| PoissonSolver::for_mask(mask, image))
        .collect::<Result<_>>()?;
    Ok((solvers, solver_of_image))
}
