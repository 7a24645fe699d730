use crate::picture::Region;

/// Patches are made smaller until this many are known.
const MIN_SOURCES: usize = 32;
/// Weight of a patch for each pixel of distance to the known ones (Wexler et al. 2007, section 3.2).
const CONFIDENCE: f64 = 1.3;

/// The colors of an image, channels together.
#[derive(Debug, Clone)]
pub(super) struct Colors {
    pub(super) channels: usize,
    pub(super) values: Vec<f64>,
}

impl Colors {
    pub(super) fn of_planes(planes: &[Vec<f64>]) -> Self {
        let num_pixels = planes.first().map_or(0, Vec::len);
        let pixels = (0..num_pixels).flat_map(|pixel| planes.iter().map(move |plane| plane[pixel]));
        Self {
            channels: planes.len(),
            values: pixels.collect(),
        }
    }

    /// The planes behind each other.
    pub(super) fn to_values(&self) -> Vec<f32> {
        let plane = |channel: usize| self.values.iter().skip(channel).step_by(self.channels);
        let planes = (0..self.channels).flat_map(plane);
        planes.map(|&value| value as f32).collect()
    }

    pub(super) fn of(&self, pixel: usize) -> &[f64] {
        &self.values[pixel * self.channels..][..self.channels]
    }

    pub(super) fn of_mut(&mut self, pixel: usize) -> &mut [f64] {
        &mut self.values[pixel * self.channels..][..self.channels]
    }
}

/// One size of the mask with its patches, named by their center.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) region: Region,
    pub(super) radius: usize,
    /// Whether the whole patch at a pixel is known.
    pub(super) is_source: Vec<bool>,
    pub(super) sources: Vec<usize>,
    /// The patches with a missing pixel, in row-major order.
    pub(super) targets: Vec<usize>,
    /// The weight of each target by its distance to the known pixels.
    pub(super) confidence: Vec<f64>,
    /// The largest distance of a missing pixel to the known ones.
    depth: usize,
}

impl Level {
    /// The level of a mask with patches of this radius or, where too few are known, a smaller one.
    pub(super) fn new(region: Region, radius: usize) -> Self {
        let to_missing = region.distances_to(|pixel| !region.known[pixel]);
        let to_known = region.distances_to(|pixel| region.known[pixel]);
        let (height, width) = (region.height, region.width);
        let fits = |pixel: usize, radius: usize| {
            let (row, col) = (pixel / width, pixel % width);
            row.min(col) >= radius && row + radius < height && col + radius < width
        };
        let sources_of = |radius: usize| -> Vec<usize> {
            let is_source = |&pixel: &usize| fits(pixel, radius) && to_missing[pixel] > radius;
            (0..height * width).filter(is_source).collect()
        };
        let mut radius = radius;
        let mut sources = sources_of(radius);
        while sources.len() < MIN_SOURCES && radius > 0 {
            radius -= 1;
            sources = sources_of(radius);
        }
        let mut is_source = vec![false; height * width];
        for &source in &sources {
            is_source[source] = true;
        }
        let is_target = |&pixel: &usize| fits(pixel, radius) && to_missing[pixel] <= radius;
        let targets: Vec<usize> = (0..height * width).filter(is_target).collect();
        let weight = |&target: &usize| CONFIDENCE.powi(-(to_known[target].min(1000) as i32));
        Self {
            radius,
            is_source,
            sources,
            confidence: targets.iter().map(weight).collect(),
            depth: region
                .missing
                .iter()
                .map(|&p| to_known[p])
                .max()
                .unwrap_or(0),
            targets,
            region,
        }
    }

    /// The level of half the size, `None` where it would be of no use: every patch sees a known pixel
    /// already, or too few patches would be known.
    pub(super) fn coarser(&self, radius: usize) -> Option<Self> {
        if self.depth <= radius || self.region.height.min(self.region.width) < 4 * radius {
            return None;
        }
        let (height, width) = (
            self.region.height.div_ceil(2),
            self.region.width.div_ceil(2),
        );
        let known = (0..height * width).map(|pixel| {
            let mut children = self.children(pixel / width, pixel % width);
            children.all(|child| self.region.known[child])
        });
        let known: Vec<bool> = known.collect();
        if !known.contains(&true) {
            return None;
        }
        let level = Self::new(Region::new(height, width, known), radius);
        (level.radius == radius).then_some(level)
    }

    /// The pixels of this level that make one of the coarser level.
    fn children(&self, row: usize, col: usize) -> impl Iterator<Item = usize> {
        let (height, width) = (self.region.height, self.region.width);
        let rows = 2 * row..(2 * row + 2).min(height);
        rows.flat_map(move |row| {
            (2 * col..(2 * col + 2).min(width)).map(move |col| row * width + col)
        })
    }

    /// The colors of this level: means of those of the finer one.
    pub(super) fn reduce(&self, finer: &Self, colors: &Colors) -> Colors {
        let width = self.region.width;
        let mut reduced = Colors {
            channels: colors.channels,
            values: vec![0.0; self.region.known.len() * colors.channels],
        };
        for pixel in 0..self.region.known.len() {
            let children: Vec<usize> = finer.children(pixel / width, pixel % width).collect();
            for &child in &children {
                for (sum, value) in reduced.of_mut(pixel).iter_mut().zip(colors.of(child)) {
                    *sum += value / children.len() as f64;
                }
            }
        }
        reduced
    }

    /// Sets the missing pixels from those of the coarser level, bilinearly.
    pub(super) fn enlarge(&self, colors: &mut Colors, coarser: &Self, filled: &Colors) {
        let (height, width) = (coarser.region.height, coarser.region.width);
        for &pixel in &self.region.missing {
            let rows = taps(pixel / self.region.width, height);
            let cols = taps(pixel % self.region.width, width);
            colors.of_mut(pixel).fill(0.0);
            for (row, row_weight) in rows {
                for (col, col_weight) in cols {
                    let color = filled.of(row * width + col);
                    for (sum, value) in colors.of_mut(pixel).iter_mut().zip(color) {
                        *sum += row_weight * col_weight * value;
                    }
                }
            }
        }
    }
}

/// The two coarse coordinates around a fine one, with their weights.
fn taps(fine: usize, size: usize) -> [(usize, f64); 2] {
    let near = (fine / 2).min(size - 1);
    let far = if fine.is_multiple_of(2) {
        near.saturating_sub(1)
    } else {
        (near + 1).min(size - 1)
    };
    [(near, 0.75), (far, 0.25)]
}
