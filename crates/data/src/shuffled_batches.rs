use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use semantic_inpaint_tensor::{Device, ImageBatch, Rng};
use serde::{Deserialize, Serialize};

use crate::encode::write_planes;
use crate::{Error, ImageSet, Result};

/// Whether images are mirrored at random in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flip {
    /// `none`: images as they are.
    #[default]
    None,
    /// `horizontal`: left and right are exchanged with probability 1/2.
    Horizontal,
}

impl fmt::Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Horizontal => "horizontal",
        })
    }
}

impl FromStr for Flip {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "none" => Ok(Self::None),
            "horizontal" => Ok(Self::Horizontal),
            _ => Err(Error::UnknownName {
                what: "flip",
                got: text.into(),
                expected: "none or horizontal",
            }),
        }
    }
}

/// Training batches of a set in an order that is a pure function of seed and step.
///
/// Epoch e visits every image once, in the permutation drawn from the seed's stream e; flips come
/// from the same stream, after the permutation. The images that do not fill the epoch's last batch
/// are left out of that epoch. As nothing depends on which steps were asked for before, training
/// that is stopped and resumed at a step sees the batches it would have seen.
///
/// ```
/// use semantic_inpaint_data::{Flip, Framing, ImageSet, Photo, ShuffledBatches};
/// use semantic_inpaint_tensor::Device;
///
/// # fn main() -> semantic_inpaint_data::Result<()> {
/// let photos = (0..10).map(|i| (format!("{i}.png"), Photo::filled(8, 8, [i * 25, 0, 0])));
/// let set = ImageSet::from_photos("drawn", Framing::Squash, 8, photos.collect())?;
/// let batches = ShuffledBatches::new(set, 4, 7, Flip::Horizontal)?;
/// assert_eq!(batches.batches_per_epoch(), 2);
/// assert_eq!(batches.batch(12, &Device::Cpu)?.count(), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ShuffledBatches {
    set: ImageSet,
    batch_size: usize,
    seed: u64,
    flip: Flip,
    current: Mutex<Option<Arc<Epoch>>>,
}

#[derive(Debug)]
struct Epoch {
    number: u64,
    order: Vec<usize>,
    flipped: Vec<bool>,
}

impl ShuffledBatches {
    /// The batches of a set.
    ///
    /// # Errors
    ///
    /// [`Error::SetSmallerThanBatch`]; [`Error::OutOfRange`] when `batch_size` is 0.
    pub fn new(set: ImageSet, batch_size: usize, seed: u64, flip: Flip) -> Result<Self> {
        let count = set.count();
        if batch_size == 0 {
            let (what, expected) = ("batch size", "at least 1");
            return Err(Error::OutOfRange {
                what,
                expected,
                got: "0".into(),
            });
        }
        if count < batch_size {
            return Err(Error::SetSmallerThanBatch { batch_size, count });
        }
        Ok(Self {
            set,
            batch_size,
            seed,
            flip,
            current: Mutex::new(None),
        })
    }

    /// The set that the batches are drawn from.
    #[must_use]
    pub fn set(&self) -> &ImageSet {
        &self.set
    }

    /// Images in one batch.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Full batches in one epoch; at least 1.
    #[must_use]
    pub fn batches_per_epoch(&self) -> usize {
        self.set.count() / self.batch_size
    }

    /// The epoch that a step belongs to, from 0.
    #[must_use]
    pub fn epoch(&self, step: u64) -> u64 {
        step / self.batches_per_epoch() as u64
    }

    /// The batch of a step, `[batch_size, 3, H, W]`, f32 in `[-1, 1]`.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] when the device fails.
    pub fn batch(&self, step: u64, device: &Device) -> Result<ImageBatch> {
        let epoch = self.epoch_order(self.epoch(step));
        let start = self.first_position(step);
        let shape = self.set.shape();
        let mut values = vec![0.0; self.batch_size * shape.num_values()];
        let images = values.par_chunks_mut(shape.num_values()).enumerate();
        images.try_for_each(|(offset, values)| {
            let position = start + offset;
            let rgb = self.set.image(epoch.order[position])?;
            write_planes(rgb, values, shape.num_pixels());
            if epoch.flipped[position] {
                values
                    .chunks_exact_mut(shape.width)
                    .for_each(<[f32]>::reverse);
            }
            Ok::<_, Error>(())
        })?;
        Ok(ImageBatch::from_values(values, shape, device)?)
    }

    /// The indices of the images in the batch of a step.
    #[must_use]
    pub fn indices(&self, step: u64) -> Vec<usize> {
        let start = self.first_position(step);
        self.epoch_order(self.epoch(step)).order[start..start + self.batch_size].to_vec()
    }

    fn first_position(&self, step: u64) -> usize {
        (step % self.batches_per_epoch() as u64) as usize * self.batch_size
    }

    fn epoch_order(&self, number: u64) -> Arc<Epoch> {
        // What a panicking thread left behind is still a whole epoch.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(epoch) = current.as_ref().filter(|epoch| epoch.number == number) {
            return Arc::clone(epoch);
        }
        let mut rng = Rng::from_seed_and_stream(self.seed, number);
        let order = rng.permutation(self.set.count());
        let flipped = match self.flip {
            Flip::None => vec![false; order.len()],
            Flip::Horizontal => order.iter().map(|_| rng.next_u64() >> 63 == 1).collect(),
        };
        let epoch = Arc::new(Epoch {
            number,
            order,
            flipped,
        });
        *current = Some(Arc::clone(&epoch));
        epoch
    }
}
