use semantic_inpaint_data::{Photo, level_to_value};
use semantic_inpaint_mask::Mask;

use super::resample::{Kernel, Taps};
use super::view::View;

/// Coverage from which a cell counts as entirely known, up to rounding.
const ENTIRELY: f64 = 1.0 - 1e-9;

/// Which cells count as known: the first of these least coverages that keeps enough of the picture.
const LEAST_COVERAGE: [f64; 3] = [ENTIRELY, 0.5, f64::MIN_POSITIVE];

/// For each pixel of the method's image, the share of its cell that is known, `[rows, cols]`.
pub(super) fn coverage(mask: &Mask, view: View) -> Vec<f64> {
    let known = mask.known(0);
    let cols: Vec<usize> = (0..view.width)
        .map(|offset| view.photo_col(offset, mask.width()))
        .collect();
    let (down, along) = taps(Kernel::Area, view);
    let mut coverage = vec![0.0; view.rows * view.cols];
    let mut across = vec![0.0; view.cols];
    for offset in 0..view.height {
        let row = view.photo_row(offset, mask.height());
        for (value, taps) in across.iter_mut().zip(&along) {
            *value = taps.sum(|input| f64::from(u8::from(known[(row, cols[input])])));
        }
        add_row(&mut coverage, &across, &down, offset);
    }
    coverage
}

/// The weights of all rows and of all columns of the method's image.
fn taps(kernel: Kernel, view: View) -> (Vec<Taps>, Vec<Taps>) {
    (
        Taps::new(kernel, view.height, view.rows, 0..view.rows),
        Taps::new(kernel, view.width, view.cols, 0..view.cols),
    )
}

/// Which pixels of the method's image are known, by rows; at least one is not, and of several pixels at
/// least one is.
///
/// A pixel is missing if any of the photo's pixels in its cell is, so that no trace of what the hole
/// hides is taken for context. Holes finer than a cell (specks, lettering) would leave nothing of
/// the picture that way. If less than half of the known area remains, cells that are half known
/// count as known; if that is not enough, all that are known in part, but for the least known one.
pub(super) fn known_cells(coverage: &[f64]) -> Vec<bool> {
    let enough = 0.5 * coverage.iter().sum::<f64>();
    let cells = |least: f64| coverage.iter().map(move |&share| share >= least);
    let least = LEAST_COVERAGE
        .into_iter()
        .find(|&least| cells(least).filter(|&is_known| is_known).count() as f64 >= enough)
        .unwrap_or(f64::MIN_POSITIVE);
    let mut known: Vec<bool> = cells(least).collect();
    if !known.contains(&false) {
        let fewest = (0..coverage.len()).min_by(|&a, &b| coverage[a].total_cmp(&coverage[b]));
        if let Some(cell) = fewest {
            known[cell] = false;
        }
    }
    known
}

/// The view at the method's size, `[3, rows, cols]` in `[-1, 1]`, from known pixels only.
///
/// The filter is the one of the training images, with the weights of missing pixels left out and the
/// others scaled to sum to 1 (normalized convolution, Knutsson and Westin 1993): what the hole hides
/// does not leak into its surroundings. Where `known` is false the value is 0.
pub(super) fn reduced(photo: &Photo, mask: &Mask, view: View, known: &[bool]) -> Vec<f32> {
    let is_known = mask.known(0);
    let (down, along) = taps(Kernel::Triangle, view);
    let num_cells = view.rows * view.cols;
    // Red, green and blue of the known pixels, and their number.
    let mut sums = vec![vec![0.0; num_cells]; 4];
    let mut samples = vec![[0.0; 4]; view.width];
    let mut across = vec![0.0; view.cols];
    for offset in 0..view.height {
        let row = view.photo_row(offset, photo.height());
        for (col_offset, sample) in samples.iter_mut().enumerate() {
            let col = view.photo_col(col_offset, photo.width());
            let rgb = &photo.rgb()[3 * (row * photo.width() + col)..][..3];
            let value = |channel: usize| f64::from(level_to_value(rgb[channel]));
            let visible = is_known[(row, col)];
            *sample = if visible {
                [value(0), value(1), value(2), 1.0]
            } else {
                [0.0; 4]
            };
        }
        for (plane, sum) in sums.iter_mut().enumerate() {
            for (value, taps) in across.iter_mut().zip(&along) {
                *value = taps.sum(|input| samples[input][plane]);
            }
            add_row(sum, &across, &down, offset);
        }
    }
    let weights = &sums[3];
    let mut values = Vec::with_capacity(3 * num_cells);
    for sum in &sums[..3] {
        values.extend((0..num_cells).map(|cell| {
            if known[cell] {
                (sum[cell] / weights[cell]) as f32
            } else {
                0.0
            }
        }));
    }
    values
}

/// Adds row `offset` of the view, already reduced across, to the rows of the result it belongs to.
fn add_row(result: &mut [f64], across: &[f64], taps: &[Taps], offset: usize) {
    for (row, taps) in result.chunks_exact_mut(across.len()).zip(taps) {
        let weight = taps.weight_of(offset);
        if weight != 0.0 {
            for (sum, value) in row.iter_mut().zip(across) {
                *sum += weight * value;
            }
        }
    }
}
