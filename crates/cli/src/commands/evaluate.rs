//! `evaluate`: methods beside each other on images that no model has seen.

mod figures;
pub(crate) mod images;
mod methods;
mod plan;
mod watch;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use semantic_inpaint::data::{Split, UnreadableImage};
use semantic_inpaint::metrics::{Error as MetricsError, PageSection};
use semantic_inpaint::tensor::describe_device;
use semantic_inpaint::{
    DeviceChoice, EvaluatedMethod, Evaluation, Framing, MaskShape, MethodName, Preset,
    PretrainedModel, Requirement,
};

use crate::method_choice::Given;
use crate::model_choice::ModelChoice;
use crate::progress::Display;
use crate::search_options::SearchOptions;
use crate::status::Status;
use crate::{interrupt, method_choice, output};
use plan::Plan;
use watch::Watch;

/// Unreadable images that a report names.
const NAMED: usize = 5;

/// Measure methods on images that no model has seen
///
/// Each method completes the same corrupted images and sees nothing of what their holes held. Every image is
/// scored with every mask; a search is blended both ways, and both are scored.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Images that no model has seen: a folder, an archive (.zip, .tar, .tar.gz) or a prepared set
    #[arg(long, value_name = "SPEC")]
    data: PathBuf,
    /// How images become square: crop108, squash, center-crop, or random-crops:COUNT (so many of each picture)
    /// [default: that of a prepared set, else the first network's, else center-crop]
    #[arg(long)]
    framing: Option<Framing>,
    /// Take only these classes, separated by commas: folders of images, or beginnings of their names
    #[arg(long, value_name = "CLASS,..", value_delimiter = ',')]
    classes: Vec<String>,
    /// Part of --data: all, train or validation, or the publisher's published-train, published-validation or
    /// published-test
    #[arg(long, default_value_t)]
    split: Split,
    /// Pass over the first COUNT images by name
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    skip: usize,
    /// Measure on COUNT images, the next by name [default: all]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// Share of the images that may be unreadable, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    max_unreadable: f64,
    /// Images that nearest-image and mean-image take from, none of them in --data: a folder, an archive or a
    /// prepared set
    #[arg(long, value_name = "SPEC")]
    training_set: Option<PathBuf>,
    /// Models of the search, separated by commas: celeba, dtd, pets, model files or folders of
    /// runs, all of one size [default: celeba]
    #[arg(long, value_name = "NAME|FILE,..", value_delimiter = ',')]
    models: Vec<ModelChoice>,
    /// Context Encoders, separated by commas: celeba (built in, for square:20), model files or folders of runs.
    /// Those of one hole each are one method, whose holes go to the first that was trained on it, else to the
    /// first that covers it; one that was trained on several holes is a method by itself
    #[arg(long, value_name = "NAME|FILE,..", value_delimiter = ',')]
    context_encoder: Vec<ModelChoice>,
    /// Holes, separated by commas: square:SIZE, circle:DIAMETER, blocks:WxH:COUNT,
    /// half:left|right|top|bottom|random, pixels:FRACTION, pattern:FRACTION, strokes
    #[arg(
        long,
        value_name = "SPEC,..",
        value_delimiter = ',',
        default_value = "square:10,square:20,square:30,circle:20,blocks:2x2:100,blocks:2x2:10"
    )]
    masks: Vec<MaskShape>,
    /// Methods, separated by commas [default: all whose needs are met (--training-set, --context-encoder) but
    /// auto, whose results are those of two others]
    #[arg(long, value_name = "NAME,..", value_delimiter = ',', value_parser = method_choice::parser())]
    methods: Vec<MethodName>,
    /// Searches with several presets beside each other, separated by commas, instead of --preset; those of
    /// the publications then search as published, without --latent-encoder
    #[arg(
        long,
        help_heading = SearchOptions::HEADING,
        value_name = "NAME,..",
        value_delimiter = ',',
        conflicts_with_all = ["preset", "start"]
    )]
    presets: Vec<Preset>,
    #[command(flatten)]
    search: SearchOptions,
    /// Seed of masks drawn at random, of the search's starting points, and of the methods that draw random
    /// numbers
    #[arg(long)]
    seed: Option<u64>,
    /// Where models run: auto, cpu, cuda or cuda:INDEX [default: auto]
    #[arg(long)]
    device: Option<DeviceChoice>,
    /// Folder of the report; what is done is kept there, and an evaluation that was stopped goes on
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Also write the report's tables into a page in Markdown, between its lines <!-- begin NAME --> and
    /// <!-- end NAME -->, NAME being the name of the report's folder
    #[arg(long, value_name = "FILE.md")]
    page: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    let device = arguments.device.unwrap_or_default().open()?;
    let section = arguments.section()?;
    let plan = Plan::new(arguments, &device)?;
    let images = &plan.images;
    output::make_folder(&arguments.out)?;
    interrupt::listen()?;
    let record = images.record();
    let num_unreadable = record.unreadable.len();
    let mut evaluation = Evaluation::new(record.source.clone())
        .with_note(format!("Networks ran on {}.", describe_device(&device)));
    if num_unreadable > 0 {
        evaluation = evaluation.with_note(unreadable_note(&record.unreadable));
    }
    for note in &plan.notes {
        evaluation = evaluation.with_note(note);
    }
    let methods = plan.methods.iter().map(|method| method as _);
    let methods: Vec<&dyn EvaluatedMethod> = methods.collect();
    let (masks, folder) = (&arguments.masks, &arguments.out);
    let seed = arguments.seed.unwrap_or_default();
    let mut watch = Watch::new(Display::Terminal);
    let report = evaluation.run(masks, &methods, images, seed, folder, &mut watch);
    watch.finish();
    let mut report = match report {
        Ok(report) => report,
        Err(MetricsError::EvaluationStopped) => return Ok(stopped()),
        Err(error) => return Err(error.into()),
    };
    figures::add(&mut report, &plan, arguments);
    if interrupt::requested() {
        return Ok(stopped());
    }
    report.write(folder)?;
    if let Some(section) = section {
        section.write(&report)?;
    }
    output::line(report.hole_psnr_table()?.trim_end())?;
    output::line(format_args!(
        "wrote {}",
        folder.join("report.html").display()
    ))?;
    let num_failures = report.failures.len();
    if num_failures > watch.num_failures() {
        let line =
            format!("{num_failures} completions failed, earlier ones among them: see report.md");
        output::note(line);
    }
    Ok(match (num_failures, num_unreadable) {
        (0, 0) => Status::Done,
        _ => Status::Skipped,
    })
}

/// Says how many images could not be read, and names the first.
fn unreadable_note(unreadable: &[UnreadableImage]) -> String {
    let names = unreadable
        .iter()
        .take(NAMED)
        .map(|image| image.name.as_str());
    let names = names.collect::<Vec<_>>().join(", ");
    match unreadable.len() {
        1 => format!("1 image is unreadable and left out: {names}."),
        count if count > NAMED => {
            format!("{count} images are unreadable and left out: {names} and others.")
        }
        count => format!("{count} images are unreadable and left out: {names}."),
    }
}

fn stopped() -> Status {
    output::note("stopped; the same command goes on from here");
    Status::Interrupted
}

impl Arguments {
    fn given(&self) -> Given {
        Given {
            training_set: self.training_set.is_some(),
            context_encoder: !self.context_encoder.is_empty(),
        }
    }

    /// The methods that are measured, in the order in which they were named.
    fn methods(&self) -> Result<Vec<MethodName>> {
        let given = self.given();
        if self.methods.is_empty() {
            // `auto` would search and fill once more what two of the others do.
            let all = MethodName::all().iter().copied();
            let others = all.filter(|&method| method != MethodName::Auto);
            return Ok(others
                .filter(|&method| given.check(method).is_ok())
                .collect());
        }
        for (place, &method) in self.methods.iter().enumerate() {
            if self.methods[..place].contains(&method) {
                bail!("--methods names {method} twice: name it once");
            }
            given.check(method)?;
        }
        Ok(self.methods.clone())
    }

    /// The models of the search, the built-in one unless others are named; none without a search.
    fn models(&self, methods: &[MethodName]) -> Vec<ModelChoice> {
        if !methods
            .iter()
            .any(|method| method.requirement() == Requirement::Model)
        {
            return Vec::new();
        }
        match self.models.as_slice() {
            [] => vec![ModelChoice::Pretrained(PretrainedModel::CelebA)],
            models => models.to_vec(),
        }
    }

    /// The presets of the searches, each once.
    fn presets(&self) -> Result<Vec<Preset>> {
        if self.presets.is_empty() {
            return Ok(vec![self.search.preset()]);
        }
        for (place, preset) in self.presets.iter().enumerate() {
            if self.presets[..place].contains(preset) {
                bail!("--presets names {preset} twice: name it once");
            }
        }
        Ok(self.presets.clone())
    }

    /// Where the tables go besides the report, found before anything is measured.
    fn section(&self) -> Result<Option<PageSection>> {
        let Some(page) = &self.page else {
            return Ok(None);
        };
        let name = self.out.file_name().and_then(|name| name.to_str());
        let name =
            name.context("--page needs a folder --out with a name: its section has that name")?;
        Ok(Some(PageSection::find(page, name)?))
    }

    /// Fails when an option was given that none of the methods makes use of.
    fn check_options(&self, methods: &[MethodName]) -> Result<()> {
        let one_needs = |what| methods.iter().any(|method| method.requirement() == what);
        let mut ignored = Vec::new();
        if self.training_set.is_some() && !one_needs(Requirement::TrainingSet) {
            ignored.push("--training-set");
        }
        if !self.context_encoder.is_empty() && !one_needs(Requirement::ContextEncoder) {
            ignored.push("--context-encoder");
        }
        let has_models = one_needs(Requirement::Model);
        if !self.models.is_empty() && !has_models {
            ignored.push("--models");
        }
        if self.device.is_some() && !has_models && !one_needs(Requirement::ContextEncoder) {
            ignored.push("--device");
        }
        if !has_models {
            ignored.extend((!self.presets.is_empty()).then_some("--presets"));
            ignored.extend(self.search.given());
        }
        if !ignored.is_empty() {
            let ignored = ignored.join(", ");
            bail!("no method that is measured makes use of {ignored}: leave out what they ignore");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
