use std::fmt;
use std::sync::Arc;

use ndarray::{Array3, ArrayView2, Axis, concatenate, s};
use semantic_inpaint_tensor::{DType, Device, Rng, Tensor};

use crate::{Error, MaskShape, Result};

#[cfg(test)]
mod tests;

/// N masks of one size that say which pixels are known (1) and which are missing (0).
///
/// **Shape** `[N, H, W]` on the host, `[N, 1, H, W]` as a tensor. Every mask has at least one known
/// and at least one missing pixel. The constructors name the polarity because half of all tools
/// mark the hole with 1. Cloning shares the storage.
///
/// ```
/// use semantic_inpaint_mask::Mask;
///
/// let mask = Mask::from_missing(4, 6, |row, _col| row == 0)?;
/// assert_eq!((mask.height(), mask.width()), (4, 6));
/// assert_eq!(mask.num_missing(0), 6);
/// assert!(mask.is_known(0, 3, 5));
/// # Ok::<(), semantic_inpaint_mask::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Mask {
    known: Arc<Array3<bool>>,
}

impl Mask {
    /// One mask whose pixels are missing where `is_missing(row, col)` holds.
    ///
    /// # Errors
    ///
    /// [`Error::NothingMissing`] or [`Error::NothingKnown`] when all pixels agree;
    /// [`Error::ShapeMismatch`] when a size is 0.
    pub fn from_missing(
        height: usize,
        width: usize,
        mut is_missing: impl FnMut(usize, usize) -> bool,
    ) -> Result<Self> {
        Self::from_known(height, width, |row, col| !is_missing(row, col))
    }

    /// One mask whose pixels are known where `is_known(row, col)` holds.
    ///
    /// # Errors
    ///
    /// As [`Mask::from_missing`].
    pub fn from_known(
        height: usize,
        width: usize,
        mut is_known: impl FnMut(usize, usize) -> bool,
    ) -> Result<Self> {
        Self::from_known_array(Array3::from_shape_fn(
            (1, height, width),
            |(_, row, col)| is_known(row, col),
        ))
    }

    /// Checks that each of the masks `[N, H, W]` (true = known) has both kinds of pixels.
    pub(crate) fn from_known_array(known: Array3<bool>) -> Result<Self> {
        let (count, height, width) = known.dim();
        check_sizes(count, height, width)?;
        for (index, mask) in known.outer_iter().enumerate() {
            let num_pixels = mask.len();
            match mask.iter().filter(|&&is_known| is_known).count() {
                0 => return Err(Error::NothingKnown { index, num_pixels }),
                num_known if num_known == num_pixels => {
                    return Err(Error::NothingMissing { index, num_pixels });
                }
                _ => {}
            }
        }
        Ok(Self {
            known: Arc::new(known),
        })
    }

    /// `count` masks, each of one of the shapes, drawn with equal chance; shapes with chance are drawn
    /// anew for each.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] without shapes; [`Error::DoesNotFit`] when a shape does not fit;
    /// [`Error::ShapeMismatch`] when `count` is 0.
    pub fn draw(
        shapes: &[MaskShape],
        count: usize,
        height: usize,
        width: usize,
        rng: &mut Rng,
    ) -> Result<Self> {
        if shapes.is_empty() {
            return Err(Error::OutOfRange {
                what: "number of mask shapes",
                expected: "at least one, for example square:20",
                got: "0".into(),
            });
        }
        let draw = |_| {
            let index = match shapes.len() {
                1 => 0,
                len => rng.next_index(len),
            };
            shapes[index].build(height, width, rng)
        };
        let masks: Vec<Self> = (0..count).map(draw).collect::<Result<_>>()?;
        Self::stack(&masks)
    }

    /// All masks of several batches behind each other.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when `masks` is empty or their sizes differ.
    pub fn stack(masks: &[Self]) -> Result<Self> {
        let views: Vec<_> = masks.iter().map(|mask| mask.known.view()).collect();
        let known = concatenate(Axis(0), &views).map_err(|_| Error::ShapeMismatch {
            what: "masks to stack",
            expected: "at least one mask, all of one height and width".into(),
            got: format!(
                "{:?}",
                masks
                    .iter()
                    .map(|m| (m.height(), m.width()))
                    .collect::<Vec<_>>()
            ),
        })?;
        Ok(Self {
            known: Arc::new(known),
        })
    }

    /// Number of masks, N.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.dim().0
    }

    /// Rows, H.
    #[must_use]
    pub fn height(&self) -> usize {
        self.known.dim().1
    }

    /// Columns, W.
    #[must_use]
    pub fn width(&self) -> usize {
        self.known.dim().2
    }

    /// Pixels of one mask: height x width.
    #[must_use]
    pub fn num_pixels(&self) -> usize {
        self.height() * self.width()
    }

    /// Whether a pixel of mask `index` is known.
    ///
    /// # Panics
    ///
    /// When an index is out of bounds, as slices do.
    #[must_use]
    pub fn is_known(&self, index: usize, row: usize, col: usize) -> bool {
        self.known[(index, row, col)]
    }

    /// One mask on the host, `[H, W]`: true = known.
    ///
    /// # Panics
    ///
    /// When `index` is out of bounds, as slices do.
    #[must_use]
    pub fn known(&self, index: usize) -> ArrayView2<'_, bool> {
        self.known.index_axis(Axis(0), index)
    }

    /// Number of known pixels of mask `index`.
    ///
    /// # Panics
    ///
    /// When `index` is out of bounds, as slices do.
    #[must_use]
    pub fn num_known(&self, index: usize) -> usize {
        self.known(index)
            .iter()
            .filter(|&&is_known| is_known)
            .count()
    }

    /// Number of missing pixels of mask `index`.
    ///
    /// # Panics
    ///
    /// When `index` is out of bounds, as slices do.
    #[must_use]
    pub fn num_missing(&self, index: usize) -> usize {
        self.num_pixels() - self.num_known(index)
    }

    /// The mean distance in pixels from the center of a missing pixel of mask `index` to the edge of the known
    /// pixel nearest to it.
    ///
    /// **Equation** (chessboard distance, Rosenfeld and Pfaltz 1968): `mean min max(|Δrow|, |Δcol|) - 1/2`, the
    /// mean over missing pixels, the minimum over known ones. 1/2 where every missing pixel touches a known
    /// one, if only at a corner; about a sixth of the side of a square. Beyond the image nothing is known: a
    /// missing half is half as deep as it is wide.
    ///
    /// ```
    /// use semantic_inpaint_mask::Mask;
    ///
    /// let centered = Mask::from_missing(9, 9, |row, col| (2..7).contains(&row) && (2..7).contains(&col))?;
    /// assert_eq!(centered.depth_px(0), (16.0 * 0.5 + 8.0 * 1.5 + 2.5) / 25.0);
    /// let at_the_border = Mask::from_missing(9, 9, |_, col| col < 5)?;
    /// assert_eq!(at_the_border.depth_px(0), 2.5);
    /// # Ok::<(), semantic_inpaint_mask::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// When `index` is out of bounds, as slices do.
    #[must_use]
    pub fn depth_px(&self, index: usize) -> f64 {
        let (height, width) = (self.height(), self.width());
        let around = |(row, col): (usize, usize)| {
            let cols = col.saturating_sub(1)..=(col + 1).min(width - 1);
            let rows = row.saturating_sub(1)..=(row + 1).min(height - 1);
            rows.flat_map(move |row| cols.clone().map(move |col| (row, col)))
        };
        let known = self.known(index);
        let borders_the_hole = |pixel| known[pixel] && around(pixel).any(|near| !known[near]);
        let pixels = known.indexed_iter().map(|(pixel, _)| pixel);
        let mut front: Vec<(usize, usize)> = pixels.filter(|&at| borders_the_hole(at)).collect();
        let (mut reached, mut distance, mut sum) = (known.to_owned(), 0.5, 0.0);
        loop {
            let nears = front.iter().copied().flat_map(around);
            front = nears
                .filter(|&near| !std::mem::replace(&mut reached[near], true))
                .collect();
            if front.is_empty() {
                return sum / self.num_missing(index) as f64;
            }
            sum += distance * front.len() as f64;
            distance += 1.0;
        }
    }

    /// The masks at `indices`, in that order; an index may repeat.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when `indices` is empty or leaves the batch.
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        if indices.is_empty() || indices.iter().any(|&index| index >= self.count()) {
            return Err(Error::ShapeMismatch {
                what: "indices of masks",
                expected: format!("at least one, each below {}", self.count()),
                got: format!("{indices:?}"),
            });
        }
        Ok(Self {
            known: Arc::new(self.known.select(Axis(0), indices)),
        })
    }

    /// The masks `start .. start + count`.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the range is empty or leaves the batch.
    pub fn narrow(&self, start: usize, count: usize) -> Result<Self> {
        match start.checked_add(count) {
            Some(end) if count > 0 && end <= self.count() => Ok(Self {
                known: Arc::new(self.known.slice(s![start..end, .., ..]).to_owned()),
            }),
            _ => Err(Error::ShapeMismatch {
                what: "range of masks",
                expected: format!("at least one mask within 0..{}", self.count()),
                got: format!("{count} from {start}"),
            }),
        }
    }

    /// `count` copies of a single mask.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when there are several masks already or `count` is 0.
    pub fn repeat(&self, count: usize) -> Result<Self> {
        if self.count() != 1 || count == 0 {
            return Err(Error::ShapeMismatch {
                what: "masks to repeat",
                expected: "one mask, repeated at least once".into(),
                got: format!("{} masks, {count} times", self.count()),
            });
        }
        self.select(&vec![0; count])
    }

    /// The masks for `count` images: themselves when there are as many, a single one repeated.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the count is neither 1 nor `count`.
    pub fn broadcast_to(&self, count: usize) -> Result<Self> {
        match self.count() {
            own if own == count => Ok(self.clone()),
            1 if count > 0 => self.repeat(count),
            own => Err(Error::ShapeMismatch {
                what: "number of masks",
                expected: format!("1 or one for each of {count} images"),
                got: own.to_string(),
            }),
        }
    }

    /// The masks as a tensor, `[N, 1, H, W]` in f32: 1 known, 0 missing.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] when the upload to the device fails.
    pub fn to_tensor(&self, device: &Device) -> Result<Tensor> {
        let condition = self.to_condition(device)?;
        Ok(condition
            .to_dtype(DType::F32)
            .map_err(semantic_inpaint_tensor::Error::from)?)
    }

    /// The masks as a condition for selections, `[N, 1, H, W]` in u8.
    pub(crate) fn to_condition(&self, device: &Device) -> Result<Tensor> {
        let values: Vec<u8> = self
            .known
            .iter()
            .map(|&is_known| u8::from(is_known))
            .collect();
        let dims = (self.count(), 1, self.height(), self.width());
        Ok(Tensor::from_vec(values, dims, device).map_err(semantic_inpaint_tensor::Error::from)?)
    }
}

/// Succeeds when there is at least one mask of at least one pixel.
pub(crate) fn check_sizes(count: usize, height: usize, width: usize) -> Result<()> {
    if count.min(height).min(width) > 0 {
        return Ok(());
    }
    Err(Error::ShapeMismatch {
        what: "mask",
        expected: "at least one mask of at least one pixel".into(),
        got: format!("{count} masks of height {height} and width {width}"),
    })
}

impl fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let num_missing: Vec<usize> = (0..self.count()).map(|i| self.num_missing(i)).collect();
        formatter
            .debug_struct("Mask")
            .field("height", &self.height())
            .field("width", &self.width())
            .field("num_missing", &num_missing)
            .finish()
    }
}
