use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use semantic_inpaint_data::ImageSet;
use semantic_inpaint_dcgan::{DcganDiscriminator, DcganGenerator, DcganModel};
use semantic_inpaint_latent_search::{Blend, LatentSearch, SearchConfig, blend};
use semantic_inpaint_mask::{CorruptedImages, MaskShape};
use semantic_inpaint_metrics::score;
use semantic_inpaint_tensor::{Device, ImageBatch, Rng};

use crate::progress::ProgressLines;
use crate::rows::{Row, read_part, write_part};
use crate::{BATCH_SIZE, FIGURE_ROWS, SEED, report};

/// The method's name in rows whose picture is the true image: the baseline of the seam score.
const TRUTH: &str = "true image";
/// The method's name in rows whose hole is blended with nothing generated: what blending alone does.
const HARMONIC: &str = "harmonic fill";
/// The method's name in rows whose hole shows the mean of the training images.
const MEAN_FACE: &str = "mean face";

/// Everything that stays the same from mask to mask.
pub(crate) struct Evaluation<'a> {
    search: LatentSearch<DcganGenerator, DcganDiscriminator>,
    images: &'a ImageSet,
    mean_face: Option<ImageBatch>,
    settings: String,
    parts: PathBuf,
}

/// Images that are searched together.
struct Batch {
    shape: MaskShape,
    names: Vec<String>,
    truth: ImageBatch,
    corrupted: CorruptedImages,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(
        model: &DcganModel,
        images: &'a ImageSet,
        mean_face: Option<ImageBatch>,
        config: SearchConfig,
        out: &Path,
    ) -> Result<Self> {
        let parts = out.join("parts");
        std::fs::create_dir_all(&parts)?;
        let names = images.names();
        let settings = format!(
            "{} images, {} to {}; model of {} steps; mean face: {}; {config:?}",
            names.len(),
            names[0],
            names[names.len() - 1],
            model.card.steps,
            mean_face.is_some(),
        );
        let search = LatentSearch::new(&model.generator, model.discriminator.as_ref(), config)?;
        Ok(Self {
            search,
            images,
            mean_face,
            settings,
            parts,
        })
    }

    /// One line that says what the numbers belong to.
    pub(crate) fn settings(&self) -> String {
        self.settings.clone()
    }

    /// The rows of all masks, from earlier runs where their parts exist.
    pub(crate) fn run(&self, masks: &[MaskShape], device: &Device) -> Result<Vec<Row>> {
        let originals: Vec<usize> = (0..self.images.count().min(FIGURE_ROWS)).collect();
        let originals = self.images.batch(&originals, &Device::Cpu)?;
        report::write_strip(&self.parts.join("originals.png"), &originals)?;
        let mut found = Vec::new();
        for &mask in masks {
            found.push(read_part(
                &report::part_file(&self.parts, mask),
                &self.settings,
            )?);
        }
        let num_missing = found.iter().filter(|part| part.is_none()).count();
        let batches = self.images.count().div_ceil(BATCH_SIZE);
        let mut progress =
            ProgressLines::new(num_missing * batches * self.search.config().iterations);
        let mut rows = Vec::new();
        for (stream, (&mask, part)) in masks.iter().zip(found).enumerate() {
            if part.is_some() {
                eprintln!("{mask}: done before");
            }
            rows.extend(match part {
                Some(part) => part,
                None => self.evaluate(mask, stream as u64, device, &mut progress)?,
            });
        }
        Ok(rows)
    }

    /// Completes and scores all images with holes of one shape and writes the part.
    fn evaluate(
        &self,
        shape: MaskShape,
        stream: u64,
        device: &Device,
        progress: &mut ProgressLines,
    ) -> Result<Vec<Row>> {
        let (count, size_px) = (self.images.count(), self.images.size_px());
        let rng = &mut Rng::from_seed_and_stream(SEED, stream);
        let masks = shape.build_batch(count, size_px, size_px, rng)?;
        let mut rows = Vec::new();
        for start in (0..count).step_by(BATCH_SIZE) {
            let end = (start + BATCH_SIZE).min(count);
            progress.begin(format!("{shape}: images {} to {end} of {count}", start + 1));
            let indices: Vec<usize> = (start..end).collect();
            let truth = self.images.batch(&indices, device)?;
            let batch = Batch {
                shape,
                names: self.images.names()[start..end].to_vec(),
                corrupted: CorruptedImages::new(&truth, &masks.narrow(start, end - start)?)?,
                truth,
            };
            let completed = self.complete(&batch, progress, &mut rows)?;
            if start == 0 {
                self.write_strips(&batch, &completed)?;
            }
            self.fill_without_network(&batch, &mut rows)?;
        }
        write_part(
            &report::part_file(&self.parts, shape),
            &self.settings,
            &rows,
        )?;
        Ok(rows)
    }

    /// One search and both blendings of its result, of which the images are Poisson's.
    fn complete(
        &self,
        batch: &Batch,
        progress: &mut ProgressLines,
        rows: &mut Vec<Row>,
    ) -> Result<ImageBatch> {
        let started = Instant::now();
        let result = self.search.search(&batch.corrupted, progress)?;
        let search_seconds = started.elapsed().as_secs_f64();
        let mut blended = |kind: Blend| -> Result<ImageBatch> {
            let started = Instant::now();
            let completed = blend(&batch.corrupted, &result.generated, kind)?;
            let seconds = search_seconds + started.elapsed().as_secs_f64();
            batch.score(
                &format!("latent search ({kind})"),
                &completed,
                seconds,
                rows,
            )?;
            Ok(completed)
        };
        blended(Blend::Overlay)?;
        blended(Blend::Poisson)
    }

    fn fill_without_network(&self, batch: &Batch, rows: &mut Vec<Row>) -> Result<()> {
        let started = Instant::now();
        let gray = ImageBatch::new(batch.truth.tensor().zeros_like()?)?;
        let harmonic = blend(&batch.corrupted, &gray, Blend::Poisson)?;
        batch.score(HARMONIC, &harmonic, started.elapsed().as_secs_f64(), rows)?;
        if let Some(mean_face) = &self.mean_face {
            let started = Instant::now();
            let mean_face = mean_face
                .tensor()
                .to_device(batch.truth.tensor().device())?;
            let fill = mean_face.broadcast_as(batch.truth.tensor().shape())?;
            let completed = batch.corrupted.overlay(&ImageBatch::new(fill)?)?;
            batch.score(MEAN_FACE, &completed, started.elapsed().as_secs_f64(), rows)?;
        }
        batch.score(TRUTH, &batch.truth, 0.0, rows)
    }

    fn write_strips(&self, batch: &Batch, completed: &ImageBatch) -> Result<()> {
        let count = completed.count().min(FIGURE_ROWS);
        let [corrupted_file, completed_file] = report::strip_files(&self.parts, batch.shape);
        let corrupted = batch.corrupted.images().narrow(0, count)?;
        report::write_strip(&corrupted_file, &corrupted)?;
        report::write_strip(&completed_file, &completed.narrow(0, count)?)
    }
}

impl Batch {
    /// Adds one row per image; `seconds` are those of the whole batch.
    fn score(
        &self,
        method: &str,
        completed: &ImageBatch,
        seconds: f64,
        rows: &mut Vec<Row>,
    ) -> Result<()> {
        let scores = score(&self.truth, completed, self.corrupted.mask())?;
        rows.extend(
            scores
                .into_iter()
                .zip(&self.names)
                .map(|(scores, image)| Row {
                    mask: self.shape,
                    image: image.clone(),
                    method: method.into(),
                    scores,
                    seconds: seconds / self.names.len() as f64,
                }),
        );
        Ok(())
    }
}
