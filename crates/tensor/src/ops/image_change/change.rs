/// How one image is changed; see [`change_images`](super::change_images).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageChange {
    /// Of its colors.
    pub color: ColorChange,
    /// Of its place.
    pub moved: Move,
    /// What is cut out of it afterwards.
    pub cutout: Cutout,
}

/// With p the mean of a pixel over its channels and m the mean of the image, one after the other:
/// brightness `x + b`, saturation `s (x - p) + p`, contrast `c (x - m) + m`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColorChange {
    /// b, added to every value.
    pub brightness: f64,
    /// s; 1 changes nothing, 0 leaves gray.
    pub saturation: f64,
    /// c; 1 changes nothing.
    pub contrast: f64,
}

/// A move down and to the right where positive, in pixels. Pixels that move in are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Down.
    pub rows: isize,
    /// To the right.
    pub cols: isize,
}

/// A rectangle of pixels that become 0, which may reach beyond the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutout {
    /// First row.
    pub top: isize,
    /// First column.
    pub left: isize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl ImageChange {
    /// Changes nothing.
    pub const NONE: Self = Self {
        color: ColorChange {
            brightness: 0.0,
            saturation: 1.0,
            contrast: 1.0,
        },
        moved: Move { rows: 0, cols: 0 },
        cutout: Cutout {
            top: 0,
            left: 0,
            height: 0,
            width: 0,
        },
    };
}

/// What values of an image are multiplied by: with p and m as [`ColorChange`] has them,
/// `of_value x + of_pixel p + of_mean m + brightness`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factors {
    pub(super) of_value: f64,
    pub(super) of_pixel: f64,
    pub(super) of_mean: f64,
    pub(super) brightness: f64,
}

impl ColorChange {
    pub(super) fn factors(&self) -> Factors {
        Factors {
            of_value: self.contrast * self.saturation,
            of_pixel: self.contrast * (1.0 - self.saturation),
            of_mean: 1.0 - self.contrast,
            brightness: self.brightness,
        }
    }
}

/// Pixels of a row that come from one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Of the first one in its plane, where it is now.
    pub(super) to: usize,
    /// Where it was.
    pub(super) from: usize,
    pub(super) len: usize,
}

impl ImageChange {
    /// All pixels of a plane that are not 0 after move and cutout.
    pub(super) fn runs(&self, height: usize, width: usize) -> Vec<Run> {
        let Self { moved, cutout, .. } = *self;
        let cut_rows = range(cutout.top, cutout.height, height);
        let cut = range(cutout.left, cutout.width, width);
        let (rows, cols) = (
            range(moved.rows, height, height),
            range(moved.cols, width, width),
        );
        let mut runs = Vec::with_capacity(rows.len() + cut_rows.len());
        for row in rows {
            let mut add = |from: usize, to: usize| {
                if from < to {
                    let column = from.wrapping_add_signed(-moved.cols);
                    runs.push(Run {
                        to: row * width + from,
                        from: row.wrapping_add_signed(-moved.rows) * width + column,
                        len: to - from,
                    });
                }
            };
            if cut_rows.contains(&row) && !cut.is_empty() {
                add(cols.start, cols.end.min(cut.start));
                add(cols.start.max(cut.end), cols.end);
            } else {
                add(cols.start, cols.end);
            }
        }
        runs
    }
}

/// `start..start + len` as far as it lies within a side.
fn range(start: isize, len: usize, side: usize) -> std::ops::Range<usize> {
    let bounded = |place: isize| place.clamp(0, side as isize) as usize;
    bounded(start)..bounded(start.saturating_add_unsigned(len))
}
