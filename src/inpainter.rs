use std::path::Path;

use semantic_inpaint_data::{Photo, batch_to_photos};
use semantic_inpaint_dcgan::{DcganDiscriminator, DcganGenerator, DcganModel};
use semantic_inpaint_latent_search::{
    LatentInpainter, LatentSearch, Preset, SearchConfig, SearchObserver, SearchResult, Silent,
    TracePoint,
};
use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_nn::Network as _;
use semantic_inpaint_pretrained::PretrainedModel;
use semantic_inpaint_tensor::{Device, ImageBatch, Latent};

use crate::{Crop, Error, PhotoFrame, Result, Window};

/// Fills holes in photos of any size: a model, the settings of its search, and the way of a photo to
/// the model's size and back.
///
/// The settings start as [`SearchConfig::paper`] on the CPU with [`Crop::AroundHole`]. A result is a
/// function of model, settings, photo and mask; what the photo holds inside the hole has no influence,
/// and every byte of the known area is the photo's own.
///
/// ```no_run
/// use semantic_inpaint::{Hole, Inpainter, Mask, PretrainedModel, read_photo, read_rgba};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let photo = read_photo("face.png")?;
/// let drawn = read_rgba("hole.png")?;
/// let mask = Mask::from_rgba(&drawn.pixels, drawn.height, drawn.width, Hole::White)?;
///
/// let inpainter = Inpainter::pretrained(PretrainedModel::CelebA)?;
/// inpainter.inpaint(&photo, &mask)?.save("completed.png")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Inpainter {
    model: DcganModel,
    search: SearchConfig,
    crop: Crop,
    device: Device,
}

/// A completed photo and how it came about.
#[derive(Debug, Clone)]
pub struct PhotoCompletion {
    /// The photo with its hole filled.
    pub photo: Photo,
    /// The part of the photo that the model saw.
    pub window: Window,
    /// That part at the model's size with its hole, missing pixels gray.
    pub corrupted: Photo,
    /// The same with its hole filled, as it was before it was brought back to the photo.
    pub completed_crop: Photo,
    /// The search, with exactly one image.
    pub search: SearchResult,
}

impl Inpainter {
    /// An inpainter with a model that is part of this library.
    ///
    /// # Errors
    ///
    /// [`Error::Pretrained`] when memory cannot be allocated.
    pub fn pretrained(model: PretrainedModel) -> Result<Self> {
        Self::from_model(model.load(&Device::Cpu)?)
    }

    /// An inpainter with the model in a file.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] naming the file, [`Error::ModelChannels`] for a model of gray images.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_model(DcganModel::load(path.as_ref(), &Device::Cpu)?)
    }

    /// An inpainter with a model, which must be on the CPU: see [`Inpainter::with_device`].
    ///
    /// # Errors
    ///
    /// [`Error::ModelChannels`] for a model of gray images.
    pub fn from_model(model: DcganModel) -> Result<Self> {
        match model.generator.config().image_channels {
            3 => Ok(Self {
                model,
                search: SearchConfig::paper(),
                crop: Crop::AroundHole,
                device: Device::Cpu,
            }),
            got => Err(Error::ModelChannels { got }),
        }
    }

    /// The same with the settings of a publication.
    #[must_use]
    pub fn with_preset(self, preset: Preset) -> Self {
        self.with_search(preset.config())
    }

    /// The same with these settings of the search; [`SearchConfig::blend`] also says how the result
    /// is merged into the photo.
    #[must_use]
    pub fn with_search(self, search: SearchConfig) -> Self {
        Self { search, ..self }
    }

    /// The same with another way to cut the model's window out of a photo.
    #[must_use]
    pub fn with_crop(self, crop: Crop) -> Self {
        Self { crop, ..self }
    }

    /// The same with the model on a device.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] when the weights cannot be copied there.
    pub fn with_device(self, device: &Device) -> Result<Self> {
        let DcganModel {
            generator,
            discriminator,
            card,
        } = self.model;
        let config = *generator.config();
        let weights = |params: &semantic_inpaint_nn::Params| {
            params
                .to_tensors()
                .map_err(semantic_inpaint_dcgan::Error::from)
        };
        let generator =
            DcganGenerator::from_tensors(config, &weights(generator.params())?, device)?;
        let discriminator = match discriminator {
            Some(discriminator) => {
                let weights = weights(discriminator.params())?;
                Some(DcganDiscriminator::from_tensors(config, &weights, device)?)
            }
            None => None,
        };
        Ok(Self {
            model: DcganModel {
                generator,
                discriminator,
                card,
            },
            device: device.clone(),
            ..self
        })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &DcganModel {
        &self.model
    }

    /// The settings of the search.
    #[must_use]
    pub fn search(&self) -> &SearchConfig {
        &self.search
    }

    /// Height and width of the model's images in pixels.
    #[must_use]
    pub fn size_px(&self) -> usize {
        self.model.generator.config().image_size_px
    }

    /// The photo with its hole filled. The mask has the photo's size.
    ///
    /// # Errors
    ///
    /// [`Error::Photo`] when photo and mask do not fit together, [`Error::Search`] for settings that
    /// are out of range or a failing device.
    pub fn inpaint(&self, photo: &Photo, mask: &Mask) -> Result<Photo> {
        Ok(self.inpaint_observed(photo, mask, &mut Silent)?.photo)
    }

    /// As [`Inpainter::inpaint`], with an observer that sees the search and may stop it, and with the
    /// details of the result. A search that was stopped gives its best result so far.
    ///
    /// # Errors
    ///
    /// As [`Inpainter::inpaint`].
    pub fn inpaint_observed(
        &self,
        photo: &Photo,
        mask: &Mask,
        observer: &mut dyn SearchObserver,
    ) -> Result<PhotoCompletion> {
        let frame = PhotoFrame::new(mask, self.size_px(), self.crop)?;
        let corrupted = frame.corrupted(photo, &self.device)?;
        let (completed, search) = self
            .latent_inpainter()?
            .inpaint_observed(&corrupted, observer)?;
        self.put_together(photo, &frame, &corrupted, &completed, search)
    }

    /// The completions of several photos, each with its own mask, from one search: faster than one
    /// after the other. The photos may differ in size.
    ///
    /// # Errors
    ///
    /// [`Error::UnpairedMasks`], else as [`Inpainter::inpaint`].
    pub fn inpaint_batch(
        &self,
        photos: &[Photo],
        masks: &[Mask],
        observer: &mut dyn SearchObserver,
    ) -> Result<Vec<PhotoCompletion>> {
        if photos.is_empty() || photos.len() != masks.len() {
            return Err(Error::UnpairedMasks {
                num_photos: photos.len(),
                num_masks: masks.len(),
            });
        }
        let mut frames = Vec::with_capacity(photos.len());
        let (mut images, mut model_masks) = (Vec::new(), Vec::new());
        for (photo, mask) in photos.iter().zip(masks) {
            let frame = PhotoFrame::new(mask, self.size_px(), self.crop)?;
            let corrupted = frame.corrupted(photo, &self.device)?;
            images.push(corrupted.images().clone());
            model_masks.push(corrupted.mask().clone());
            frames.push(frame);
        }
        let images = ImageBatch::concatenate(&images)?;
        let corrupted = CorruptedImages::new(&images, &Mask::stack(&model_masks)?)?;
        let (completed, search) = self
            .latent_inpainter()?
            .inpaint_observed(&corrupted, observer)?;
        let completions = photos.iter().zip(&frames).enumerate();
        completions
            .map(|(index, (photo, frame))| {
                let (own, completed) = (corrupted.narrow(index, 1)?, completed.narrow(index, 1)?);
                self.put_together(photo, frame, &own, &completed, one_of(&search, index)?)
            })
            .collect()
    }

    fn latent_inpainter(&self) -> Result<LatentInpainter<DcganGenerator, DcganDiscriminator>> {
        let (generator, discriminator) = (&self.model.generator, self.model.discriminator.as_ref());
        let search = LatentSearch::new(generator, discriminator, self.search)?;
        Ok(LatentInpainter::new(search))
    }

    fn put_together(
        &self,
        photo: &Photo,
        frame: &PhotoFrame,
        corrupted: &CorruptedImages,
        completed: &ImageBatch,
        search: SearchResult,
    ) -> Result<PhotoCompletion> {
        Ok(PhotoCompletion {
            photo: frame.stitch(photo, completed, self.search.blend)?,
            window: frame.window(),
            corrupted: only_photo(corrupted.images())?,
            completed_crop: only_photo(completed)?,
            search,
        })
    }
}

fn only_photo(image: &ImageBatch) -> Result<Photo> {
    let shape = image.shape();
    let blank = Photo::filled(shape.height, shape.width, [0; 3]);
    Ok(batch_to_photos(image)?.into_iter().next().unwrap_or(blank))
}

/// The part of a batch's search that belongs to one image.
fn one_of(search: &SearchResult, index: usize) -> Result<SearchResult> {
    let latent = search.latent.tensor().narrow(0, index, 1);
    let latent = latent.map_err(semantic_inpaint_tensor::Error::from)?;
    let trace = search.trace.iter().map(|point| TracePoint {
        iteration: point.iteration,
        objective: vec![point.objective[index]],
    });
    Ok(SearchResult {
        latent: Latent::new(latent)?,
        generated: search.generated.narrow(index, 1)?,
        context_loss: vec![search.context_loss[index]],
        prior_loss: vec![search.prior_loss[index]],
        objective: vec![search.objective[index]],
        restart: vec![search.restart[index]],
        trace: trace.collect(),
        iterations: search.iterations,
        precision: search.precision,
        stopped: search.stopped,
    })
}

#[cfg(test)]
mod tests;
