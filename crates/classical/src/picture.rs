use std::collections::HashMap;

use rayon::prelude::*;
use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageBatch, ImageShape};

use crate::{Error, Result};

/// The missing and known pixels of one mask, in row-major order.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// `true` where a pixel is known, `height * width` values.
    pub(crate) known: Vec<bool>,
    /// The missing pixels, ascending.
    pub(crate) missing: Vec<usize>,
}

impl Region {
    pub(crate) fn new(height: usize, width: usize, known: Vec<bool>) -> Self {
        let missing = (0..known.len()).filter(|&pixel| !known[pixel]).collect();
        Self {
            height,
            width,
            known,
            missing,
        }
    }

    fn of_mask(mask: &Mask, index: usize) -> Self {
        let known = mask.known(index).iter().copied().collect();
        Self::new(mask.height(), mask.width(), known)
    }

    /// A pixel's neighbors inside the image: above, left, right, below.
    pub(crate) fn neighbors(&self, pixel: usize) -> impl Iterator<Item = usize> + Clone {
        let (row, col) = (pixel / self.width, pixel % self.width);
        [
            (row > 0).then(|| pixel - self.width),
            (col > 0).then(|| pixel - 1),
            (col + 1 < self.width).then(|| pixel + 1),
            (row + 1 < self.height).then(|| pixel + self.width),
        ]
        .into_iter()
        .flatten()
    }

    /// The square distance in pixels (largest of rows and columns) of each pixel to the nearest one
    /// for which `is_source` holds; `usize::MAX` when there is none.
    pub(crate) fn distances_to(&self, is_source: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut distance: Vec<usize> = (0..self.known.len())
            .map(|pixel| if is_source(pixel) { 0 } else { usize::MAX })
            .collect();
        let mut front: Vec<usize> = (0..distance.len())
            .filter(|&pixel| distance[pixel] == 0)
            .collect();
        for step in 1.. {
            let mut next = Vec::new();
            for pixel in front {
                let (row, col) = (pixel / self.width, pixel % self.width);
                for row in row.saturating_sub(1)..=(row + 1).min(self.height - 1) {
                    for col in col.saturating_sub(1)..=(col + 1).min(self.width - 1) {
                        let other = row * self.width + col;
                        if distance[other] == usize::MAX {
                            distance[other] = step;
                            next.push(other);
                        }
                    }
                }
            }
            if next.is_empty() {
                break;
            }
            front = next;
        }
        distance
    }
}

/// One corrupted image on the host.
#[derive(Debug)]
pub(crate) struct Picture<'a> {
    /// The planes behind each other, missing pixels 0.
    pub(crate) values: &'a [f32],
    pub(crate) region: &'a Region,
}

impl Picture<'_> {
    pub(crate) fn num_pixels(&self) -> usize {
        self.region.known.len()
    }

    /// The planes in double precision.
    pub(crate) fn planes(&self) -> impl Iterator<Item = Vec<f64>> {
        self.values
            .chunks_exact(self.num_pixels())
            .map(|plane| plane.iter().map(|&value| f64::from(value)).collect())
    }
}

/// The completed images: `fill` gives an image's planes, of which missing pixels are used.
///
/// What depends on the mask alone is prepared once for each distinct mask. Images run in parallel and
/// know nothing of each other, fills are clamped to `[-1, 1]`, known pixels are selected from the
/// input, so they keep every bit.
pub(crate) fn complete<P: Send + Sync>(
    corrupted: &CorruptedImages,
    prepare: impl Fn(&Region) -> Result<P> + Sync,
    fill: impl Fn(&P, &Picture<'_>) -> Result<Vec<f32>> + Sync,
) -> Result<ImageBatch> {
    let shape = corrupted.images().shape();
    let values = corrupted.images().to_values()?;
    let (regions, region_of) = distinct_regions(corrupted.mask());
    let prepared = regions
        .par_iter()
        .map(&prepare)
        .collect::<Result<Vec<P>>>()?;
    let filled = values
        .par_chunks_exact(shape.num_values())
        .zip(&region_of)
        .enumerate()
        .map(|(image, (values, &index))| {
            let picture = Picture {
                values,
                region: &regions[index],
            };
            check_finite(image, &picture)?;
            fill(&prepared[index], &picture)
        })
        .collect::<Result<Vec<_>>>()?;
    let filled = filled.into_iter().flatten();
    let filled: Vec<f32> = filled.map(|value| value.clamp(-1.0, 1.0)).collect();
    assemble(corrupted, filled, shape)
}

/// The regions of all different masks, and which of them belongs to each image.
fn distinct_regions(mask: &Mask) -> (Vec<Region>, Vec<usize>) {
    let mut regions: Vec<Region> = Vec::new();
    let mut index_of = HashMap::new();
    let mut region_of = Vec::with_capacity(mask.count());
    for index in 0..mask.count() {
        let region = *index_of.entry(mask.known(index)).or_insert_with(|| {
            regions.push(Region::of_mask(mask, index));
            regions.len() - 1
        });
        region_of.push(region);
    }
    (regions, region_of)
}

fn check_finite(image: usize, picture: &Picture<'_>) -> Result<()> {
    let bad = picture.values.iter().position(|value| !value.is_finite());
    bad.map_or(Ok(()), |at| {
        let pixel = at % picture.num_pixels();
        Err(Error::NotFinite {
            image,
            row: pixel / picture.region.width,
            col: pixel % picture.region.width,
        })
    })
}

/// The fills beside the known pixels, in the type and on the device of the corrupted images.
fn assemble(
    corrupted: &CorruptedImages,
    filled: Vec<f32>,
    shape: ImageShape,
) -> Result<ImageBatch> {
    let own = corrupted.images().tensor();
    let filled = ImageBatch::from_values(filled, shape, &Device::Cpu)?;
    let filled = filled
        .tensor()
        .to_dtype(own.dtype())
        .and_then(|tensor| tensor.to_device(own.device()))
        .map_err(TensorError::from)?;
    Ok(corrupted.overlay(&ImageBatch::new(filled)?)?)
}
