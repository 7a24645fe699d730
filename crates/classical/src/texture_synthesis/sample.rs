use crate::picture::Region;

/// Whole windows are rare, and parts of windows serve too, when fewer than one in this many known pixels
/// has one.
const RARE: usize = 8;

/// The offsets of a window with their weights, the heaviest first, without the center.
#[derive(Debug)]
pub(super) struct Window {
    radius: isize,
    offsets: Vec<(isize, isize, f64)>,
}

impl Window {
    /// The window with this odd side and a Gaussian of deviation `side / 6.4`.
    pub(super) fn new(side: usize) -> Self {
        let radius = (side / 2) as isize;
        let deviation = side as f64 / 6.4;
        let mut offsets = Vec::with_capacity(side * side);
        for row in -radius..=radius {
            for col in -radius..=radius {
                let square = (row * row + col * col) as f64;
                if square > 0.0 {
                    offsets.push((row, col, (-square / (2.0 * deviation * deviation)).exp()));
                }
            }
        }
        offsets.sort_by(|(.., one), (.., other)| other.total_cmp(one));
        Self { radius, offsets }
    }
}

/// The pixels that may be copied into the holes of one mask.
#[derive(Debug)]
pub(super) struct Sample {
    height: usize,
    width: usize,
    known: Vec<bool>,
    candidates: Vec<usize>,
    /// Whether the whole window of every candidate is known.
    is_whole: bool,
    offsets: Vec<(isize, isize, f64)>,
}

/// What a missing pixel's window holds: offset, weight and values by channel of its filled pixels.
#[derive(Debug)]
pub(super) struct Target {
    parts: Vec<(isize, isize, f64)>,
    values: Vec<f32>,
    weight: f64,
}

/// The candidates that match about as well as the best, and how well that is.
#[derive(Debug)]
pub(super) struct Matches {
    pub(super) best: f64,
    pub(super) pixels: Vec<usize>,
}

impl Sample {
    pub(super) fn new(region: &Region, window: &Window, max_candidates: usize) -> Self {
        let mut sample = Self {
            height: region.height,
            width: region.width,
            known: region.known.clone(),
            candidates: Vec::new(),
            is_whole: true,
            offsets: window.offsets.clone(),
        };
        let (rows, cols) = (region.height as isize, region.width as isize);
        let radius = window.radius;
        let is_inside = |pixel: usize| {
            let (row, col) = (
                (pixel / region.width) as isize,
                (pixel % region.width) as isize,
            );
            row >= radius && col >= radius && row + radius < rows && col + radius < cols
        };
        let far = region.distances_to(|pixel| !region.known[pixel]);
        let is_whole = |&pixel: &usize| is_inside(pixel) && far[pixel] > radius as usize;
        let mut candidates: Vec<usize> = (0..far.len()).filter(is_whole).collect();
        let num_known = region.known.len() - region.missing.len();
        if candidates.len() * RARE < num_known {
            sample.is_whole = false;
            candidates = (0..far.len())
                .filter(|&pixel| region.known[pixel])
                .collect();
        }
        candidates.sort_by_key(|&pixel| far[pixel]);
        candidates.truncate(max_candidates);
        sample.candidates = candidates;
        sample
    }

    /// The pixel at an offset, if it is inside the image.
    fn at(&self, pixel: usize, row: isize, col: isize) -> Option<usize> {
        let row = (pixel / self.width).checked_add_signed(row)?;
        let col = (pixel % self.width).checked_add_signed(col)?;
        (row < self.height && col < self.width).then_some(row * self.width + col)
    }

    /// Whether one of the eight pixels around is filled.
    pub(super) fn touches(&self, pixel: usize, filled: &[bool]) -> bool {
        let around = (-1..=1).flat_map(|row| (-1..=1).map(move |col| (row, col)));
        around
            .filter_map(|(row, col)| self.at(pixel, row, col))
            .any(|other| filled[other])
    }

    /// Filled pixels in a pixel's window.
    pub(super) fn num_filled(&self, pixel: usize, filled: &[bool]) -> usize {
        let others = self
            .offsets
            .iter()
            .filter_map(|&(row, col, _)| self.at(pixel, row, col));
        others.filter(|&other| filled[other]).count()
    }

    pub(super) fn target(&self, pixel: usize, values: &[f32], filled: &[bool]) -> Target {
        let mut target = Target {
            parts: Vec::new(),
            values: Vec::new(),
            weight: 0.0,
        };
        for &(row, col, weight) in &self.offsets {
            if let Some(other) = self.at(pixel, row, col).filter(|&other| filled[other]) {
                target.parts.push((row, col, weight));
                let planes = values.chunks_exact(filled.len());
                target.values.extend(planes.map(|plane| plane[other]));
                target.weight += weight;
            }
        }
        target
    }

    /// The candidates within `tolerance` of the best match in the picture `values`.
    pub(super) fn matches(&self, target: &Target, values: &[f32], tolerance: f64) -> Matches {
        let errors = if self.is_whole {
            self.whole_errors(target, values, tolerance)
        } else {
            self.partial_errors(target, values)
        };
        let best = errors
            .iter()
            .fold(f64::INFINITY, |best, &error| best.min(error));
        let good = errors.iter().zip(&self.candidates);
        let good = good.filter(|&(&error, _)| error <= best * (1.0 + tolerance));
        Matches {
            best,
            pixels: good.map(|(_, &pixel)| pixel).collect(),
        }
    }

    /// The errors of candidates with whole windows; infinite once above what can be drawn.
    fn whole_errors(&self, target: &Target, values: &[f32], tolerance: f64) -> Vec<f64> {
        let planes: Vec<&[f32]> = values.chunks_exact(self.known.len()).collect();
        let scale = 1.0 / (target.weight * 4.0 * planes.len() as f64);
        let steps = target
            .parts
            .iter()
            .map(|&(row, col, weight)| (row * self.width as isize + col, weight));
        let steps: Vec<(isize, f64)> = steps.collect();
        let mut best = f64::INFINITY;
        let error = |&candidate: &usize| {
            let bound = best * (1.0 + tolerance);
            let mut sum = 0.0;
            let wanted = target.values.chunks_exact(planes.len());
            for (&(step, weight), wanted) in steps.iter().zip(wanted) {
                let other = candidate.wrapping_add_signed(step);
                let pairs = planes.iter().zip(wanted);
                let square = pairs.map(|(plane, want)| f64::from(plane[other] - want).powi(2));
                sum += weight * square.sum::<f64>();
                if sum * scale > bound {
                    return f64::INFINITY;
                }
            }
            best = best.min(sum * scale);
            sum * scale
        };
        self.candidates.iter().map(error).collect()
    }

    /// The errors where both windows are known; infinite for overlaps below half of the largest.
    fn partial_errors(&self, target: &Target, values: &[f32]) -> Vec<f64> {
        let planes: Vec<&[f32]> = values.chunks_exact(self.known.len()).collect();
        let sums = self.candidates.iter().map(|&candidate| {
            let (mut sum, mut overlap) = (0.0, 0.0);
            let wanted = target.values.chunks_exact(planes.len());
            for (&(row, col, weight), wanted) in target.parts.iter().zip(wanted) {
                let other = self.at(candidate, row, col);
                if let Some(other) = other.filter(|&other| self.known[other]) {
                    let pairs = planes.iter().zip(wanted);
                    let square = pairs.map(|(plane, want)| f64::from(plane[other] - want).powi(2));
                    sum += weight * square.sum::<f64>();
                    overlap += weight;
                }
            }
            (sum, overlap)
        });
        let sums: Vec<(f64, f64)> = sums.collect();
        let largest = sums
            .iter()
            .fold(0.0, |largest: f64, (_, overlap)| largest.max(*overlap));
        let error = |(sum, overlap): (f64, f64)| {
            if largest == 0.0 {
                0.0
            } else if overlap < largest / 2.0 {
                f64::INFINITY
            } else {
                sum / (overlap * 4.0 * planes.len() as f64)
            }
        };
        sums.into_iter().map(error).collect()
    }
}
