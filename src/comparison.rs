use semantic_inpaint_data::{ContactSheet, Photo, Region};
use semantic_inpaint_mask::Mask;

use crate::photo::within;
use crate::{PhotoError, Result, Window};

/// Least side of a panel; smaller windows are enlarged by whole factors.
const MIN_PANEL_PX: usize = 256;
/// Largest side of a panel; larger windows are scaled down.
const MAX_PANEL_PX: usize = 512;
/// What a missing pixel shows: the middle gray that stands for it in tensors.
const MISSING: [u8; 3] = [128; 3];

/// The original, the corrupted and the completed photo side by side, cut to the window that the model
/// saw.
///
/// Each panel has a side of 256 to 512 px: smaller windows are enlarged pixel by pixel, larger ones
/// reduced. Missing pixels of the corrupted panel are gray.
///
/// # Errors
///
/// [`Error::Photo`](crate::Error::Photo) when the mask is not one mask of the photos' size;
/// [`Error::Data`](crate::Error::Data) when the two photos differ in size.
pub fn comparison(
    original: &Photo,
    mask: &Mask,
    completed: &Photo,
    window: Window,
) -> Result<Photo> {
    let corrupted = with_gray_hole(original, mask)?;
    let region = visible(window, original.height(), original.width());
    let panels: Result<Vec<Photo>> = [original, &corrupted, completed]
        .into_iter()
        .map(|photo| panel(&photo.crop(region)?))
        .collect();
    let sheet = ContactSheet {
        num_columns: 3,
        gap_px: 8,
        ..ContactSheet::default()
    };
    Ok(sheet.render(&panels?)?)
}

fn with_gray_hole(photo: &Photo, mask: &Mask) -> Result<Photo> {
    let (height, width) = (photo.height(), photo.width());
    if mask.count() != 1 {
        return Err(PhotoError::NotOneMask { got: mask.count() }.into());
    }
    if (mask.height(), mask.width()) != (height, width) {
        return Err(PhotoError::MaskSize {
            height,
            width,
            mask_height: mask.height(),
            mask_width: mask.width(),
        }
        .into());
    }
    let mut corrupted = photo.clone().without_alpha();
    let pixels = corrupted.rgb_mut().chunks_exact_mut(3);
    for (pixel, is_known) in pixels.zip(mask.known(0)) {
        if !is_known {
            pixel.copy_from_slice(&MISSING);
        }
    }
    Ok(corrupted)
}

/// The part of the window that lies within the photo.
fn visible(window: Window, height: usize, width: usize) -> Region {
    let (top, height) = within(window.top, window.side, height);
    let (left, width) = within(window.left, window.side, width);
    Region {
        top,
        left,
        height,
        width,
    }
}

/// The picture at a size to look at.
fn panel(photo: &Photo) -> Result<Photo> {
    let longest = photo.height().max(photo.width());
    if longest > MAX_PANEL_PX {
        let scaled = |side: usize| (side * MAX_PANEL_PX / longest).max(1);
        return Ok(photo.resized(scaled(photo.height()), scaled(photo.width()))?);
    }
    enlarged(photo, MIN_PANEL_PX.div_ceil(longest))
}

/// The picture with every pixel as a square of `factor` x `factor` pixels, to look at small images.
/// Alpha is left out.
///
/// ```
/// use semantic_inpaint::{Photo, enlarged};
///
/// let large = enlarged(&Photo::filled(2, 3, [7; 3]), 4)?;
/// assert_eq!(large, Photo::filled(8, 12, [7; 3]));
/// # Ok::<(), semantic_inpaint::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Data`](crate::Error::Data) when `factor` is 0.
pub fn enlarged(photo: &Photo, factor: usize) -> Result<Photo> {
    let rows = photo.rgb().chunks_exact(3 * photo.width());
    let rgb = rows.flat_map(|row| {
        let wide: Vec<u8> = row.chunks_exact(3).flat_map(|p| p.repeat(factor)).collect();
        wide.repeat(factor)
    });
    let (height, width) = (photo.height() * factor, photo.width() * factor);
    Ok(Photo::from_rgb(height, width, rgb.collect())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(height: usize, width: usize, window: Window) -> Photo {
        let original = Photo::filled(height, width, [10, 20, 30]);
        let mask = Mask::from_missing(height, width, |row, col| row + col == 0).unwrap();
        let completed = Photo::filled(height, width, [40, 50, 60]);
        comparison(&original, &mask, &completed, window).unwrap()
    }

    #[test]
    fn panels_show_original_gray_hole_and_completion() {
        let window = Window {
            top: 0,
            left: 0,
            side: 64,
        };
        let picture = compared(64, 64, window);
        assert_eq!((picture.height(), picture.width()), (256, 3 * 256 + 16));
        let at = |row: usize, col: usize| {
            let start = 3 * (row * picture.width() + col);
            picture.rgb()[start..start + 3].to_vec()
        };
        assert_eq!(at(3, 3), [10, 20, 30]);
        assert_eq!(at(3, 256 + 8 + 3), [128; 3]);
        assert_eq!(at(4, 256 + 8 + 4), [10, 20, 30]);
        assert_eq!(at(255, 2 * 264), [40, 50, 60]);
    }

    #[test]
    fn windows_that_leave_the_photo_are_cut_and_large_ones_reduced() {
        let window = Window {
            top: -20,
            left: 0,
            side: 140,
        };
        let picture = compared(100, 140, window);
        assert_eq!((picture.height(), picture.width()), (200, 3 * 280 + 16));
        let window = Window {
            top: 0,
            left: 500,
            side: 1000,
        };
        let picture = compared(1000, 2000, window);
        assert_eq!((picture.height(), picture.width()), (512, 3 * 512 + 16));
    }

    #[test]
    fn masks_of_another_size_are_refused() {
        let photo = Photo::filled(8, 8, [0; 3]);
        let mask = Mask::from_missing(8, 9, |row, _| row == 0).unwrap();
        let window = Window {
            top: 0,
            left: 0,
            side: 8,
        };
        assert!(comparison(&photo, &mask, &photo, window).is_err());
    }
}
