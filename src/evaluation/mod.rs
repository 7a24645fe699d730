//! Masks over images that a model never saw: searched, blended, scored, written down.

mod figure;
mod mean_image;
mod report;
mod row;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use semantic_inpaint_data::ImageSet;
use semantic_inpaint_dcgan::{DcganDiscriminator, DcganGenerator, DcganModel};
use semantic_inpaint_latent_search::{Blend, LatentSearch, SearchConfig, SearchObserver, blend};
use semantic_inpaint_mask::{CorruptedImages, MaskShape};
use semantic_inpaint_metrics::score;
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageBatch, Rng};

use crate::{Error, Result};

use figure::Strips;
pub use mean_image::mean_image;
pub use report::EvaluationReport;
pub use row::EvaluationRow;

/// Images in one search.
const BATCH_LEN: usize = 50;
/// The method's name in rows whose picture is the true image: the baseline of the seam score.
const TRUTH: &str = "true image";
/// The method's name in rows whose hole is blended with nothing generated: what blending alone does.
const HARMONIC: &str = "harmonic fill";
/// The method's name in rows whose hole shows the mean of the training images.
const MEAN_IMAGE: &str = "mean image";

/// Measures latent search on images with several masks.
///
/// Each image is searched once for a mask; the result is blended both ways, and both are scored beside
/// fills that need no network: the harmonic fill, which is Poisson blending without anything to blend, and
/// the mean image of a training set, where it is given. No method sees what a hole hides. Masks that are
/// drawn at random differ from image to image and depend on the search's seed alone.
///
/// ```no_run
/// use semantic_inpaint::latent_search::Silent;
/// use semantic_inpaint::{
///     Device, Evaluation, Framing, ImageSet, ImageSource, MaskShape, PretrainedModel, SearchConfig,
/// };
/// use semantic_inpaint::data::ReadOptions;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = PretrainedModel::CelebA.load(&Device::Cpu)?;
/// let source = ImageSource::open("img_align_celeba.zip")?;
/// let options = ReadOptions { limit: Some(200), ..ReadOptions::new(Framing::Crop108, 64) };
/// let images = ImageSet::read(&source, &options, &|_| {})?;
///
/// let evaluation = Evaluation::new("CelebA", &model, SearchConfig::paper())?;
/// let masks = ["square:20".parse::<MaskShape>()?, "circle:20".parse()?];
/// let report = evaluation.run(&masks, &images, "out/celeba".as_ref(), &mut Silent)?;
/// println!("{}", report.table()?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Evaluation {
    title: String,
    search: LatentSearch<DcganGenerator, DcganDiscriminator>,
    steps: u64,
    mean_image: Option<ImageBatch>,
}

/// Told how an evaluation goes, besides what it is told of each search.
pub trait EvaluationObserver: SearchObserver {
    /// So many iterations will be made in all; masks that were done before need none.
    fn begins(&mut self, _num_iterations: usize) {}

    /// The images at these places, of so many, are searched with a mask.
    fn searching(&mut self, _mask: MaskShape, _images: Range<usize>, _count: usize) {}
}

impl EvaluationObserver for semantic_inpaint_latent_search::Silent {}

/// Images that are searched together.
struct Batch {
    mask: MaskShape,
    names: Vec<String>,
    truth: ImageBatch,
    corrupted: CorruptedImages,
}

impl Evaluation {
    /// An evaluation of a model, on the device that it is on. The title is that of the report.
    ///
    /// # Errors
    ///
    /// [`Error::Search`] for settings out of range.
    pub fn new(title: &str, model: &DcganModel, config: SearchConfig) -> Result<Self> {
        let (generator, discriminator) = (&model.generator, model.discriminator.as_ref());
        Ok(Self {
            title: title.into(),
            search: LatentSearch::new(generator, discriminator, config)?,
            steps: model.card.steps,
            mean_image: None,
        })
    }

    /// The same, with the mean of training images as one more fill; see [`mean_image`].
    #[must_use]
    pub fn with_mean_image(self, mean_image: ImageBatch) -> Self {
        Self {
            mean_image: Some(mean_image),
            ..self
        }
    }

    /// The scores of all images with each mask, which are also written into `folder`: `report.md`,
    /// `per_image.csv` and `figure.png` with the first images.
    ///
    /// What is done of each mask is kept in `folder/parts`, and a mask whose part is there is not searched
    /// again, so that an evaluation can be stopped and taken up again.
    ///
    /// # Errors
    ///
    /// [`Error::EvaluationStopped`] when the observer stops a search; [`Error::OtherEvaluation`] when a
    /// part was made with other settings; a fault of images, masks, search or files.
    pub fn run(
        &self,
        masks: &[MaskShape],
        images: &ImageSet,
        folder: &Path,
        observer: &mut impl EvaluationObserver,
    ) -> Result<EvaluationReport> {
        let parts = folder.join("parts");
        std::fs::create_dir_all(&parts).map_err(Error::file(&parts))?;
        let (settings, strips) = (self.settings(images), Strips::new(&parts, images)?);
        let mut found = Vec::with_capacity(masks.len());
        for &mask in masks {
            found.push(row::read_part(&parts, mask, &settings)?);
        }
        let num_missing = found.iter().filter(|part| part.is_none()).count();
        let batches = images.count().div_ceil(BATCH_LEN);
        observer.begins(num_missing * batches * self.search.config().iterations);
        let mut rows = Vec::new();
        for (stream, (&mask, part)) in masks.iter().zip(found).enumerate() {
            rows.extend(match part {
                Some(part) => part,
                None => {
                    let rows = self.evaluate(mask, stream as u64, images, &strips, observer)?;
                    row::write_part(&parts, mask, &settings, &rows)?;
                    rows
                }
            });
        }
        let report = EvaluationReport {
            title: self.title.clone(),
            settings,
            masks: masks.to_vec(),
            rows,
            figure: strips.together(masks)?,
        };
        report.write(folder)?;
        Ok(report)
    }

    /// One line that says what the numbers belong to.
    fn settings(&self, images: &ImageSet) -> String {
        let names = images.names();
        let (first, last) = (names.first(), names.last());
        let name = |name: Option<&String>| name.cloned().unwrap_or_default();
        format!(
            "{} images, {} to {}; model of {} steps; mean image: {}; {:?}",
            names.len(),
            name(first),
            name(last),
            self.steps,
            self.mean_image.is_some(),
            self.search.config(),
        )
    }

    /// Completes and scores all images with holes of one shape.
    fn evaluate(
        &self,
        mask: MaskShape,
        stream: u64,
        images: &ImageSet,
        strips: &Strips,
        observer: &mut impl EvaluationObserver,
    ) -> Result<Vec<EvaluationRow>> {
        let (count, size_px) = (images.count(), images.size_px());
        let rng = &mut Rng::from_seed_and_stream(self.search.config().seed, stream);
        let masks = mask.build_batch(count, size_px, size_px, rng)?;
        let mut rows = Vec::new();
        for start in (0..count).step_by(BATCH_LEN) {
            let end = (start + BATCH_LEN).min(count);
            observer.searching(mask, start..end, count);
            let indices: Vec<usize> = (start..end).collect();
            let truth = images.batch(&indices, &Device::Cpu)?;
            let batch = Batch {
                mask,
                names: images.names()[start..end].to_vec(),
                corrupted: CorruptedImages::new(&truth, &masks.narrow(start, end - start)?)?,
                truth,
            };
            let completed = self.complete(&batch, observer, &mut rows)?;
            if start == 0 {
                strips.write(mask, batch.corrupted.images(), &completed)?;
            }
            self.fill_without_network(&batch, &mut rows)?;
        }
        Ok(rows)
    }

    /// One search and both blendings of its result, of which the images are Poisson's.
    fn complete(
        &self,
        batch: &Batch,
        observer: &mut impl EvaluationObserver,
        rows: &mut Vec<EvaluationRow>,
    ) -> Result<ImageBatch> {
        let started = Instant::now();
        let result = self.search.search(&batch.corrupted, observer)?;
        if result.stopped {
            return Err(Error::EvaluationStopped);
        }
        let search_seconds = started.elapsed().as_secs_f64();
        let generated = result.generated.tensor().to_device(&Device::Cpu);
        let generated = ImageBatch::new(generated.map_err(TensorError::from)?)?;
        let mut blended = |kind: Blend| -> Result<ImageBatch> {
            let started = Instant::now();
            let completed = blend(&batch.corrupted, &generated, kind)?;
            let seconds = search_seconds + started.elapsed().as_secs_f64();
            let method = format!("latent search ({kind})");
            rows.extend(batch.rows(&method, &completed, seconds)?);
            Ok(completed)
        };
        blended(Blend::Overlay)?;
        blended(Blend::Poisson)
    }

    fn fill_without_network(&self, batch: &Batch, rows: &mut Vec<EvaluationRow>) -> Result<()> {
        let started = Instant::now();
        let gray = batch.truth.tensor().zeros_like();
        let gray = ImageBatch::new(gray.map_err(TensorError::from)?)?;
        let harmonic = blend(&batch.corrupted, &gray, Blend::Poisson)?;
        rows.extend(batch.rows(HARMONIC, &harmonic, started.elapsed().as_secs_f64())?);
        if let Some(mean_image) = &self.mean_image {
            let started = Instant::now();
            let shape = batch.truth.tensor().shape();
            let fill = mean_image.tensor().broadcast_as(shape);
            let fill = ImageBatch::new(fill.map_err(TensorError::from)?)?;
            let completed = batch.corrupted.overlay(&fill)?;
            rows.extend(batch.rows(MEAN_IMAGE, &completed, started.elapsed().as_secs_f64())?);
        }
        rows.extend(batch.rows(TRUTH, &batch.truth, 0.0)?);
        Ok(())
    }
}

impl Batch {
    /// A row per image; `seconds` are those of the whole batch.
    fn rows(
        &self,
        method: &str,
        completed: &ImageBatch,
        seconds: f64,
    ) -> Result<Vec<EvaluationRow>> {
        let scores = score(&self.truth, completed, self.corrupted.mask())?;
        let named = scores.into_iter().zip(&self.names);
        let row = |(scores, image): (_, &String)| EvaluationRow {
            mask: self.mask,
            image: image.clone(),
            method: method.into(),
            scores,
            seconds: seconds / self.names.len() as f64,
        };
        Ok(named.map(row).collect())
    }
}
