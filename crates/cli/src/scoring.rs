//! The scores of a generator beside those of real images, for `score` and for checkpoints.

use anyhow::Result;
use semantic_inpaint::data::photos_to_batch;
use semantic_inpaint::dcgan::DcganGenerator;
use semantic_inpaint::metrics::{
    Duplicates, PyramidSet, SlicedWasserstein, SlicedWassersteinConfig, ThumbnailSet, duplicates,
    halves, sliced_wasserstein,
};
use semantic_inpaint::{Device, ImageBatch, ImageSet, ImageShape, Rng};

use crate::commands::sample::photos;

/// Images that are converted at once.
const BATCH_LEN: usize = 64;
/// The stream of the seed that chooses the halves; latents come from stream 0, as those of `sample`.
const HALVES_STREAM: u64 = 1 << 40;

/// A set of images, ready to be compared with others.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) pyramids: PyramidSet,
    pub(crate) thumbnails: ThumbnailSet,
}

impl Measured {
    fn new(shape: ImageShape) -> Result<Self> {
        Ok(Self {
            pyramids: PyramidSet::new(shape)?,
            thumbnails: ThumbnailSet::new(shape),
        })
    }

    fn add(&mut self, images: &ImageBatch) -> Result<()> {
        self.pyramids.add(images)?;
        Ok(self.thumbnails.add(images)?)
    }
}

/// What samples are compared with: one half of the real images, whose distance to the other half is
/// that of a perfect generator.
#[derive(Debug)]
pub(crate) struct RealImages {
    half: Measured,
    config: SlicedWassersteinConfig,
    pub(crate) halves: SlicedWasserstein,
}

impl RealImages {
    /// Two halves of `set` of at most `count` images each.
    pub(crate) fn new(set: &ImageSet, count: usize, seed: u64) -> Result<Self> {
        let config = SlicedWassersteinConfig {
            seed,
            ..SlicedWassersteinConfig::default()
        };
        let mut rng = Rng::from_seed_and_stream(seed, HALVES_STREAM);
        let [first, second] = halves(set.count(), count, &mut rng);
        let mut half = Measured::new(set.shape())?;
        each_batch(set, &first, |batch| half.add(batch))?;
        let mut other = PyramidSet::new(set.shape())?;
        each_batch(set, &second, |batch| Ok(other.add(batch)?))?;
        Ok(Self {
            halves: sliced_wasserstein(&half.pyramids, &other, &config)?,
            half,
            config,
        })
    }

    /// Images in a half, and samples that are compared with it.
    pub(crate) fn count(&self) -> usize {
        self.half.pyramids.count()
    }

    /// As many samples as a half has images, rounded to 8 bits as files are.
    pub(crate) fn draw(
        &self,
        generator: &DcganGenerator,
        seed: u64,
        device: &Device,
        progress: &dyn Fn(usize),
    ) -> Result<Measured> {
        let mut samples = Measured::new(self.half.pyramids.shape())?;
        let mut rng = Rng::from_seed(seed);
        while samples.pyramids.count() < self.count() {
            let batch_len = BATCH_LEN.min(self.count() - samples.pyramids.count());
            let photos = photos(generator, batch_len, &mut rng, device)?;
            samples.add(&photos_to_batch(&photos, &Device::Cpu)?)?;
            progress(samples.pyramids.count());
        }
        Ok(samples)
    }

    pub(crate) fn distance(&self, samples: &Measured) -> Result<SlicedWasserstein> {
        let (real, samples) = (&self.half.pyramids, &samples.pyramids);
        Ok(sliced_wasserstein(real, samples, &self.config)?)
    }

    pub(crate) fn duplicates(&self, samples: &Measured) -> Result<Duplicates> {
        Ok(duplicates(&samples.thumbnails, &self.half.thumbnails)?)
    }
}

/// Thumbnails of the first `count` images of a set.
pub(crate) fn thumbnails(set: &ImageSet, count: usize) -> Result<ThumbnailSet> {
    let mut thumbnails = ThumbnailSet::new(set.shape());
    let indices: Vec<usize> = (0..set.count().min(count)).collect();
    each_batch(set, &indices, |batch| Ok(thumbnails.add(batch)?))?;
    Ok(thumbnails)
}

fn each_batch(
    set: &ImageSet,
    indices: &[usize],
    mut use_batch: impl FnMut(&ImageBatch) -> Result<()>,
) -> Result<()> {
    indices
        .chunks(BATCH_LEN)
        .try_for_each(|indices| use_batch(&set.batch(indices, &Device::Cpu)?))
}
