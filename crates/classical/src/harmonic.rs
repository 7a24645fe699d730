use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_tensor::ImageBatch;

use crate::picture::{Picture, complete};
use crate::sparse::{HoleSystem, Operator};
use crate::{Error, Result};

/// Fills each hole with the smoothest membrane that its border holds: the solution of Laplace's equation.
///
/// **Equation** (membrane interpolation; Perez et al. 2003, "Poisson image editing", eq. 2, with the
/// five-point Laplacian of section 3)
///
/// ```text
/// sum over neighbors q of p of (u_p - u_q) = 0   at missing p,     u_k = y_k at known k
/// ```
///
/// Neighbors are above, left, right and below; outside the image there is none and so no condition.
/// Channel by channel, solved exactly in f64 (sparse Cholesky), so fills lie between the smallest and
/// the largest known value beside their hole. Equals Poisson blending of a constant image.
///
/// **Shapes** `[N, C, H, W]` in and out. The time grows with the missing pixels to the power of 1.5 at
/// most, and is paid once for each different mask of a batch.
///
/// # Errors
///
/// [`Error::NotFinite`] when a known value is infinite or NaN; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_classical::Harmonic;
/// use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 1, width: 4 };
/// let truth = ImageBatch::from_values(vec![-0.5, 0.0, 0.0, 1.0], shape, &Device::Cpu)?;
/// let mask = Mask::from_missing(1, 4, |_, col| col == 1 || col == 2)?;
/// let completed = Harmonic.inpaint(&CorruptedImages::new(&truth, &mask)?)?;
/// assert_eq!(completed.to_values()?, [-0.5, 0.0, 0.5, 1.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Harmonic;

impl Inpainter for Harmonic {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        complete(
            corrupted,
            |region| HoleSystem::new(region, Operator::Laplacian),
            |system, picture| Ok(to_values(membranes(picture, system))),
        )
    }

    fn name(&self) -> String {
        "harmonic".into()
    }
}

/// Planes behind each other in single precision.
pub(crate) fn to_values(planes: impl Iterator<Item = Vec<f64>>) -> Vec<f32> {
    planes.flatten().map(|value| value as f32).collect()
}

/// The planes of a picture with their holes filled harmonically.
pub(crate) fn membranes(
    picture: &Picture<'_>,
    system: &HoleSystem,
) -> impl Iterator<Item = Vec<f64>> {
    picture.planes().map(|mut plane| {
        system.fill(&mut plane);
        plane
    })
}
