use semantic_inpaint_mask::{Mask, MaskShape};
use semantic_inpaint_tensor::Rng;

use crate::{Error, Result};

/// `count` masks for square images, each of one of the shapes, drawn with equal chance; shapes with
/// chance are drawn anew for each.
///
/// # Errors
///
/// [`Error::InvalidSetting`] without shapes; [`Error::Mask`] when a shape does not fit.
pub fn draw_masks(
    shapes: &[MaskShape],
    count: usize,
    size_px: usize,
    rng: &mut Rng,
) -> Result<Mask> {
    if shapes.is_empty() {
        let expected = "at least one shape, for example square:20";
        return Err(Error::setting("training masks", expected, "none"));
    }
    let draw = |_| {
        let index = match shapes.len() {
            1 => 0,
            len => rng.next_index(len),
        };
        Ok(shapes[index].build(size_px, size_px, rng)?)
    };
    let masks: Vec<Mask> = (0..count).map(draw).collect::<Result<_>>()?;
    Ok(Mask::stack(&masks)?)
}
