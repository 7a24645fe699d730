use semantic_inpaint_tensor::Rng;

use super::level::{Colors, Level};

/// Stands for "no target".
const NONE: usize = usize::MAX;

/// The known patch that each target looks like, with their squared distance.
#[derive(Debug)]
pub(super) struct Field {
    source: Vec<usize>,
    distance: Vec<f64>,
    /// The target at each pixel.
    target_at: Vec<usize>,
}

/// The order in which targets are visited.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scan {
    Forward,
    Backward,
}

impl Field {
    /// A random source for each target.
    pub(super) fn random(level: &Level, rng: &mut Rng) -> Self {
        let mut target_at = vec![NONE; level.region.known.len()];
        for (index, &target) in level.targets.iter().enumerate() {
            target_at[target] = index;
        }
        let draw = |_| level.sources[rng.next_index(level.sources.len())];
        Self {
            source: (0..level.targets.len()).map(draw).collect(),
            distance: vec![f64::INFINITY; level.targets.len()],
            target_at,
        }
    }

    /// Looks for better sources: those of neighbors, moved along, and random ones around the present.
    pub(super) fn improve(
        &mut self,
        level: &Level,
        colors: &Colors,
        num_passes: usize,
        rng: &mut Rng,
    ) {
        for (index, &target) in level.targets.iter().enumerate() {
            self.distance[index] =
                patch_distance(level, colors, target, self.source[index], f64::INFINITY);
        }
        for pass in 0..num_passes {
            let scan = if pass % 2 == 0 {
                Scan::Forward
            } else {
                Scan::Backward
            };
            for step in 0..level.targets.len() {
                let index = match scan {
                    Scan::Forward => step,
                    Scan::Backward => level.targets.len() - 1 - step,
                };
                self.propagate(level, colors, index, scan);
                self.search(level, colors, index, rng);
            }
        }
    }

    fn propagate(&mut self, level: &Level, colors: &Colors, index: usize, scan: Scan) {
        let width = level.region.width;
        let target = level.targets[index];
        for step in [1, width] {
            let neighbor = match scan {
                Scan::Forward => target.checked_sub(step),
                Scan::Backward => Some(target + step),
            };
            let at = neighbor.and_then(|pixel| self.target_at.get(pixel));
            let Some(&other) = at.filter(|&&other| other != NONE) else {
                continue;
            };
            // A step over the image's border leads to another row: one more guess, as good as random.
            let moved = match scan {
                Scan::Forward => self.source[other] + step,
                Scan::Backward => self.source[other].wrapping_sub(step),
            };
            self.offer(level, colors, index, moved);
        }
    }

    /// Random sources in squares around the present one that halve their side.
    fn search(&mut self, level: &Level, colors: &Colors, index: usize, rng: &mut Rng) {
        let (height, width) = (level.region.height, level.region.width);
        let mut reach = height.max(width);
        while reach > 0 {
            let center = self.source[index];
            let mut near = |middle: usize, size: usize| {
                let low = middle.saturating_sub(reach);
                low + rng.next_index((middle + reach).min(size - 1) - low + 1)
            };
            let (row, col) = (near(center / width, height), near(center % width, width));
            self.offer(level, colors, index, row * width + col);
            reach /= 2;
        }
    }

    /// Takes a source if it is one and better.
    fn offer(&mut self, level: &Level, colors: &Colors, index: usize, source: usize) {
        if !level
            .is_source
            .get(source)
            .is_some_and(|is_source| *is_source)
        {
            return;
        }
        let bound = self.distance[index];
        let distance = patch_distance(level, colors, level.targets[index], source, bound);
        if distance < bound {
            self.distance[index] = distance;
            self.source[index] = source;
        }
    }

    /// Sets every missing pixel to the weighted mean of what the targets around it copy there; the root
    /// mean square of the change.
    pub(super) fn vote(&self, level: &Level, colors: &mut Colors) -> f64 {
        let spread = third_quartile(&self.distance).max(1e-12);
        let mut sums = Colors {
            channels: colors.channels,
            values: vec![0.0; colors.values.len()],
        };
        let mut weights = vec![0.0; level.region.known.len()];
        for (index, &target) in level.targets.iter().enumerate() {
            let likeness = (-self.distance[index] / (2.0 * spread)).exp();
            let weight = level.confidence[index] * likeness.max(1e-12);
            let pairs = patch(level, target).zip(patch(level, self.source[index]));
            for (to, from) in pairs.filter(|&(to, _)| !level.region.known[to]) {
                weights[to] += weight;
                for (sum, value) in sums.of_mut(to).iter_mut().zip(colors.of(from)) {
                    *sum += weight * value;
                }
            }
        }
        let mut change = 0.0;
        let covered = level
            .region
            .missing
            .iter()
            .filter(|&&pixel| weights[pixel] > 0.0);
        for &pixel in covered {
            for (value, sum) in colors.of_mut(pixel).iter_mut().zip(sums.of(pixel)) {
                let voted = sum / weights[pixel];
                change += (voted - *value) * (voted - *value);
                *value = voted;
            }
        }
        (change / (level.region.missing.len() * colors.channels) as f64).sqrt()
    }
}

/// The pixels of a patch, row by row.
fn patch(level: &Level, center: usize) -> impl Iterator<Item = usize> {
    let (radius, width) = (level.radius, level.region.width);
    let first = center - radius * width - radius;
    let side = 2 * radius + 1;
    (0..side).flat_map(move |row| (0..side).map(move |col| first + row * width + col))
}

/// The squared distance of two patches, or something above `bound` once it is.
fn patch_distance(level: &Level, colors: &Colors, one: usize, other: usize, bound: f64) -> f64 {
    let (radius, width, channels) = (level.radius, level.region.width, colors.channels);
    let start =
        |center: usize, row: usize| (center + row * width - radius * width - radius) * channels;
    let length = (2 * radius + 1) * channels;
    let mut sum = 0.0;
    for row in 0..=2 * radius {
        let one = &colors.values[start(one, row)..][..length];
        let other = &colors.values[start(other, row)..][..length];
        sum += one
            .iter()
            .zip(other)
            .map(|(a, b)| (a - b) * (a - b))
            .sum::<f64>();
        if sum > bound {
            break;
        }
    }
    sum
}

fn third_quartile(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() * 3 / 4).copied().unwrap_or(0.0)
}
