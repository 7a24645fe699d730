use super::march::Front;

/// Projections on the front's direction up to this count as [`SIDEWAYS_WEIGHT`].
const SIDEWAYS: f64 = 0.01;
const SIDEWAYS_WEIGHT: f32 = 1e-6;
/// Keeps divisors from being 0.
const TINY: f32 = 1e-20;

/// One pixel that a missing pixel is computed from; what depends on the mask alone.
#[derive(Debug)]
struct Contribution {
    weight: f32,
    /// From the contributing pixel to the missing one.
    row_offset: f32,
    col_offset: f32,
    value: usize,
    horizontal: Difference,
    vertical: Difference,
}

/// A difference of two pixels times a factor: 0 where neither side is known.
#[derive(Debug)]
struct Difference {
    plus: usize,
    minus: usize,
    factor: i32,
}

impl Difference {
    fn of(&self, levels: &[i32]) -> f32 {
        ((levels[self.plus] - levels[self.minus]) * self.factor) as f32
    }
}

/// The weights of one missing pixel, the same for every channel.
#[derive(Debug)]
pub(super) struct Estimator {
    contributions: Vec<Contribution>,
}

impl Estimator {
    /// The estimator of the missing place `at`, whose distance is set.
    pub(super) fn new(front: &Front, at: usize, radius: usize) -> Self {
        let grid = front.grid();
        let (row, col) = (at / grid.cols, at % grid.cols);
        let slope_rows = slope(front, at - grid.cols, at, at + grid.cols);
        let slope_cols = slope(front, at - 1, at, at + 1);
        let mut contributions = Vec::new();
        for other_row in row.saturating_sub(radius).max(1)..=(row + radius).min(grid.rows - 2) {
            for other_col in col.saturating_sub(radius).max(1)..=(col + radius).min(grid.cols - 2) {
                let other = other_row * grid.cols + other_col;
                let (rows, cols) = (row.abs_diff(other_row), col.abs_diff(other_col));
                if front.is_missing(other) || rows * rows + cols * cols > radius * radius {
                    continue;
                }
                let row_offset = row as f32 - other_row as f32;
                let col_offset = col as f32 - other_col as f32;
                let along = col_offset * slope_cols + row_offset * slope_rows;
                contributions.push(contribution(
                    front,
                    at,
                    other,
                    [row_offset, col_offset],
                    along,
                ));
            }
        }
        Self { contributions }
    }

    /// The level of the missing pixel in a plane of levels.
    pub(super) fn estimate(&self, levels: &[i32]) -> i32 {
        let (mut sum, mut total) = (0.0_f32, TINY);
        let (mut along_cols, mut along_rows) = (0.0_f32, 0.0_f32);
        for part in &self.contributions {
            sum += part.weight * levels[part.value] as f32;
            along_cols -= part.weight * (part.horizontal.of(levels) * part.col_offset);
            along_rows -= part.weight * (part.vertical.of(levels) * part.row_offset);
            total += part.weight;
        }
        let norm = (along_cols * along_cols + along_rows * along_rows).sqrt() + TINY;
        let level = sum / total + (along_cols + along_rows) / norm;
        (f64::from(level) + 0.5).round_ties_even().clamp(0.0, 255.0) as i32
    }
}

/// The derivative of the distance along one axis, of the sides that the front has reached.
fn slope(front: &Front, before: usize, at: usize, after: usize) -> f32 {
    let distance = |at| front.distance(at);
    match (front.is_missing(before), front.is_missing(after)) {
        (false, false) => (distance(after) - distance(before)) * 0.5,
        (true, false) => distance(after) - distance(at),
        (false, true) => distance(at) - distance(before),
        (true, true) => 0.0,
    }
}

fn contribution(
    front: &Front,
    at: usize,
    other: usize,
    [row_offset, col_offset]: [f32; 2],
    along: f32,
) -> Contribution {
    let grid = front.grid();
    let squared = col_offset * col_offset + row_offset * row_offset;
    let closeness = (1.0 / (f64::from(squared) * f64::from(squared).sqrt())) as f32;
    let level_set = f64::from((front.distance(other) - front.distance(at)).abs());
    let level_set = (1.0 / (1.0 + level_set)) as f32;
    let along = if f64::from(along).abs() <= SIDEWAYS {
        SIDEWAYS_WEIGHT
    } else {
        along
    };
    let (row, col) = (other / grid.cols, other % grid.cols);
    let rows = Reading::of(row, grid.rows - 2);
    let cols = Reading::of(col, grid.cols - 2);
    let width = grid.cols - 2;
    let horizontal = difference(
        [front.is_missing(other - 1), front.is_missing(other + 1)],
        cols,
        |col| rows.low * width + col,
    );
    let vertical = difference(
        [
            front.is_missing(other - grid.cols),
            front.is_missing(other + grid.cols),
        ],
        rows,
        |row| row * width + cols.low,
    );
    Contribution {
        weight: (closeness * level_set * along).abs(),
        row_offset,
        col_offset,
        value: grid.pixel(other),
        horizontal,
        vertical,
    }
}

/// The coordinates that differences read for one of the grid: one further in at the image's border, so
/// that both neighbors of it exist.
#[derive(Debug, Clone, Copy)]
struct Reading {
    low: usize,
    high: usize,
    last: usize,
}

impl Reading {
    /// The readings for a coordinate 1 to `size`.
    fn of(coordinate: usize, size: usize) -> Self {
        let high = (coordinate - 1).saturating_sub(usize::from(coordinate == size));
        Self {
            low: (coordinate - 1 + usize::from(coordinate == 1)).min(size - 1),
            high,
            last: size - 1,
        }
    }
}

/// The difference along one axis, given which sides are missing and what is read.
fn difference(
    [before_missing, after_missing]: [bool; 2],
    Reading { low, high, last }: Reading,
    pixel: impl Fn(usize) -> usize,
) -> Difference {
    let (before, after) = (low.saturating_sub(1), (high + 1).min(last));
    let (plus, minus, factor) = match (before_missing, after_missing) {
        (false, false) => (after, before, 2),
        (true, false) => (after, low, 1),
        (false, true) => (high, before, 1),
        (true, true) => (low, low, 0),
    };
    Difference {
        plus: pixel(plus),
        minus: pixel(minus),
        factor,
    }
}
