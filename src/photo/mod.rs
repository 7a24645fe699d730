//! Photos of any size through a model of one size.
//!
//! A [`PhotoFrame`] cuts a square window round the hole, brings it to the model's size, and puts the
//! completed window back: only the hole's pixels change, every other byte of the photo stays.

mod error;
mod reduced;
mod resample;
#[cfg(test)]
mod tests;
mod window;

use std::thread;

use semantic_inpaint_data::{Photo, level_to_value, value_to_level};
use semantic_inpaint_latent_search::{Blend, PoissonSolver};
use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};

pub use error::PhotoError;
pub use window::{Crop, Window};

use reduced::{coverage, known_cells, reduced};
use resample::{Kernel, Taps};
use window::Bounds;

/// Largest accepted side of a model's images in pixels.
const MAX_SIZE_PX: usize = 4096;

/// The way of one photo to a model's size and back.
///
/// [`PhotoFrame::corrupted`] gives the window round the hole at the model's size, any inpainter
/// completes it, and [`PhotoFrame::stitch`] puts it back. **Guarantees:**
///
/// - every byte of the known area, alpha included, is the photo's own;
/// - what the photo holds inside the hole has no influence on the result;
/// - a window as large as the model's image is not resampled. In particular a photo that has the
///   model's size passes through unchanged, and a hole of at most 45 % of the model's size is
///   completed pixel by pixel in a photo of any size.
///
/// ```
/// use semantic_inpaint::{Blend, Crop, CorruptedImages, Device, Mask, Photo, PhotoFrame};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # fn any_inpainter(c: &CorruptedImages) -> semantic_inpaint::ImageBatch { c.images().clone() }
/// let photo = Photo::filled(300, 400, [200, 120, 40]);
/// let mask = Mask::from_missing(300, 400, |row, col| row < 90 && (100..160).contains(&col))?;
///
/// let frame = PhotoFrame::new(&mask, 64, Crop::AroundHole)?;
/// assert_eq!(frame.window().side, 200);
/// let corrupted = frame.corrupted(&photo, &Device::Cpu)?;
/// assert_eq!(corrupted.images().tensor().dims(), [1, 3, 64, 64]);
///
/// let completed = any_inpainter(&corrupted);
/// let result = frame.stitch(&photo, &completed, Blend::Poisson)?;
/// assert_eq!((result.height(), result.width()), (300, 400));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PhotoFrame {
    mask: Mask,
    hole: Bounds,
    window: Window,
    size_px: usize,
    known_cells: Vec<bool>,
}

impl PhotoFrame {
    /// The frame for a photo with this mask and a model of `size_px` x `size_px` images.
    ///
    /// The window is a square that contains the whole hole ([`Crop`] says how large), moved into the
    /// photo at its borders. Where the hole is longer than three quarters of the photo's short side,
    /// the window may be larger than that side; pixels beyond the photo then repeat its border.
    ///
    /// # Errors
    ///
    /// [`PhotoError::NotOneMask`] unless `mask` holds one mask; [`PhotoError::ModelSize`] when
    /// `size_px` is not 2 to 4096.
    pub fn new(mask: &Mask, size_px: usize, crop: Crop) -> Result<Self, PhotoError> {
        if mask.count() != 1 {
            return Err(PhotoError::NotOneMask { got: mask.count() });
        }
        if !(2..=MAX_SIZE_PX).contains(&size_px) {
            return Err(PhotoError::ModelSize { got: size_px });
        }
        let hole = Bounds::of_hole(mask);
        let window = Window::around(hole, mask, size_px, crop);
        let known_cells = known_cells(&coverage(mask, window, size_px));
        Ok(Self {
            mask: mask.clone(),
            hole,
            window,
            size_px,
            known_cells,
        })
    }

    /// The part of the photo that the model sees.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// Photo pixels for each pixel of the model's image along one axis; 1 is no resampling.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.window.side as f64 / self.size_px as f64
    }

    /// The window at the model's size with its hole, one image `[1, 3, S, S]`.
    ///
    /// Shrinking uses the antialiased triangle filter over known pixels alone. A model pixel is
    /// missing if any photo pixel in its cell is; where a hole of fine specks would leave less than
    /// half of the known area that way, cells that are known in part count as known.
    ///
    /// To complete several photos as one batch, concatenate the images and stack the masks of their
    /// frames.
    ///
    /// # Errors
    ///
    /// [`PhotoError::MaskSize`] when the photo has another size than the mask;
    /// [`PhotoError::Tensor`] or [`PhotoError::Mask`] when the device fails.
    pub fn corrupted(&self, photo: &Photo, device: &Device) -> Result<CorruptedImages, PhotoError> {
        self.check_size(photo)?;
        let size_px = self.size_px;
        let mask = Mask::from_known(size_px, size_px, |row, col| {
            self.known_cells[row * size_px + col]
        })?;
        let values = reduced(photo, &self.mask, self.window, size_px, &self.known_cells);
        let images = ImageBatch::from_values(values, ImageShape::square_rgb(size_px), device)?;
        Ok(CorruptedImages::new(&images, &mask)?)
    }

    /// The photo with its hole filled from the completed window, `[1, 3, S, S]`.
    ///
    /// The window is brought back to the photo's resolution by bicubic interpolation and blended
    /// into the hole there: [`Blend::Poisson`] takes its gradients and continues the photo's known
    /// pixels ([`PoissonSolver`]), [`Blend::Overlay`] copies it. Filled pixels become opaque if the
    /// photo has an alpha plane. Values are clamped to `[-1, 1]` and rounded to 8 bits.
    ///
    /// # Errors
    ///
    /// [`PhotoError::MaskSize`] when the photo has another size than the mask;
    /// [`PhotoError::CompletedShape`] when `completed` is not one RGB image of the model's size;
    /// [`PhotoError::Blend`] when Poisson blending meets infinite or NaN values.
    pub fn stitch(
        &self,
        photo: &Photo,
        completed: &ImageBatch,
        blend: Blend,
    ) -> Result<Photo, PhotoError> {
        self.check_size(photo)?;
        let expected = [1, 3, self.size_px, self.size_px];
        if completed.tensor().dims() != expected {
            let got = completed.tensor().dims().to_vec();
            return Err(PhotoError::CompletedShape { expected, got });
        }
        let bounds = self
            .hole
            .grown_within(self.mask.height(), self.mask.width());
        let completed = completed.to_values()?;
        let guides: Vec<Vec<f32>> = completed
            .chunks_exact(self.size_px * self.size_px)
            .map(|plane| self.enlarged(plane, bounds))
            .collect();
        let fills = match blend {
            Blend::Overlay => guides,
            Blend::Poisson => self.poisson_fills(photo, &guides, bounds)?,
        };
        self.filled(photo, &fills, bounds)
    }

    fn check_size(&self, photo: &Photo) -> Result<(), PhotoError> {
        let (height, width) = (photo.height(), photo.width());
        let (mask_height, mask_width) = (self.mask.height(), self.mask.width());
        if (height, width) == (mask_height, mask_width) {
            return Ok(());
        }
        Err(PhotoError::MaskSize {
            height,
            width,
            mask_height,
            mask_width,
        })
    }

    /// One channel `[S, S]` of the window at the photo's resolution, inside `bounds` only.
    fn enlarged(&self, plane: &[f32], bounds: Bounds) -> Vec<f32> {
        let side = self.window.side;
        let cols = (bounds.left..bounds.right).map(|col| nearest(col, self.window.left, side));
        let rows = (bounds.top..bounds.bottom).map(|row| nearest(row, self.window.top, side));
        let across = Taps::new(Kernel::CatmullRom, self.size_px, side, cols);
        let down = Taps::new(Kernel::CatmullRom, self.size_px, side, rows);
        let wide: Vec<f64> = plane
            .chunks_exact(self.size_px)
            .flat_map(|row| {
                across
                    .iter()
                    .map(|taps| taps.sum(|col| f64::from(row[col])))
            })
            .collect();
        let value = |taps: &Taps, col: usize| taps.sum(|row| wide[row * across.len() + col]);
        down.iter()
            .flat_map(|taps| (0..across.len()).map(move |col| (taps, col)))
            .map(|(taps, col)| value(taps, col) as f32)
            .collect()
    }

    /// The three channels inside `bounds`, each from its guide and the photo's known pixels.
    fn poisson_fills(
        &self,
        photo: &Photo,
        guides: &[Vec<f32>],
        bounds: Bounds,
    ) -> Result<Vec<Vec<f32>>, PhotoError> {
        let is_known = self.mask.known(0);
        let known: Vec<bool> = bounds.pixels().map(|pixel| is_known[pixel]).collect();
        let solver = PoissonSolver::new(bounds.height(), bounds.width(), &known)?;
        let solve = |channel: usize| -> Result<Vec<f32>, PhotoError> {
            let level = |(row, col)| photo.rgb()[3 * (row * photo.width() + col) + channel];
            let values: Vec<f32> = bounds.pixels().map(|p| level_to_value(level(p))).collect();
            let fill = solver.solve(&values, &guides[channel])?;
            Ok(fill.into_iter().map(|value| value as f32).collect())
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..guides.len())
                .map(|channel| scope.spawn(move || solve(channel)))
                .collect();
            workers
                .into_iter()
                .map(|worker| {
                    worker
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        })
    }

    /// The photo with its missing pixels taken from the fills of the three channels.
    fn filled(
        &self,
        photo: &Photo,
        fills: &[Vec<f32>],
        bounds: Bounds,
    ) -> Result<Photo, PhotoError> {
        let is_known = self.mask.known(0);
        let mut rgb = photo.rgb().to_vec();
        let mut alpha = photo.alpha().map(<[u8]>::to_vec);
        for (index, (row, col)) in bounds.pixels().enumerate() {
            if is_known[(row, col)] {
                continue;
            }
            let pixel = row * photo.width() + col;
            for (channel, fill) in fills.iter().enumerate() {
                rgb[3 * pixel + channel] = value_to_level(fill[index]);
            }
            if let Some(alpha) = &mut alpha {
                alpha[pixel] = 255;
            }
        }
        let photo = Photo::from_rgb(photo.height(), photo.width(), rgb)?;
        Ok(match alpha {
            Some(alpha) => photo.with_alpha(alpha)?,
            None => photo,
        })
    }
}

/// The offset in a window from `start` of a photo's row or column, the nearest one if it is outside.
fn nearest(position: usize, start: isize, side: usize) -> usize {
    position
        .saturating_add_signed(start.saturating_neg())
        .min(side - 1)
}
