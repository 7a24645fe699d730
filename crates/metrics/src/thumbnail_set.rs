use ndarray::ArrayView3;
use rayon::prelude::*;
use semantic_inpaint_tensor::{ImageBatch, ImageShape};

use crate::host_images::HostImages;
use crate::{Error, Result};

/// The shorter side of a thumbnail has at least so many pixels.
const LEAST_PX: usize = 16;
/// Values that are added up before a comparison may end early.
const CHUNK: usize = 64;

/// Thumbnails of a set of images, for the statistics of near-duplicates and memorization.
///
/// An image becomes means over square blocks, as large as leave the shorter side at least 16 pixels:
/// 16x16 for 64x64. So distances tell about what is shown rather than about noise and sharpness, in
/// which samples of a network differ from photographs anyway. A set is filled batch by batch and
/// holds 3 kB for an image of 3x64x64.
#[derive(Debug, Clone)]
pub struct ThumbnailSet {
    shape: ImageShape,
    thumbnails: Vec<Thumbnail>,
}

/// An image of a [`ThumbnailSet`] and its distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// Its position in the set.
    pub index: usize,
    /// The root of the mean squared difference of the thumbnails' values, in `[0, 2]` as images are in
    /// `[-1, 1]`.
    pub distance: f64,
}

/// Channels x rows x columns; as many values for all images of a set.
#[derive(Debug, Clone)]
struct Thumbnail {
    values: Vec<f32>,
    /// The values of the image with left and right exchanged.
    mirrored: Vec<f32>,
}

impl ThumbnailSet {
    /// An empty set for images of a shape.
    #[must_use]
    pub fn new(shape: ImageShape) -> Self {
        Self {
            shape,
            thumbnails: Vec::new(),
        }
    }

    /// Adds the images of a batch `[N, C, H, W]`.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the images have another shape, [`Error::NotFinite`] when one
    /// holds NaN or an infinity; nothing is added then.
    pub fn add(&mut self, images: &ImageBatch) -> Result<()> {
        let images = HostImages::of_shape(images, self.shape)?;
        let block_px = block_px(self.shape);
        let thumbnail = |index| Thumbnail::new(&images.image(index), block_px);
        let added: Vec<_> = (0..images.count()).into_par_iter().map(thumbnail).collect();
        self.thumbnails.extend(added);
        Ok(())
    }

    /// Number of images.
    #[must_use]
    pub fn count(&self) -> usize {
        self.thumbnails.len()
    }

    /// The shape of an image.
    #[must_use]
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// For each image of this set the nearest one of `others`, the first of equally near ones. The
    /// images of `others` count in both orientations, as they would after random mirroring.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the images' shapes differ, [`Error::TooFewImages`] when `others`
    /// is empty.
    pub fn nearest_in(&self, others: &Self) -> Result<Vec<Neighbor>> {
        if self.shape != others.shape {
            return Err(Error::ShapeMismatch {
                what: "images of the other set",
                expected: format!("{:?}", self.shape),
                got: format!("{:?}", others.shape),
            });
        }
        others.check_count("the images to search", 1)?;
        let nearest = |image: &Thumbnail| {
            let mut search = Search::default();
            for (index, other) in others.thumbnails.iter().enumerate() {
                search.look_at(index, &image.values, &other.values);
                search.look_at(index, &image.values, &other.mirrored);
            }
            search.into_neighbor(image.values.len())
        };
        Ok(self.thumbnails.par_iter().map(nearest).collect())
    }

    /// For each image the nearest other one of the same set, the first of equally near ones, as they
    /// are.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewImages`] when there are fewer than two images.
    pub fn nearest_others(&self) -> Result<Vec<Neighbor>> {
        self.check_count("the images of a set", 2)?;
        let nearest = |(own, image): (usize, &Thumbnail)| {
            let mut search = Search::default();
            for (index, other) in self.thumbnails.iter().enumerate() {
                if index != own {
                    search.look_at(index, &image.values, &other.values);
                }
            }
            search.into_neighbor(image.values.len())
        };
        Ok(self
            .thumbnails
            .par_iter()
            .enumerate()
            .map(nearest)
            .collect())
    }

    /// Number of pairs of images no further apart than `distance`.
    pub(crate) fn pairs_within(&self, distance: f64) -> usize {
        let count_after = |first: usize| {
            let image = &self.thumbnails[first].values;
            let num_values = image.len() as f64;
            // Some room, so that rounding excludes no pair at exactly this distance.
            let limit = distance * distance * num_values * (1.0 + 1e-9);
            let others = self.thumbnails[first + 1..].iter();
            let near = others
                .filter_map(|other| squared_distance_within(image, &other.values, limit))
                .filter(|squared_distance| (squared_distance / num_values).sqrt() <= distance);
            near.count()
        };
        (0..self.count()).into_par_iter().map(count_after).sum()
    }

    pub(crate) fn check_count(&self, what: &'static str, needed: usize) -> Result<()> {
        let got = self.count();
        match got < needed {
            true => Err(Error::TooFewImages { what, needed, got }),
            false => Ok(()),
        }
    }
}

impl Thumbnail {
    fn new(image: &ArrayView3<'_, f32>, block_px: usize) -> Self {
        let blocks = image.exact_chunks((1, block_px, block_px));
        let mean = |block: ArrayView3<'_, f32>| {
            let sum: f64 = block.iter().map(|&value| f64::from(value)).sum();
            (sum / block.len() as f64) as f32
        };
        let values: Vec<f32> = blocks.into_iter().map(mean).collect();
        let rows = values.chunks(image.dim().2 / block_px);
        let mirrored = rows.flat_map(|row| row.iter().rev().copied()).collect();
        Self { values, mirrored }
    }
}

/// The largest block that divides both sides and leaves at least [`LEAST_PX`] of the shorter one.
fn block_px(shape: ImageShape) -> usize {
    let ImageShape { height, width, .. } = shape;
    let largest = (height.min(width) / LEAST_PX).max(1);
    (1..=largest)
        .rev()
        .find(|block| height.is_multiple_of(*block) && width.is_multiple_of(*block))
        .unwrap_or(1)
}

/// The nearest image so far.
struct Search {
    index: usize,
    squared_distance: f64,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            index: 0,
            squared_distance: f64::INFINITY,
        }
    }
}

impl Search {
    fn look_at(&mut self, index: usize, image: &[f32], other: &[f32]) {
        let nearer = squared_distance_within(image, other, self.squared_distance);
        if let Some(squared_distance) = nearer.filter(|&found| found < self.squared_distance) {
            *self = Self {
                index,
                squared_distance,
            };
        }
    }

    fn into_neighbor(self, num_values: usize) -> Neighbor {
        Neighbor {
            index: self.index,
            distance: (self.squared_distance / num_values as f64).sqrt(),
        }
    }
}

/// The squared distance of two vectors, unless it is above the limit.
fn squared_distance_within(first: &[f32], second: &[f32], limit: f64) -> Option<f64> {
    let mut sum = 0.0;
    for (first, second) in first.chunks(CHUNK).zip(second.chunks(CHUNK)) {
        let of_chunk: f32 = chunk_distance(first, second);
        sum += f64::from(of_chunk);
        if sum > limit {
            return None;
        }
    }
    Some(sum)
}

/// In eight sums, which the compiler adds up at once.
fn chunk_distance(first: &[f32], second: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (firsts, seconds) = (first.chunks_exact(8), second.chunks_exact(8));
    let rest = firsts.remainder().iter().zip(seconds.remainder());
    let rest: f32 = rest.map(|(first, second)| (first - second).powi(2)).sum();
    for (first, second) in firsts.zip(seconds) {
        for (sum, (first, second)) in sums.iter_mut().zip(first.iter().zip(second)) {
            let difference = first - second;
            *sum += difference * difference;
        }
    }
    sums.iter().sum::<f32>() + rest
}
