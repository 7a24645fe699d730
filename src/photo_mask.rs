use semantic_inpaint_mask::{Mask, MaskShape};
use semantic_inpaint_tensor::Rng;

use crate::{Result, Window};

/// A mask shape on a photo of any size, as a model with images of `size_px` x `size_px` sees it.
///
/// The shape is drawn on the model's grid, the grid is laid over the photo's largest centered
/// square, and each photo pixel takes the grid's nearest one: `square:20` covers 20/64 of the
/// square's side whatever the size of the photo. Pixels outside of the square are known.
/// [`Crop::CenteredSquare`](crate::Crop::CenteredSquare) then shows the model exactly this square,
/// which is right for photos framed like the training images. A photo of the model's size gets the
/// shape itself.
///
/// ```
/// use semantic_inpaint::{MaskShape, photo_mask};
///
/// let shape: MaskShape = "square:20".parse()?;
/// let mask = photo_mask(shape, 128, 200, 64, 1)?;
/// assert_eq!(mask.num_missing(0), 40 * 40);
/// assert!(!mask.is_known(0, 44, 36 + 44));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Mask`](crate::Error::Mask) when the shape does not fit the model's grid, or when a photo
/// smaller than the grid is left without a known or without a missing pixel.
pub fn photo_mask(
    shape: MaskShape,
    height: usize,
    width: usize,
    size_px: usize,
    seed: u64,
) -> Result<Mask> {
    let grid = shape.build(size_px, size_px, &mut Rng::from_seed(seed))?;
    let square = Window::centered_square(height, width);
    // The cell that the middle of a photo pixel lies in; a pixel outside has none.
    let cell = |position: usize, start: isize| {
        let offset = position.checked_add_signed(-start)?;
        (offset < square.side).then(|| (2 * offset + 1) * size_px / (2 * square.side))
    };
    let mask = Mask::from_missing(height, width, |row, col| {
        cell(row, square.top)
            .zip(cell(col, square.left))
            .is_some_and(|(row, col)| !grid.is_known(0, row, col))
    })?;
    Ok(mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Crop, PhotoFrame};

    const SHAPES: [&str; 6] = [
        "square:20",
        "circle:20",
        "blocks:2x2:100",
        "half:top",
        "pixels:0.8",
        "strokes",
    ];

    #[test]
    fn a_photo_of_the_models_size_gets_the_shape_itself() {
        for text in SHAPES {
            let shape: MaskShape = text.parse().unwrap();
            let own = shape.build(64, 64, &mut Rng::from_seed(3)).unwrap();
            assert_eq!(photo_mask(shape, 64, 64, 64, 3).unwrap(), own, "{text}");
        }
    }

    #[test]
    fn the_model_sees_the_shape_that_was_drawn() {
        for text in SHAPES {
            let shape: MaskShape = text.parse().unwrap();
            let own = shape.build(64, 64, &mut Rng::from_seed(5)).unwrap();
            for (height, width) in [(128, 128), (192, 300), (257, 128)] {
                let mask = photo_mask(shape, height, width, 64, 5).unwrap();
                let frame = PhotoFrame::new(&mask, 64, Crop::CenteredSquare).unwrap();
                assert_eq!(frame.window(), Window::centered_square(height, width));
                let photo = crate::Photo::filled(height, width, [9; 3]);
                let corrupted = frame.corrupted(&photo, &crate::Device::Cpu).unwrap();
                assert_eq!(*corrupted.mask(), own, "{text} {height}x{width}");
            }
        }
    }

    #[test]
    fn photos_too_small_for_a_hole_are_refused() {
        for text in SHAPES {
            assert!(photo_mask(text.parse().unwrap(), 1, 1, 64, 1).is_err());
        }
        assert!(photo_mask("square:65".parse().unwrap(), 500, 500, 64, 1).is_err());
    }
}
