use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use semantic_inpaint_data::ImageSet;
use semantic_inpaint_dcgan::{DcganDiscriminator, DcganGenerator, DcganModel};
use semantic_inpaint_latent_search::{Blend, LatentSearch, SearchConfig, blend};
use semantic_inpaint_mask::{CorruptedImages, Mask, MaskShape};
use semantic_inpaint_metrics::score;
use semantic_inpaint_tensor::{Device, ImageBatch, Rng, Tensor};

use crate::progress::ProgressLines;
use crate::rows::{Row, read_part, write_part};
use crate::{BATCH_SIZE, FIGURE_ROWS, SEED, report};

/// The method's name in rows whose picture is the true image: the baseline of the seam score.
pub(crate) const TRUTH: &str = "true image";
/// The method's name in rows whose hole shows the mean of the training images.
pub(crate) const MEAN_FACE: &str = "mean face";

/// Everything that stays the same from mask to mask.
pub(crate) struct Evaluation<'a> {
    search: LatentSearch<DcganGenerator, DcganDiscriminator>,
    images: &'a ImageSet,
    mean_face: Option<ImageBatch>,
    settings: String,
    parts: PathBuf,
}

/// Images of one batch that was completed.
struct Completed {
    corrupted: CorruptedImages,
    poisson: ImageBatch,
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
            let mask = masks.narrow(start, end - start)?;
            let completed = self.complete(shape, &indices, &truth, &mask, progress, &mut rows)?;
            if start == 0 {
                self.write_strips(shape, &completed)?;
            }
        }
        write_part(
            &report::part_file(&self.parts, shape),
            &self.settings,
            &rows,
        )?;
        Ok(rows)
    }

    /// One search, both blendings of its result, and the baselines, scored into `rows`.
    fn complete(
        &self,
        shape: MaskShape,
        indices: &[usize],
        truth: &ImageBatch,
        mask: &Mask,
        progress: &mut ProgressLines,
        rows: &mut Vec<Row>,
    ) -> Result<Completed> {
        let corrupted = CorruptedImages::new(truth, mask)?;
        let started = Instant::now();
        let result = self.search.search(&corrupted, progress)?;
        let search_seconds = started.elapsed().as_secs_f64();
        let mut add = |method: String, completed: &ImageBatch, seconds: f64| -> Result<()> {
            for (scores, &index) in score(truth, completed, mask)?.into_iter().zip(indices) {
                rows.push(Row {
                    mask: shape,
                    image: self.images.names()[index].clone(),
                    method: method.clone(),
                    scores,
                    seconds: seconds / indices.len() as f64,
                });
            }
            Ok(())
        };
        let mut blended = |kind: Blend| -> Result<ImageBatch> {
            let started = Instant::now();
            let completed = blend(&corrupted, &result.generated, kind)?;
            let seconds = search_seconds + started.elapsed().as_secs_f64();
            add(format!("latent search, {kind}"), &completed, seconds)?;
            Ok(completed)
        };
        blended(Blend::Overlay)?;
        let poisson = blended(Blend::Poisson)?;
        if let Some(mean_face) = &self.mean_face {
            let started = Instant::now();
            let fill = Tensor::cat(&vec![mean_face.tensor(); indices.len()], 0)?;
            let fill = ImageBatch::new(fill.to_device(truth.tensor().device())?)?;
            let completed = corrupted.overlay(&fill)?;
            add(
                MEAN_FACE.into(),
                &completed,
                started.elapsed().as_secs_f64(),
            )?;
        }
        add(TRUTH.into(), truth, 0.0)?;
        Ok(Completed { corrupted, poisson })
    }

    fn write_strips(&self, shape: MaskShape, completed: &Completed) -> Result<()> {
        let count = completed.poisson.count().min(FIGURE_ROWS);
        let [corrupted, poisson] = report::strip_files(&self.parts, shape);
        report::write_strip(&corrupted, &completed.corrupted.images().narrow(0, count)?)?;
        report::write_strip(&poisson, &completed.poisson.narrow(0, count)?)
    }
}
