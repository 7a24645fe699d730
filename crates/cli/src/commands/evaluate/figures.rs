//! Figures that need more than the scores: a search's path, and a Context Encoder's training.

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use semantic_inpaint::context_encoder::ContextEncoderInpainter;
use semantic_inpaint::data::batch_to_photos;
use semantic_inpaint::mask::Inpainter as _;
use semantic_inpaint::metrics::{Region, TsneConfig, draw_strips, region_psnr};
use semantic_inpaint::{
    CorruptedImages, Device, Evaluation, EvaluationReport, ImageBatch, MaskShape, Method, Photo,
    SearchObserver, SearchProgress,
};

use super::Arguments;
use super::plan::{Plan, TrainedRun};
use crate::progress::{self, Display};
use crate::{interrupt, output};

/// Images of the figure of a Context Encoder's training.
const NUM_IMAGES: usize = 6;

/// Adds the figures; one that cannot be made is told and left out.
pub(super) fn add(report: &mut EvaluationReport, plan: &Plan, arguments: &Arguments) {
    let seed = arguments.seed.unwrap_or_default();
    let mut results = Vec::new();
    let searches = plan.methods.iter().find(|method| method.search().is_some());
    if let (Some(method), Some(&mask)) = (searches, arguments.masks.first()) {
        results.push(add_latent_space(report, plan, method, (mask, seed)));
    }
    for run in &plan.trained {
        results.push(add_training(report, plan, run, (&arguments.masks, seed)));
    }
    for error in results.into_iter().filter_map(Result::err) {
        output::warn(format_args!("a figure is left out: {error:#}"));
    }
}

/// The path of the search on the first image with the first mask.
fn add_latent_space(
    report: &mut EvaluationReport,
    plan: &Plan,
    method: &Method,
    (mask, seed): (MaskShape, u64),
) -> Result<()> {
    let corrupted = Evaluation::corrupted_images(mask, &plan.images, seed, 0..1)?;
    let mut watch = Watch(progress::bar("following the search", 0, Display::Terminal));
    let space = method.latent_space(&corrupted, &mut watch);
    watch.0.finish_and_clear();
    let space = space.context("the latent space")?;
    let Some(space) = space.filter(|_| !interrupt::requested()) else {
        return Ok(());
    };
    let of = format!(
        "{} for {} with {mask}",
        method.label(),
        plan.images.names()[0]
    );
    let config = TsneConfig::default();
    Ok(report.add_latent_space(&of, &space.samples, &space.path, &config)?)
}

/// The first images filled by a Context Encoder early in its training and as it is measured.
fn add_training(
    report: &mut EvaluationReport,
    plan: &Plan,
    run: &TrainedRun,
    (masks, seed): (&[MaskShape], u64),
) -> Result<()> {
    let name = run.path.display();
    let count = NUM_IMAGES.min(plan.images.count());
    // The masks that it was trained on, then those that it may cover.
    let (own, others): (Vec<MaskShape>, Vec<MaskShape>) =
        (masks.iter()).partition(|mask| run.measured.masks.contains(mask));
    let networks = [&run.early, &run.measured];
    let inpainters = networks.map(|model| ContextEncoderInpainter::new(&model.network));
    let [early, measured] = inpainters;
    let (early, measured) = (early?, measured?);
    for mask in own.into_iter().chain(others) {
        let corrupted = Evaluation::corrupted_images(mask, &plan.images, seed, 0..count)?;
        let (Ok(early), Ok(measured)) = (early.inpaint(&corrupted), measured.inpaint(&corrupted))
        else {
            continue;
        };
        let truth = plan
            .images
            .batch(&(0..count).collect::<Vec<_>>(), &Device::Cpu)?;
        let steps = networks.map(|model| model.card.steps);
        let decibels = [
            hole_psnr(&truth, &early, &corrupted)?,
            hole_psnr(&truth, &measured, &corrupted)?,
        ];
        let photo = strips(&truth, &corrupted, [&early, &measured], steps)?;
        let title = match plan.trained.as_slice() {
            [_] => "Context Encoder early and final".into(),
            _ => format!("Context Encoder early and final: {name}"),
        };
        let caption = format!(
            "{name} with {mask} at the oldest checkpoint that the run keeps, after {} steps, and as it is \
             measured, after {}. Mean PSNR in the hole of these {count} images: {:.2} and {:.2} dB.",
            steps[0], steps[1], decibels[0], decibels[1],
        );
        report.add_figure(title, caption, photo);
        return Ok(());
    }
    Ok(())
}

fn strips(
    truth: &ImageBatch,
    corrupted: &CorruptedImages,
    completed: [&ImageBatch; 2],
    steps: [u64; 2],
) -> Result<Photo> {
    let columns = [truth, corrupted.images(), completed[0], completed[1]].map(batch_to_photos);
    let columns = columns.into_iter().collect::<Result<Vec<_>, _>>()?;
    let row = |index: usize| columns.iter().map(|photos| &photos[index]).collect();
    let rows: Vec<Vec<&Photo>> = (0..truth.count()).map(row).collect();
    let [early, measured] = steps.map(|steps| format!("after {steps} steps"));
    let names = ["original", "corrupted", early.as_str(), measured.as_str()];
    Ok(draw_strips(&names, &rows)?)
}

/// The mean over the images.
fn hole_psnr(
    truth: &ImageBatch,
    completed: &ImageBatch,
    corrupted: &CorruptedImages,
) -> Result<f64> {
    let psnr = region_psnr(truth, completed, corrupted.mask(), Region::Hole)?;
    Ok(psnr.iter().sum::<f64>() / psnr.len() as f64)
}

/// Shows how far the search for a figure is, and passes on Ctrl-C.
struct Watch(ProgressBar);

impl SearchObserver for Watch {
    fn iterated(&mut self, progress: &SearchProgress) {
        self.0.set_length(progress.iterations as u64);
        self.0.set_position(progress.iteration as u64);
    }

    fn wants_stop(&mut self) -> bool {
        interrupt::requested()
    }
}
