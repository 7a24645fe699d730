//! Photos of any size through a model of one size, or through a method that takes any.
//!
//! A [`PhotoFrame`] cuts a square window round the hole, brings it to the method's size, and puts the
//! completed window back: only the hole's pixels change, every other byte of the photo stays.

mod error;
mod reduced;
mod resample;
#[cfg(test)]
mod tests;
mod view;
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
use view::View;
use window::Bounds;

pub(crate) use view::within;

/// Largest accepted side of a model's images in pixels.
const MAX_SIZE_PX: usize = 4096;
/// Least side of the window of a method that takes any size, where the photo has it.
const LEAST_WINDOW_PX: usize = 128;

/// The way of one photo to a method's size and back.
///
/// [`PhotoFrame::new`] is for a model, whose images have one size, [`PhotoFrame::at_photo_resolution`]
/// for a method that takes any. [`PhotoFrame::corrupted`] gives the window round the hole at the method's
/// size, any inpainter completes it, and [`PhotoFrame::stitch`] puts it back. **Guarantees:**
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
    view: View,
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
        if !(2..=MAX_SIZE_PX).contains(&size_px) {
            return Err(PhotoError::ModelSize { got: size_px });
        }
        Self::with_view(mask, size_px, crop, |window| {
            View::of_window(window, size_px)
        })
    }

    /// The frame for a photo with this mask and a method that takes images of any size.
    ///
    /// The method sees what of the window lies within the photo, pixel by pixel; the window is that of
    /// [`PhotoFrame::new`] with a side of at least 128 px. Where that is more than `max_pixels`, it is reduced
    /// to so many, in its own proportions.
    ///
    /// ```
    /// use semantic_inpaint::{Crop, Device, Mask, Photo, PhotoFrame};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let photo = Photo::filled(300, 400, [200, 120, 40]);
    /// let mask = Mask::from_missing(300, 400, |row, col| row < 90 && (100..160).contains(&col))?;
    /// let size = |max_pixels| {
    ///     let frame = PhotoFrame::at_photo_resolution(&mask, Crop::AroundHole, max_pixels)?;
    ///     let shape = frame.corrupted(&photo, &Device::Cpu)?.images().shape();
    ///     Ok::<_, semantic_inpaint::PhotoError>((shape.height, shape.width))
    /// };
    /// assert_eq!(size(1 << 20)?, (200, 200));
    /// assert_eq!(size(100 * 100)?, (100, 100));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PhotoError::NotOneMask`] unless `mask` holds one mask; [`PhotoError::TooFewPixels`] when
    /// `max_pixels` is below 4.
    pub fn at_photo_resolution(
        mask: &Mask,
        crop: Crop,
        max_pixels: usize,
    ) -> Result<Self, PhotoError> {
        if max_pixels < 4 {
            return Err(PhotoError::TooFewPixels { got: max_pixels });
        }
        let photo = (mask.height(), mask.width());
        Self::with_view(mask, LEAST_WINDOW_PX, crop, |window| {
            View::within_photo(window, photo, max_pixels)
        })
    }

    fn with_view(
        mask: &Mask,
        least_side: usize,
        crop: Crop,
        view: impl Fn(Window) -> View,
    ) -> Result<Self, PhotoError> {
        if mask.count() != 1 {
            return Err(PhotoError::NotOneMask { got: mask.count() });
        }
        let hole = Bounds::of_hole(mask);
        let window = Window::around(hole, mask, least_side, crop);
        let view = view(window);
        Ok(Self {
            mask: mask.clone(),
            hole,
            window,
            view,
            known_cells: known_cells(&coverage(mask, view)),
        })
    }

    /// The part of the photo that the method sees, but for what lies beyond the photo.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// Photo pixels for each pixel of the method's image along one axis; 1 is no resampling.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.view.scale()
    }

    /// The shape of the images that the method sees and gives.
    #[must_use]
    pub fn shape(&self) -> ImageShape {
        ImageShape {
            channels: 3,
            height: self.view.rows,
            width: self.view.cols,
        }
    }

    /// The window at the method's size with its hole, one image of [`PhotoFrame::shape`].
    ///
    /// Shrinking uses the antialiased triangle filter over known pixels alone. A pixel of it is
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
        let ImageShape { height, width, .. } = self.shape();
        let mask = Mask::from_known(height, width, |row, col| {
            self.known_cells[row * width + col]
        })?;
        let values = reduced(photo, &self.mask, self.view, &self.known_cells);
        let images = ImageBatch::from_values(values, self.shape(), device)?;
        Ok(CorruptedImages::new(&images, &mask)?)
    }

    /// The photo with its hole filled from the completed window, one image of [`PhotoFrame::shape`].
    ///
    /// The window is brought back to the photo's resolution by bicubic interpolation and blended
    /// into the hole there: [`Blend::Poisson`] takes its gradients and continues the photo's known
    /// pixels ([`PoissonSolver`]), [`Blend::Overlay`] copies it. Filled pixels become opaque if the
    /// photo has an alpha plane. Values are clamped to `[-1, 1]` and rounded to 8 bits.
    ///
    /// # Errors
    ///
    /// [`PhotoError::MaskSize`] when the photo has another size than the mask;
    /// [`PhotoError::CompletedShape`] when `completed` is not one image of that shape;
    /// [`PhotoError::Blend`] when Poisson blending meets infinite or NaN values.
    pub fn stitch(
        &self,
        photo: &Photo,
        completed: &ImageBatch,
        blend: Blend,
    ) -> Result<Photo, PhotoError> {
        self.check_size(photo)?;
        let expected = [1, 3, self.view.rows, self.view.cols];
        if completed.tensor().dims() != expected {
            let got = completed.tensor().dims().to_vec();
            return Err(PhotoError::CompletedShape { expected, got });
        }
        let bounds = self
            .hole
            .grown_within(self.mask.height(), self.mask.width());
        let completed = completed.to_values()?;
        let guides: Vec<Vec<f32>> = completed
            .chunks_exact(self.view.rows * self.view.cols)
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

    /// One channel `[rows, cols]` of the view at the photo's resolution, inside `bounds` only.
    fn enlarged(&self, plane: &[f32], bounds: Bounds) -> Vec<f32> {
        let view = self.view;
        let cols = (bounds.left..bounds.right).map(|col| view.col_of(col));
        let rows = (bounds.top..bounds.bottom).map(|row| view.row_of(row));
        let across = Taps::new(Kernel::CatmullRom, view.cols, view.width, cols);
        let down = Taps::new(Kernel::CatmullRom, view.rows, view.height, rows);
        let wide: Vec<f64> = plane
            .chunks_exact(view.cols)
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
