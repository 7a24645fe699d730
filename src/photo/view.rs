use super::window::Window;

/// A rectangle of a photo, which may reach beyond its borders, and the size that it is brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    /// First row; negative when the rectangle begins above the photo.
    pub(super) top: isize,
    /// First column; negative when it begins left of the photo.
    pub(super) left: isize,
    /// Rows in pixels of the photo.
    pub(super) height: usize,
    /// Columns in pixels of the photo.
    pub(super) width: usize,
    /// Rows of the image that a method sees.
    pub(super) rows: usize,
    /// Columns of that image.
    pub(super) cols: usize,
}

impl View {
    /// The whole window at a model's size, what lies beyond the photo included.
    pub(super) fn of_window(window: Window, size_px: usize) -> Self {
        Self {
            top: window.top,
            left: window.left,
            height: window.side,
            width: window.side,
            rows: size_px,
            cols: size_px,
        }
    }

    /// The part of the window within a photo: as it is, or reduced to at most `max_pixels`.
    pub(super) fn within_photo(window: Window, photo: (usize, usize), max_pixels: usize) -> Self {
        let (top, height) = within(window.top, window.side, photo.0);
        let (left, width) = within(window.left, window.side, photo.1);
        let (rows, cols) = reduced_size(height, width, max_pixels);
        Self {
            top: top as isize,
            left: left as isize,
            height,
            width,
            rows,
            cols,
        }
    }

    /// The photo's row behind row `offset` of the rectangle: outside, the nearest one.
    pub(super) fn photo_row(self, offset: usize, height: usize) -> usize {
        nearest(self.top, offset, height)
    }

    /// The photo's column behind column `offset` of the rectangle: outside, the nearest one.
    pub(super) fn photo_col(self, offset: usize, width: usize) -> usize {
        nearest(self.left, offset, width)
    }

    /// The rectangle's row that shows a row of the photo, the nearest one if none does.
    pub(super) fn row_of(self, row: usize) -> usize {
        offset(row, self.top, self.height)
    }

    /// The rectangle's column that shows a column of the photo, the nearest one if none does.
    pub(super) fn col_of(self, col: usize) -> usize {
        offset(col, self.left, self.width)
    }

    /// Photo pixels for each pixel of the image along the longer axis.
    pub(super) fn scale(self) -> f64 {
        self.height.max(self.width) as f64 / self.rows.max(self.cols) as f64
    }
}

/// First position and length of the part of a span that lies within a photo's extent.
pub(crate) fn within(start: isize, side: usize, extent: usize) -> (usize, usize) {
    let first = start.max(0).unsigned_abs().min(extent - 1);
    let end = start.saturating_add_unsigned(side).max(0);
    (first, end.unsigned_abs().clamp(first + 1, extent) - first)
}

/// The size itself, or one of the same proportions with at most `max_pixels` pixels.
fn reduced_size(height: usize, width: usize, max_pixels: usize) -> (usize, usize) {
    if height.saturating_mul(width) <= max_pixels {
        return (height, width);
    }
    let share = (max_pixels as f64 / (height as f64 * width as f64)).sqrt();
    // Whole results must not fall below themselves by rounding.
    let side = |length: usize| ((length as f64 * share + 1e-6) as usize).max(1);
    let (rows, cols) = (side(height), side(width));
    // A strip that is thinner than one reduced pixel is reduced along its length alone.
    (
        rows.min(max_pixels / cols).max(1),
        cols.min(max_pixels / rows).max(1),
    )
}

fn nearest(start: isize, offset: usize, extent: usize) -> usize {
    let position = start.saturating_add_unsigned(offset);
    usize::try_from(position).map_or(0, |position| position.min(extent - 1))
}

fn offset(position: usize, start: isize, length: usize) -> usize {
    position
        .saturating_add_signed(start.saturating_neg())
        .min(length - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduced_sizes_keep_proportions_and_the_bound() {
        assert_eq!(reduced_size(100, 50, 5000), (100, 50));
        assert_eq!(reduced_size(400, 200, 5000), (100, 50));
        assert_eq!(reduced_size(734, 734, 192 * 192), (192, 192));
        for (height, width, max_pixels) in [
            (1, 1_000_000, 4096),
            (3, 90_000, 5000),
            (90_000, 3, 2),
            (641, 640, 64 * 64),
        ] {
            let (rows, cols) = reduced_size(height, width, max_pixels);
            assert!(rows * cols <= max_pixels, "{rows}x{cols}");
            assert!(rows >= 1 && cols >= 1 && rows * cols > max_pixels / 3);
        }
    }

    #[test]
    fn only_the_part_within_the_photo_is_seen() {
        let window = Window {
            top: -20,
            left: 0,
            side: 140,
        };
        let view = View::within_photo(window, (100, 140), usize::MAX);
        assert_eq!((view.top, view.left), (0, 0));
        assert_eq!((view.height, view.width), (100, 140));
        assert_eq!((view.rows, view.cols, view.scale()), (100, 140, 1.0));
    }
}
