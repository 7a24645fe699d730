//! `calibrate`: what PSNR to expect of a search's fills, learned from images whose truth is known.

mod judgment;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use indicatif::ProgressBar;
use semantic_inpaint::data::{ReadOptions, Split};
use semantic_inpaint::{
    CalibrationSample, Device, DeviceChoice, Evaluation, Framing, ImageSet, MaskShape, Method,
    MethodContext, MethodName, SearchCalibration, SearchObserver, SearchProgress,
};

use crate::commands::evaluate::images::MeasuredImages;
use crate::model_choice::ModelChoice;
use crate::progress::{self, Display};
use crate::search_options::SearchOptions;
use crate::status::Status;
use crate::{interrupt, output};
use judgment::Judgment;

/// Images that are searched together.
const BATCH_LEN: usize = 50;

/// Learn what error to expect of a search's fills, for `inpaint` and `evaluate`
///
/// Images whose truth is known are filled with each mask. What the searches see (how well the known pixels round
/// the hole are met, where restarts disagree, how deep the hole is) is fitted to the PSNR in the holes. The result
/// is for this model, with this encoder, and these settings alone; how well it predicts is told from halves of
/// the images, each predicted by a calibration of the other.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Images that no model has seen: a folder, an archive (.zip, .tar, .tar.gz) or a prepared set
    #[arg(long, value_name = "SPEC")]
    data: PathBuf,
    /// How images become square: crop108, squash or center-crop [default: that of a prepared set, or
    /// center-crop]
    #[arg(long)]
    framing: Option<Framing>,
    /// Part of --data: all, train or validation, or the publisher's published-train, published-validation or
    /// published-test
    #[arg(long, default_value_t)]
    split: Split,
    /// Pass over the first COUNT images by name
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    skip: usize,
    /// Take COUNT images, the next by name
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Holes, separated by commas, as for evaluate; photos' holes should be as deep as some of them
    #[arg(
        long,
        value_name = "SPEC,..",
        value_delimiter = ',',
        default_value = "square:10,square:20,square:30,circle:20,blocks:2x2:100"
    )]
    masks: Vec<MaskShape>,
    /// celeba (built in), dtd, pets, a model file or the folder of a run
    #[arg(long, default_value = "celeba", value_name = "NAME|FILE")]
    model: ModelChoice,
    #[command(flatten)]
    search: SearchOptions,
    /// Seed of masks drawn at random and of the search's starting points
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the model runs: auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The file of calibrations; one for the same model and settings is replaced, others are kept
    #[arg(long, default_value = "calibrations.json", value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    output::check_writable(&arguments.out)?;
    let mut all = match arguments.out.exists() {
        true => SearchCalibration::read(&arguments.out)?,
        false => Vec::new(),
    };
    let method = arguments.method()?;
    let images = arguments.images(&method)?;
    interrupt::listen()?;
    let Some(samples) = arguments.samples(&method, &images)? else {
        output::note("stopped; nothing is written");
        return Ok(Status::Interrupted);
    };
    let judgment = Judgment::of_halves(&samples)?;
    for (mask, judged) in arguments.masks.iter().zip(judgment.masks()) {
        output::line(format_args!("{mask}: {judged}"))?;
    }
    let whole = judgment.whole();
    output::line(format_args!("all: {whole}"))?;
    let provenance = arguments.provenance(&images, &whole);
    let calibration = method.calibrate(&samples.concat(), provenance)?;
    all.retain(|other| {
        !(other.weights == calibration.weights && other.is_for(&calibration.search))
    });
    all.push(calibration);
    SearchCalibration::write(&arguments.out, &all)?;
    output::line(format_args!("wrote {}", arguments.out.display()))?;
    Ok(Status::Done)
}

impl Arguments {
    fn method(&self) -> Result<Method> {
        let model = self.model.load(&Device::Cpu)?;
        let encoder = self
            .search
            .encoder(self.search.preset(), &self.model)
            .load()?;
        let name = self.model.to_string();
        Ok(Method::build(
            MethodName::Latent,
            &MethodContext {
                model: Some(&model),
                model_name: &name,
                latent_encoder: encoder.as_ref(),
                search: (self.search).config(
                    self.search.preset(),
                    encoder.as_ref(),
                    Some(self.seed),
                )?,
                device: self.device.open()?,
                ..MethodContext::default()
            },
        )?)
    }

    fn images(&self, method: &Method) -> Result<ImageSet> {
        let measured = MeasuredImages::open(&self.data)?;
        let framing = self.framing.or_else(|| measured.framing());
        let size_px = method
            .model()
            .map(|model| model.generator.config().image_size_px);
        let options = ReadOptions {
            split: self.split,
            ..ReadOptions::new(
                framing.unwrap_or(Framing::CenterCrop),
                size_px.context("the method has no model")?,
            )
        };
        measured.read_some(options, self.skip, Some(self.count as usize))
    }

    /// The fills of all images with each mask; `None` when they were stopped.
    fn samples(
        &self,
        method: &Method,
        images: &ImageSet,
    ) -> Result<Option<Vec<Vec<CalibrationSample>>>> {
        let bar = progress::bar("searching", 0, Display::Terminal);
        let mut watch = Watch(bar);
        let mut samples = Vec::new();
        for &mask in &self.masks {
            let mut of_mask = Vec::with_capacity(images.count());
            for start in (0..images.count()).step_by(BATCH_LEN) {
                let range = start..(start + BATCH_LEN).min(images.count());
                watch
                    .0
                    .set_message(format!("{mask}, images {} on", start + 1));
                let corrupted =
                    Evaluation::corrupted_images(mask, images, self.seed, range.clone())?;
                let truth = images.batch(&range.collect::<Vec<_>>(), &Device::Cpu)?;
                of_mask.extend(method.calibration_samples(&truth, corrupted.mask(), &mut watch)?);
                if interrupt::requested() {
                    watch.0.finish_and_clear();
                    return Ok(None);
                }
            }
            samples.push(of_mask);
        }
        watch.0.finish_and_clear();
        Ok(Some(samples))
    }

    fn provenance(&self, images: &ImageSet, judgment: &judgment::Agreement) -> String {
        let masks: Vec<String> = self.masks.iter().map(ToString::to_string).collect();
        let record = images.record();
        format!(
            "{} images of {}, part {}, framing {}, {} px, from number {} by name; masks {}; seed {}; predicted in \
             halves: {judgment}",
            images.count(),
            record.source,
            record.split,
            record.framing,
            images.size_px(),
            self.skip + 1,
            masks.join(","),
            self.seed,
        )
    }
}

/// Shows how far a batch's search is, and passes on Ctrl-C.
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
