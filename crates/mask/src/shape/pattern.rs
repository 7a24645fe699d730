//! Blobs of low-frequency noise.

use semantic_inpaint_tensor::Rng;

/// Blobs across the longer side of the image: the noise has one lattice point per blob.
///
/// Pathak et al. 2016 blow noise up about 17 times and cut images of 128 px from it, which is close
/// to 8 lattice points across an image.
const BLOBS_ACROSS: f64 = 8.0;

/// All pixels, by falling value of noise that is interpolated between coarse lattice points.
///
/// The lattice lies at a random offset, so that blobs do not favor places.
pub(super) fn pixels_by_noise(height: usize, width: usize, rng: &mut Rng) -> Vec<usize> {
    let spacing_px = (height.max(width) as f64 / BLOBS_ACROSS).max(2.0);
    let rows = Taps::along(height, spacing_px, rng.next_unit());
    let cols = Taps::along(width, spacing_px, rng.next_unit());
    let num_cols = Taps::num_points(width, spacing_px);
    let num_points = Taps::num_points(height, spacing_px) * num_cols;
    let lattice: Vec<f64> = (0..num_points).map(|_| rng.next_unit()).collect();

    let mut noise = Vec::with_capacity(height * width);
    for row in &rows {
        for col in &cols {
            let mut value = 0.0;
            for (down, row_weight) in row.weights.iter().enumerate() {
                let line = &lattice[(row.first + down) * num_cols + col.first..];
                let sum: f64 = line
                    .iter()
                    .zip(&col.weights)
                    .map(|(point, w)| point * w)
                    .sum();
                value += row_weight * sum;
            }
            noise.push(value);
        }
    }
    let mut order: Vec<usize> = (0..noise.len()).collect();
    order.sort_by(|&left, &right| noise[right].total_cmp(&noise[left]));
    order
}

/// The four lattice points along one axis that a pixel is interpolated from.
struct Taps {
    first: usize,
    weights: [f64; 4],
}

impl Taps {
    fn along(len: usize, spacing_px: f64, offset: f64) -> Vec<Self> {
        let at = |pixel: usize| (pixel as f64 + 0.5) / spacing_px + offset;
        (0..len).map(|pixel| Self::at(at(pixel))).collect()
    }

    /// Points that suffice for every offset below 1: a position's cell, and three points more.
    fn num_points(len: usize, spacing_px: f64) -> usize {
        (len as f64 / spacing_px).ceil() as usize + 5
    }

    /// Cubic interpolation of Catmull and Rom (1974).
    fn at(position: f64) -> Self {
        let t = position.fract();
        let weights = [
            ((-0.5 * t + 1.0) * t - 0.5) * t,
            (1.5 * t - 2.5) * t * t + 1.0,
            ((-1.5 * t + 2.0) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t,
        ];
        Self {
            first: position as usize,
            weights,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolation_reproduces_straight_lines_and_the_points_themselves() {
        for position in [0.0, 0.25, 0.5, 0.9, 3.75] {
            let taps = Taps::at(position);
            let line: f64 = taps
                .weights
                .iter()
                .enumerate()
                .map(|(i, w)| w * (taps.first + i) as f64)
                .sum();
            assert!(
                (line - (position + 1.0)).abs() < 1e-12,
                "{position}: {line}"
            );
        }
        assert_eq!(Taps::at(2.0).weights, [0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn any_size_is_covered_by_the_lattice() {
        for (height, width) in [(1, 1), (1, 97), (5, 64), (64, 64), (128, 33), (7, 8)] {
            for seed in 0..10 {
                let mut order = pixels_by_noise(height, width, &mut Rng::from_seed(seed));
                order.sort_unstable();
                assert!(order.into_iter().eq(0..height * width));
            }
        }
    }
}
