mod one_search;
mod ranked;

use std::path::Path;

use semantic_inpaint_data::{Photo, batch_to_photos};
use semantic_inpaint_dcgan::DcganModel;
use semantic_inpaint_latent_search::{Preset, SearchConfig, SearchObserver, SearchResult, Silent};
use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_pretrained::PretrainedModel;
use semantic_inpaint_tensor::{Device, ImageBatch};

use crate::{
    Choice, Confidence, Crop, Error, Method, MethodCompletion, PhotoFrame, Result, Window,
    WorkingSize, embedded_latent_encoder,
};
use one_search::one_of;
pub use ranked::RankedPhotos;

/// Side of the grid of shapes for methods that take any size: that of the usual model.
const USUAL_SIZE_PX: usize = 64;

/// Fills holes in photos of any size: a [`Method`], and the way of a photo to the method's size and back.
///
/// With a model the method is the latent search, whose settings start as [`SearchConfig::paper`] on the
/// CPU; [`Inpainter::from_method`] takes any other. The window starts as [`Crop::AroundHole`]. A result is
/// a function of method, settings, photo and mask; what the photo holds inside the hole has no influence,
/// and every byte of the known area is the photo's own.
///
/// A method of one size ([`WorkingSize::Square`]) gets the window reduced or enlarged to it. A method of any
/// size ([`WorkingSize::Any`]) works on the window's own pixels, unless they are more than it can do in
/// seconds; then they are reduced to so many. [`MethodName::Auto`](crate::MethodName::Auto) looks at the hole
/// as the model would see it, and gives each photo to one or the other.
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
///
/// Another method:
///
/// ```
/// use semantic_inpaint::{Inpainter, Mask, Method, MethodContext, MethodName, Photo};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let photo = Photo::filled(90, 120, [200, 150, 120]);
/// let mask = Mask::from_missing(90, 120, |row, col| row < 30 && col < 40)?;
/// let method = Method::build(MethodName::Biharmonic, &MethodContext::default())?;
/// assert_eq!(Inpainter::from_method(method).inpaint(&photo, &mask)?, photo);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Inpainter {
    method: Method,
    crop: Crop,
    num_completions: usize,
}

/// A completed photo and how it came about.
#[derive(Debug, Clone)]
pub struct PhotoCompletion {
    /// The photo with its hole filled.
    pub photo: Photo,
    /// The part of the photo that the method saw, but for what lies beyond the photo.
    pub window: Window,
    /// That part at the method's size with its hole, missing pixels gray.
    pub corrupted: Photo,
    /// The same with its hole filled, as it was before it was brought back to the photo.
    pub completed_crop: Photo,
    /// The search, with exactly one image, of a method that has one.
    pub search: Option<SearchResult>,
    /// How sure the search is of the fill, of a method that has one.
    pub confidence: Option<Confidence>,
    /// Several completions, where they were asked for and the method has a search.
    pub ranked: Option<RankedPhotos>,
    /// What filled the hole and why, of [`MethodName::Auto`](crate::MethodName::Auto).
    pub choice: Option<Choice>,
}

/// The way of a photo through the method that fills its hole.
struct Way<'a> {
    method: &'a Method,
    choice: Option<Choice>,
    frame: PhotoFrame,
}

impl Way<'_> {
    /// Whether photos can go both ways together.
    fn is_shared_with(&self, other: &Self) -> bool {
        std::ptr::eq(self.method, other.method) && self.frame.shape() == other.frame.shape()
    }
}

impl Inpainter {
    /// An inpainter with a model that is part of this library, and with an encoder of its latents where one is,
    /// of which [`Inpainter::with_preset`] makes use.
    ///
    /// ```no_run
    /// use semantic_inpaint::{Inpainter, PretrainedModel, latent_search::Preset};
    ///
    /// let inpainter = Inpainter::pretrained(PretrainedModel::CelebA)?.with_preset(Preset::Best);
    /// # Ok::<(), semantic_inpaint::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Pretrained`] when the model is not part of the build or memory cannot be allocated.
    pub fn pretrained(model: PretrainedModel) -> Result<Self> {
        let encoder = embedded_latent_encoder(model, &Device::Cpu)?;
        let model = model.load(&Device::Cpu)?;
        let method = Method::of_model(model, encoder, SearchConfig::paper())?;
        Ok(Self::from_method(method))
    }

    /// An inpainter with the model in a file.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] naming the file, [`Error::ModelChannels`] for a model of gray images.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_model(DcganModel::load(path.as_ref(), &Device::Cpu)?)
    }

    /// An inpainter that searches the latents of a model, on the device that the model is on.
    ///
    /// # Errors
    ///
    /// [`Error::ModelChannels`] for a model of gray images.
    pub fn from_model(model: DcganModel) -> Result<Self> {
        let method = Method::of_model(model, None, SearchConfig::paper())?;
        Ok(Self::from_method(method))
    }

    /// An inpainter by any method.
    #[must_use]
    pub fn from_method(method: Method) -> Self {
        Self {
            method,
            crop: Crop::AroundHole,
            num_completions: 0,
        }
    }

    /// The same with the settings of a preset. [`Preset::Fast`] and [`Preset::Best`] start from an encoder's guess
    /// where the method has one, the presets of the publications as they were published.
    #[must_use]
    pub fn with_preset(self, preset: Preset) -> Self {
        let config = match preset.is_for_an_encoder() && self.method.has_latent_encoder() {
            true => preset.config_with_encoder(),
            false => preset.config(),
        };
        self.with_search(config)
    }

    /// The same with these settings of the search; [`SearchConfig::blend`] also says how the result
    /// is merged into the photo. A method without a search stays as it is.
    #[must_use]
    pub fn with_search(self, search: SearchConfig) -> Self {
        let method = self.method.with_search(search);
        Self { method, ..self }
    }

    /// The same with another way to cut the method's window out of a photo.
    ///
    /// Of [`MethodName::Auto`](crate::MethodName::Auto) it is the search's window, and the depth of the hole is
    /// that within it; a fill has no use for photos that are framed like training images, and sees
    /// [`Crop::AroundHole`].
    #[must_use]
    pub fn with_crop(self, crop: Crop) -> Self {
        Self { crop, ..self }
    }

    /// The same with so many completions of each photo beside the answer ([`PhotoCompletion::ranked`]), as
    /// different restarts of the search find them; 0 gives the answer alone. A method without a search has
    /// none.
    #[must_use]
    pub fn with_completions(self, count: usize) -> Self {
        Self {
            num_completions: count,
            ..self
        }
    }

    /// The same with the model on a device; a method without networks stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] when the weights cannot be copied there.
    pub fn with_device(self, device: &Device) -> Result<Self> {
        let method = self.method.with_device(device)?;
        Ok(Self { method, ..self })
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The method that fills a hole: that which [`MethodName::Auto`](crate::MethodName::Auto) chooses for it,
    /// else [`Inpainter::method`].
    ///
    /// # Errors
    ///
    /// [`Error::Photo`] unless `mask` holds one mask.
    pub fn method_for(&self, mask: &Mask) -> Result<&Method> {
        Ok(self.way(mask)?.method)
    }

    /// The side of the grid that [`photo_mask`](crate::photo_mask) draws shapes on for this method, in
    /// pixels: that of its images, 64 for a method that takes any size.
    #[must_use]
    pub fn size_px(&self) -> usize {
        match self.method.working_size() {
            WorkingSize::Square { side_px } => side_px,
            WorkingSize::Any { .. } => USUAL_SIZE_PX,
        }
    }

    /// The photo with its hole filled. The mask has the photo's size.
    ///
    /// # Errors
    ///
    /// [`Error::Photo`] when photo and mask do not fit together, [`Error::Search`] for settings that
    /// are out of range or a failing device, [`Error::Classical`] for a fill that failed,
    /// [`Error::TooFewRestarts`] for more completions than the search finds.
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
        let way = self.way(mask)?;
        let corrupted = way.frame.corrupted(photo, &Device::Cpu)?;
        let completion = self.complete(way.method, &corrupted, observer)?;
        put_together(photo, &way, &corrupted, &completion, 0)
    }

    /// The completions of several photos, each with its own mask: faster than one after the other, as
    /// windows of one size share a search or the machine's threads, where they stand behind each other and one
    /// method fills them. The photos may differ in size.
    ///
    /// When the observer wants to stop between them, the photos that were done by then are left.
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
        let ways: Result<Vec<Way<'_>>> = masks.iter().map(|mask| self.way(mask)).collect();
        let (ways, mut completions) = (ways?, Vec::with_capacity(photos.len()));
        for run in ways.chunk_by(Way::is_shared_with) {
            if !completions.is_empty() && observer.wants_stop() {
                break;
            }
            let start = completions.len();
            completions.extend(self.complete_run(&photos[start..][..run.len()], run, observer)?);
        }
        Ok(completions)
    }

    /// The completions of photos that go together.
    fn complete_run(
        &self,
        photos: &[Photo],
        ways: &[Way<'_>],
        observer: &mut dyn SearchObserver,
    ) -> Result<Vec<PhotoCompletion>> {
        let (mut images, mut masks) = (Vec::new(), Vec::new());
        for (photo, way) in photos.iter().zip(ways) {
            let corrupted = way.frame.corrupted(photo, &Device::Cpu)?;
            images.push(corrupted.images().clone());
            masks.push(corrupted.mask().clone());
        }
        let images = ImageBatch::concatenate(&images)?;
        let corrupted = CorruptedImages::new(&images, &Mask::stack(&masks)?)?;
        let method = ways.first().map_or(&self.method, |way| way.method);
        let completion = self.complete(method, &corrupted, observer)?;
        let pairs = photos.iter().zip(ways).enumerate();
        pairs
            .map(|(index, (photo, way))| put_together(photo, way, &corrupted, &completion, index))
            .collect()
    }

    fn complete(
        &self,
        method: &Method,
        corrupted: &CorruptedImages,
        observer: &mut dyn SearchObserver,
    ) -> Result<MethodCompletion> {
        match self.num_completions {
            0 => method.complete_observed(corrupted, observer),
            count => method.complete_ranked(corrupted, count, observer),
        }
    }

    fn way(&self, mask: &Mask) -> Result<Way<'_>> {
        let frame = framed(&self.method, mask, self.crop)?;
        let (method, choice) = self.method.chosen(mask, 0, frame.scale());
        let frame = match (choice, method.working_size()) {
            (Some(_), WorkingSize::Any { .. }) => framed(method, mask, Crop::AroundHole)?,
            _ => frame,
        };
        Ok(Way {
            method,
            choice,
            frame,
        })
    }
}

/// The frame of a photo with this mask for a method.
fn framed(method: &Method, mask: &Mask, crop: Crop) -> Result<PhotoFrame> {
    Ok(match method.working_size() {
        WorkingSize::Square { side_px } => PhotoFrame::new(mask, side_px, crop)?,
        WorkingSize::Any { max_pixels } => PhotoFrame::at_photo_resolution(mask, crop, max_pixels)?,
    })
}

/// What became of one photo, whose window is image `index` of those that were completed.
fn put_together(
    photo: &Photo,
    way: &Way<'_>,
    corrupted: &CorruptedImages,
    completion: &MethodCompletion,
    index: usize,
) -> Result<PhotoCompletion> {
    let (frame, blend) = (&way.frame, way.method.blend());
    let corrupted = corrupted.narrow(index, 1)?;
    let completed = completion.completed.narrow(index, 1)?;
    let search = completion.search.as_ref();
    let search = search.map(|search| one_of(search, index)).transpose()?;
    let confidence = search.as_ref().map(|search| way.method.confidence(search));
    let ranked = completion.ranked.as_ref().zip(way.method.search());
    let ranked = ranked.map(|(ranked, settings)| {
        RankedPhotos::new(ranked, index, photo, frame, &corrupted, settings)
    });
    Ok(PhotoCompletion {
        photo: frame.stitch(photo, &completed, blend)?,
        window: frame.window(),
        corrupted: only_photo(corrupted.images())?,
        completed_crop: only_photo(&completed)?,
        search,
        confidence: confidence.unwrap_or_default().first().copied(),
        ranked: ranked.transpose()?,
        choice: way.choice,
    })
}

fn only_photo(image: &ImageBatch) -> Result<Photo> {
    let shape = image.shape();
    let blank = Photo::filled(shape.height, shape.width, [0; 3]);
    Ok(batch_to_photos(image)?.into_iter().next().unwrap_or(blank))
}

#[cfg(test)]
mod tests;
