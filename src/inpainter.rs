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
mod tests {
    use semantic_inpaint_dcgan::DcganConfig;
    use semantic_inpaint_latent_search::SearchProgress;
    use semantic_inpaint_tensor::Rng;

    use super::*;

    fn model(image_channels: usize) -> DcganModel {
        let config = DcganConfig {
            latent_len: 8,
            generator_channels: 4,
            discriminator_channels: 4,
            image_size_px: 32,
            image_channels,
            ..DcganConfig::default()
        };
        let (rng, cpu) = (&mut Rng::from_seed(1), &Device::Cpu);
        DcganModel {
            generator: DcganGenerator::initialize(config, rng, cpu).unwrap(),
            discriminator: Some(DcganDiscriminator::initialize(config, rng, cpu).unwrap()),
            card: semantic_inpaint_dcgan::ModelCard::default(),
        }
    }

    fn inpainter() -> Inpainter {
        Inpainter::from_model(model(3))
            .unwrap()
            .with_search(SearchConfig {
                iterations: 4,
                ..SearchConfig::paper()
            })
    }

    fn photo(height: usize, width: usize, seed: usize) -> Photo {
        let value = |index: usize| ((index + seed) * 37 % 251) as u8;
        let rgb = (0..3 * height * width).map(value).collect();
        Photo::from_rgb(height, width, rgb).unwrap()
    }

    fn corner(height: usize, width: usize) -> Mask {
        Mask::from_missing(height, width, |row, col| row < 9 && col < 7).unwrap()
    }

    fn photos_and_masks() -> (Vec<Photo>, Vec<Mask>) {
        let sizes = [(32, 32), (70, 50), (20, 90)];
        let photos = sizes.iter().enumerate();
        (
            photos.map(|(seed, &(h, w))| photo(h, w, seed)).collect(),
            sizes.iter().map(|&(h, w)| corner(h, w)).collect(),
        )
    }

    #[test]
    fn a_batch_gives_what_its_photos_give_alone_in_any_order() {
        let (mut photos, mut masks) = photos_and_masks();
        let inpainter = inpainter();
        let alone: Vec<Photo> = photos
            .iter()
            .zip(&masks)
            .map(|(photo, mask)| inpainter.inpaint(photo, mask).unwrap())
            .collect();
        let near = |a: &Photo, b: &Photo| {
            let pairs = a.rgb().iter().zip(b.rgb());
            a.rgb().len() == b.rgb().len() && { pairs }.all(|(a, b)| a.abs_diff(*b) <= 1)
        };
        for order in [[0, 1, 2], [2, 1, 0]] {
            let batch = inpainter
                .inpaint_batch(&photos, &masks, &mut Silent)
                .unwrap();
            for (completion, index) in batch.iter().zip(order) {
                assert!(near(&completion.photo, &alone[index]), "photo {index}");
                assert_eq!(completion.search.objective.len(), 1);
                assert_eq!(completion.search.latent.tensor().dims(), [1, 8]);
            }
            photos.reverse();
            masks.reverse();
        }
    }

    #[test]
    fn a_completion_tells_what_the_model_saw_and_made() {
        let photo = photo(70, 50, 1);
        let mask = corner(70, 50);
        let completion = inpainter()
            .with_crop(Crop::LargestSquare)
            .inpaint_observed(&photo, &mask, &mut Silent)
            .unwrap();
        assert_eq!((completion.window.top, completion.window.side), (0, 50));
        for crop in [&completion.corrupted, &completion.completed_crop] {
            assert_eq!((crop.height(), crop.width()), (32, 32));
        }
        assert_eq!(completion.corrupted.rgb()[..3], [128; 3]);
        assert_eq!(completion.search.iterations, 4);
        assert!(!completion.search.stopped);
    }

    #[test]
    fn an_observer_may_stop_and_gets_the_best_so_far() {
        struct Impatient(usize);
        impl SearchObserver for Impatient {
            fn iterated(&mut self, progress: &SearchProgress) {
                self.0 = progress.iteration;
            }

            fn wants_stop(&mut self) -> bool {
                self.0 >= 2
            }
        }
        let mut observer = Impatient(0);
        let completion = inpainter()
            .inpaint_observed(&photo(32, 32, 1), &corner(32, 32), &mut observer)
            .unwrap();
        assert!(completion.search.stopped);
        assert_eq!(completion.search.iterations, 2);
    }

    #[test]
    fn settings_and_devices_can_be_exchanged() {
        let inpainter = inpainter().with_preset(Preset::Authors);
        assert_eq!(*inpainter.search(), SearchConfig::authors());
        let (before, after) = (
            self::inpainter(),
            self::inpainter().with_device(&Device::Cpu).unwrap(),
        );
        let (photo, mask) = (photo(32, 32, 1), corner(32, 32));
        assert_eq!(
            before.inpaint(&photo, &mask).unwrap(),
            after.inpaint(&photo, &mask).unwrap()
        );
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        assert!(matches!(
            Inpainter::from_model(model(1)),
            Err(Error::ModelChannels { got: 1 })
        ));
        let (photos, masks) = photos_and_masks();
        let refused = |photos: &[Photo], masks: &[Mask]| {
            let error = inpainter().inpaint_batch(photos, masks, &mut Silent);
            error.unwrap_err().to_string()
        };
        assert!(refused(&[], &[]).contains("0 photos"));
        assert!(refused(&photos, &masks[..2]).contains("2 masks"));
        assert!(refused(&photos[..1], &masks[1..2]).contains("draw the mask"));
        let message = Inpainter::from_file("nowhere.safetensors").unwrap_err();
        assert!(message.to_string().contains("nowhere.safetensors"));
    }
}
