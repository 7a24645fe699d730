use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_tensor::ImageBatch;

use crate::harmonic::to_values;
use crate::picture::{Region, complete};
use crate::sparse::{HoleSystem, Operator};
use crate::{Error, Result};

/// Fills each hole with a thin plate that continues values and slopes: the biharmonic equation.
///
/// **Equation** (Damelin and Hoang 2018, "On surface completion and image inpainting by biharmonic
/// functions: numerical aspects"; discretization of scikit-image's `inpaint_biharmonic`)
///
/// ```text
/// (L^2 u)_p = 0   at missing p,     u_k = y_k at known k,
/// u clamped to the smallest and largest known value of its channel
/// ```
///
/// with L the five-point Laplacian whose missing neighbors at the image's border do not count. The
/// stencils that scikit-image cuts off at the border are exactly the rows of this square, so the two
/// agree everywhere. Equal to the minimum of `sum of (L u)^2` over the whole image, which is why it
/// is unique. Channel by channel, solved exactly in f64 (sparse Cholesky).
///
/// **Shapes** `[N, C, H, W]` in and out. The time grows with the missing pixels to the power of 1.5 at
/// most, and is paid once for each different mask of a batch.
///
/// # Errors
///
/// [`Error::NotFinite`] when a known value is infinite or NaN; [`Error::Singular`] when rounding
/// leaves nothing of the solution, which takes a hole of hundreds of pixels in width with hardly a
/// known pixel around it; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_classical::Biharmonic;
/// use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 1, width: 7 };
/// let ramp: Vec<f32> = (0..7).map(|col| col as f32 / 4.0 - 0.75).collect();
/// let truth = ImageBatch::from_values(ramp.clone(), shape, &Device::Cpu)?;
/// let mask = Mask::from_missing(1, 7, |_, col| col == 3)?;
/// let completed = Biharmonic.inpaint(&CorruptedImages::new(&truth, &mask)?)?;
/// assert!((completed.to_values()?[3] - ramp[3]).abs() < 1e-6);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Biharmonic;

impl Inpainter for Biharmonic {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        complete(
            corrupted,
            |region| HoleSystem::new(region, Operator::Bilaplacian),
            |system, picture| {
                Ok(to_values(picture.planes().map(|mut plane| {
                    let (low, high) = known_range(picture.region, &plane);
                    system.fill(&mut plane);
                    for value in &mut plane {
                        *value = value.clamp(low, high);
                    }
                    plane
                })))
            },
        )
    }

    fn name(&self) -> String {
        "biharmonic".into()
    }
}

/// The smallest and the largest known value of a plane.
fn known_range(region: &Region, plane: &[f64]) -> (f64, f64) {
    let known = plane.iter().zip(&region.known).filter(|(_, known)| **known);
    known.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(low, high), (&value, _)| (low.min(value), high.max(value)),
    )
}
