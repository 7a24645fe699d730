use semantic_inpaint_data::{Photo, level_to_value};
use semantic_inpaint_mask::Mask;

use super::resample::{Kernel, Taps};
use super::window::Window;

/// Coverage from which a cell counts as entirely known, up to rounding.
const ENTIRELY: f64 = 1.0 - 1e-9;

/// Which cells count as known: the first of these least coverages that keeps enough of the picture.
const LEAST_COVERAGE: [f64; 3] = [ENTIRELY, 0.5, f64::MIN_POSITIVE];

/// For each pixel of the model's image, the share of its cell that is known, `[S, S]` by rows.
pub(super) fn coverage(mask: &Mask, window: Window, size_px: usize) -> Vec<f64> {
    let known = mask.known(0);
    let cols: Vec<usize> = (0..window.side)
        .map(|offset| window.photo_col(offset, mask.width()))
        .collect();
    let taps = Taps::new(Kernel::Area, window.side, size_px, 0..size_px);
    let mut coverage = vec![0.0; size_px * size_px];
    let mut across = vec![0.0; size_px];
    for offset in 0..window.side {
        let row = window.photo_row(offset, mask.height());
        for (value, taps) in across.iter_mut().zip(&taps) {
            *value = taps.sum(|input| f64::from(u8::from(known[(row, cols[input])])));
        }
        add_row(&mut coverage, &across, &taps, offset);
    }
    coverage
}

/// Which pixels of the model's image are known, `[S, S]` by rows; at least one is not, and for S > 1
/// at least one is.
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

/// The window at the model's size, `[3, S, S]` in `[-1, 1]`, from known pixels only.
///
/// The filter is the one of the training images, with the weights of missing pixels left out and the
/// others scaled to sum to 1 (normalized convolution, Knutsson and Westin 1993): what the hole hides
/// does not leak into its surroundings. Where `known` is false the value is 0.
pub(super) fn reduced(
    photo: &Photo,
    mask: &Mask,
    window: Window,
    size_px: usize,
    known: &[bool],
) -> Vec<f32> {
    let is_known = mask.known(0);
    let taps = Taps::new(Kernel::Triangle, window.side, size_px, 0..size_px);
    let num_cells = size_px * size_px;
    // Red, green and blue of the known pixels, and their number.
    let mut sums = vec![vec![0.0; num_cells]; 4];
    let mut samples = vec![[0.0; 4]; window.side];
    let mut across = vec![0.0; size_px];
    for offset in 0..window.side {
        let row = window.photo_row(offset, photo.height());
        for (col_offset, sample) in samples.iter_mut().enumerate() {
            let col = window.photo_col(col_offset, photo.width());
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
            for (value, taps) in across.iter_mut().zip(&taps) {
                *value = taps.sum(|input| samples[input][plane]);
            }
            add_row(sum, &across, &taps, offset);
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

/// Adds row `offset` of the window, already reduced across, to the rows of the result it belongs to.
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
