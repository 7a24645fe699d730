//! Methods with masks on images that no method has learned from: completed, scored, kept in parts.

mod batch;
mod comparison;
mod confidence;
mod course;
mod identity;
mod method;
mod names;
mod observer;
mod outcome;
mod part;
mod row;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use semantic_inpaint_data::{ImageSet, batch_to_photos, read_photo};
use semantic_inpaint_mask::{CorruptedImages, MaskShape};

use crate::{Error, Result};

use batch::Batch;
pub use comparison::{Comparison, Verdict, paired_difference};
pub use confidence::ConfidenceSummary;
pub use course::EvaluationCourse;
use identity::ImageHashes;
#[cfg(feature = "report")]
pub(crate) use identity::{file_stem, mask_stem};
pub use method::{
    BoxedError, CoursePoint, EvaluatedMethod, LabeledCompletion, MethodConfidence, MethodFamily,
    MethodObserver,
};
use names::{Labels, check_names};
pub use observer::EvaluationObserver;
pub use outcome::{EvaluationPicture, EvaluationReport, MethodRecord};
use part::{Part, PartFolder, Segment};
#[cfg(feature = "report")]
pub(crate) use row::to_csv;
pub use row::{EvaluationRow, Failure};

/// The method's name in rows whose picture is the true image: the baseline of the seam score.
pub(crate) const TRUTH: &str = "true image";
/// The method's name of pictures with their holes.
pub(crate) const CORRUPTED: &str = "corrupted";
const NUM_PICTURES: usize = 8;
/// Images whose truth is in memory at a time.
const TRUTH_LEN: usize = 256;

/// Measures methods with masks on a set of images.
///
/// Every method sees the same corrupted images and never the truth. A mask that is drawn at random
/// differs from image to image and depends on the seed, its spelling and the image's place alone, so that
/// it does not matter which other masks or methods are asked for.
///
/// What is done is kept in `parts` of the evaluation's folder, a file for each mask, method and batch. A
/// part that is there is not made again, so that an evaluation can be stopped and taken up; the report is
/// then the same, but for the seconds of what was made anew. A batch that fails is tried again image by
/// image, and an image that fails is a [`Failure`] of the report. So is one whose known pixels
/// were changed.
///
/// ```
/// use semantic_inpaint_data::{Framing, ImageSet, Photo};
/// use semantic_inpaint_mask::CorruptedImages;
/// use semantic_inpaint_metrics::{
///     BoxedError, EvaluatedMethod, Evaluation, LabeledCompletion, MethodObserver,
/// };
///
/// /// Leaves holes mid-gray.
/// struct Gray;
///
/// impl EvaluatedMethod for Gray {
///     fn name(&self) -> String {
///         "gray".into()
///     }
///
///     fn settings(&self) -> String {
///         "none".into()
///     }
///
///     fn complete(
///         &self,
///         corrupted: &CorruptedImages,
///         _observer: &mut dyn MethodObserver,
///     ) -> Result<Vec<LabeledCompletion>, BoxedError> {
///         let (label, images) = ("gray".into(), corrupted.images().clone());
///         Ok(vec![LabeledCompletion { label, images, seconds: 0.0, confidence: vec![] }])
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let photos = (0..3).map(|i| (format!("{i}.png"), Photo::filled(16, 16, [i * 60, 90, 0])));
/// let images = ImageSet::from_photos("drawn", Framing::CenterCrop, 16, photos.collect())?;
/// let (folder, masks) = (tempfile::tempdir()?, ["square:4".parse()?, "strokes".parse()?]);
/// let evaluation = Evaluation::new("Flat pictures");
/// let report = evaluation.run(&masks, &[&Gray], &images, 1, folder.path(), &mut ())?;
/// assert_eq!(report.rows.len(), 2 * 3 * 2, "masks, images, and the true image beside the method");
/// println!("{}", report.table()?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Evaluation {
    title: String,
    notes: Vec<String>,
    num_pictures: usize,
}

/// What the parts of a run have in common.
struct Run<'a> {
    images: &'a ImageSet,
    hashes: ImageHashes,
    seed: u64,
    folder: &'a Path,
    num_pictures: usize,
}

/// What is stored and what is missing of one mask and one method.
struct Plan<'a> {
    mask: MaskShape,
    method: &'a dyn EvaluatedMethod,
    folder: PartFolder<'a>,
    segments: Vec<Segment>,
}

impl Evaluation {
    /// An evaluation whose report has this title.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            notes: Vec::new(),
            num_pictures: NUM_PICTURES,
        }
    }

    /// The same with one more sentence at the head of the report: what models, which machine.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same with the completed pictures of so many images, the first, in the report; 8 by default.
    #[must_use]
    pub fn with_num_pictures(self, num_pictures: usize) -> Self {
        Self {
            num_pictures,
            ..self
        }
    }

    /// The images of a range as all methods of an evaluation with this seed see them under a mask, on the
    /// CPU: for figures beside those of the report.
    ///
    /// # Errors
    ///
    /// [`Error::Mask`] when the mask does not fit the images, [`Error::Data`] when the range is empty or
    /// reaches beyond the last image.
    pub fn corrupted_images(
        mask: MaskShape,
        images: &ImageSet,
        seed: u64,
        range: Range<usize>,
    ) -> Result<CorruptedImages> {
        let batch = Batch::new((mask, seed), images, range)?;
        Ok(batch.corrupted().clone())
    }

    /// The scores of all images with each mask by each method; the report's own files are written by
    /// `EvaluationReport::write`, with the feature `report`.
    ///
    /// Beside the methods there are rows of the true image.
    ///
    /// # Errors
    ///
    /// [`Error::NothingToEvaluate`] without masks or methods, [`Error::RepeatedName`] when two masks,
    /// methods, labels or images have one name; [`Error::OtherEvaluation`] when a part was made of other
    /// images, with another seed or other settings, [`Error::DamagedPart`]; [`Error::EvaluationStopped`]
    /// when the observer stops it; [`Error::Mask`] when a mask does not fit the images; a fault of files.
    pub fn run(
        &self,
        masks: &[MaskShape],
        methods: &[&dyn EvaluatedMethod],
        images: &ImageSet,
        seed: u64,
        folder: &Path,
        observer: &mut dyn EvaluationObserver,
    ) -> Result<EvaluationReport> {
        check_names(masks, methods, images)?;
        let run = Run {
            images,
            hashes: ImageHashes::new(images)?,
            seed,
            folder,
            num_pictures: self.num_pictures.min(images.count()),
        };
        let plans = run.plans(masks, methods)?;
        observer.begins(plans.iter().map(Plan::num_missing).sum());
        let mut report = EvaluationReport::empty(&self.title, &self.notes, methods, seed, images);
        let mut labels = Labels::default();
        let mut plans = plans.into_iter();
        for &mask in masks {
            for (place, plan) in plans.by_ref().take(methods.len()).enumerate() {
                report.add(place, run.make(plan, &mut labels, observer)?);
            }
            run.add_truth(mask, &mut report)?;
        }
        Ok(report)
    }
}

impl Run<'_> {
    /// What is to be done, in order. Parts of another evaluation are found here, before anything is.
    fn plans<'a>(
        &'a self,
        masks: &[MaskShape],
        methods: &[&'a dyn EvaluatedMethod],
    ) -> Result<Vec<Plan<'a>>> {
        let mut plans = Vec::with_capacity(masks.len() * methods.len());
        for &mask in masks {
            identity::masks(mask, self.seed, self.images.size_px(), 0..1)?;
            for &method in methods {
                let (name, settings) = (method.name(), method.settings());
                let drawn = (mask, self.seed);
                let named = (name.as_str(), settings.as_str());
                let folder = PartFolder::new(self.folder, drawn, named, self.images, &self.hashes);
                plans.push(Plan {
                    mask,
                    method,
                    segments: folder.segments(method.batch_len())?,
                    folder,
                });
            }
        }
        Ok(plans)
    }

    /// All parts of one mask and one method, with the pictures of the first images.
    fn make(
        &self,
        plan: Plan<'_>,
        labels: &mut Labels,
        observer: &mut dyn EvaluationObserver,
    ) -> Result<(Part, Vec<EvaluationPicture>)> {
        let (mut whole, name) = (Part::default(), plan.method.name());
        let Plan {
            mask,
            method,
            folder,
            segments,
        } = plan;
        for segment in segments {
            let part = match segment {
                Segment::Stored(part) => part,
                Segment::Missing(range) => self.complete(mask, method, &folder, range, observer)?,
            };
            labels.claim(&name, &part.rows)?;
            whole.rows.extend(part.rows);
            whole.failures.extend(part.failures);
            whole.courses.extend(part.courses);
        }
        // Sorting keeps the order of the images.
        let order = labels.of(&name);
        let place = |row: &EvaluationRow| order.iter().position(|label| *label == row.method);
        whole.rows.sort_by_key(place);
        let pictures = self.read_pictures(&folder, &whole.rows)?;
        Ok((whole, pictures))
    }

    fn complete(
        &self,
        mask: MaskShape,
        method: &dyn EvaluatedMethod,
        folder: &PartFolder<'_>,
        range: Range<usize>,
        observer: &mut dyn EvaluationObserver,
    ) -> Result<Part> {
        if observer.wants_stop() {
            return Err(Error::EvaluationStopped);
        }
        let name = method.name();
        observer.starting(&name, mask, range.clone(), self.images.count());
        let batch = Batch::new((mask, self.seed), self.images, range.clone())?;
        let num_pictures = self.num_pictures.saturating_sub(range.start);
        let outcome = batch.run(method, num_pictures, observer)?;
        for failure in &outcome.part.failures {
            let Failure {
                method,
                image,
                reason,
                ..
            } = failure;
            observer.failed(method, mask, image, reason);
        }
        folder.create()?;
        for picture in &outcome.pictures {
            let index = range.start + picture.place;
            picture.photo.save(folder.picture(index, &picture.label))?;
        }
        folder.write(range, &outcome.part)?;
        observer.progressed(1.0);
        Ok(outcome.part)
    }

    /// The pictures as they were stored; one that is not there is left out.
    fn read_pictures(
        &self,
        folder: &PartFolder<'_>,
        rows: &[EvaluationRow],
    ) -> Result<Vec<EvaluationPicture>> {
        let names = &self.images.names()[..self.num_pictures];
        let places: BTreeMap<&String, usize> = names.iter().zip(0..).collect();
        let mut pictures = Vec::new();
        for row in rows {
            let Some(&index) = places.get(&row.image) else {
                continue;
            };
            let path = folder.picture(index, &row.method);
            if path.exists() {
                pictures.push(EvaluationPicture {
                    mask: row.mask,
                    image: row.image.clone(),
                    method: row.method.clone(),
                    photo: read_photo(path)?,
                });
            }
        }
        Ok(pictures)
    }

    /// The rows of the true images with a mask, the mask's size, and the pictures without a method.
    fn add_truth(&self, mask: MaskShape, report: &mut EvaluationReport) -> Result<()> {
        let (count, mut rows, mut missing) = (self.images.count(), Vec::new(), 0.0);
        for start in (0..count).step_by(TRUTH_LEN) {
            let range = start..(start + TRUTH_LEN).min(count);
            let len = range.len();
            let batch = Batch::new((mask, self.seed), self.images, range)?;
            missing += batch.missing_share() * len as f64;
            rows.extend(batch.rows_of_truth(TRUTH)?);
        }
        let mut pictures = Vec::new();
        if self.num_pictures > 0 {
            let batch = Batch::new((mask, self.seed), self.images, 0..self.num_pictures)?;
            let photos = batch_to_photos(batch.corrupted().images())?;
            for (index, corrupted) in photos.into_iter().enumerate() {
                let original = self.images.photo(index)?;
                for (method, photo) in [(TRUTH, original), (CORRUPTED, corrupted)] {
                    let image = self.images.names()[index].clone();
                    let method = method.into();
                    pictures.push(EvaluationPicture {
                        mask,
                        image,
                        method,
                        photo,
                    });
                }
            }
        }
        report.masks.push(mask);
        report.missing_shares.push(missing / count as f64);
        report.rows.extend(rows);
        report.pictures.extend(pictures);
        Ok(())
    }
}

impl Plan<'_> {
    fn num_missing(&self) -> usize {
        let missing = |segment: &Segment| match segment {
            Segment::Stored(_) => 0,
            Segment::Missing(range) => range.len(),
        };
        self.segments.iter().map(missing).sum()
    }
}
