//! `score`: how good a generator is, by its samples beside real images.

mod reconstruction;
mod report;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use semantic_inpaint::data::{ReadOptions, Split};
use semantic_inpaint::metrics::{ThumbnailSet, memorization};
use semantic_inpaint::{
    DcganModel, Device, DeviceChoice, Framing, ImageSet, ImageSource, Precision,
};

use super::prepare::read_set;
use crate::model_choice::ModelChoice;
use crate::output;
use crate::progress::{self, Display};
use crate::scoring::{Measured, RealImages, thumbnails};
use crate::status::Status;
use report::{MemorizationReport, Report};

/// Two halves of two images each.
const LEAST_IMAGES: usize = 4;

/// Score a model's samples against real images: sliced Wasserstein distance beside that of two halves
/// of the real images, near-duplicates, and copies of training images; with --reconstruct also how near
/// the generator comes to images that it never saw
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// celeba, dtd, pets, a model file or the folder of a run
    #[arg(long, default_value = "celeba", value_name = "NAME|FILE")]
    model: ModelChoice,
    /// Real images: a folder, an archive (.zip, .tar, .tar.gz) or a prepared set
    #[arg(long, value_name = "SPEC")]
    data: PathBuf,
    /// Images that the model was trained on, to look for copies of them; --data should then hold none
    /// of them [default: the train part of --data, against its validation part]
    #[arg(long, value_name = "SPEC")]
    training: Option<PathBuf>,
    /// How images become square: crop108, squash, center-crop or random-crops:COUNT (so many of each picture)
    /// [default: the model's]
    #[arg(long)]
    framing: Option<Framing>,
    /// Take only these classes of --data and --training, separated by commas: folders of images, or beginnings
    /// of their names
    #[arg(long, value_name = "CLASS,..", value_delimiter = ',')]
    classes: Vec<String>,
    /// Part of --data to compare with: all, train or validation
    #[arg(long, default_value_t)]
    split: Split,
    /// Samples to draw, and real images in each half; fewer where --data holds fewer than twice as
    /// many
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    samples: u32,
    /// Seed of latents, halves, patches and directions
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Search the latents of the first COUNT images of --data by name, nothing missing, and tell the
    /// PSNR of the generator's images: its representation ceiling; 0 is none
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    reconstruct: usize,
    /// Starting points per reconstructed image, of which the best is kept [default: 4]
    #[arg(long, requires = "reconstruct", value_name = "COUNT")]
    restarts: Option<usize>,
    /// Updates of each latent in the reconstruction [default: 500]
    #[arg(long, requires = "reconstruct", value_name = "COUNT")]
    iterations: Option<usize>,
    /// What the networks multiply in the reconstruction: f32, or bf16, which is faster on processors
    /// that have it and ends the search in f32
    #[arg(long, requires = "reconstruct", default_value_t)]
    precision: Precision,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value_t)]
    device: DeviceChoice,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    let device = arguments.device.open()?;
    let model = arguments.model.load(&device)?;
    let (count, reconstruction) = (arguments.reconstruct, reconstruction::settings(arguments)?);
    let read = |spec: &PathBuf, least: usize| -> Result<ImageSet> {
        let options = ReadOptions {
            min_images: least,
            classes: arguments.classes.clone(),
            ..ReadOptions::new(framing(arguments, &model), size_px(&model)?)
        };
        read_set(&ImageSource::open(spec)?, &options)
    };
    let data = read(&arguments.data, LEAST_IMAGES)?;
    let training = arguments
        .training
        .as_ref()
        .map(|spec| read(spec, 1))
        .transpose()?;

    let compared = data.split(arguments.split)?;
    let wanted = arguments.samples as usize;
    let real = real_images(&compared, wanted, arguments.seed)?;
    let samples = samples(&real, &model, arguments.seed, &device)?;

    let report = Report {
        model: arguments.model.to_string(),
        data: data.record().source.clone(),
        images: compared.count(),
        samples: real.count(),
        seed: arguments.seed,
        sliced_wasserstein: real.distance(&samples)?,
        sliced_wasserstein_of_halves: real.halves.clone(),
        duplicates: real.duplicates(&samples)?,
        memorization: copies(arguments, &data, training.as_ref(), &samples)?,
        reconstruction: (count > 0)
            .then(|| reconstruction::of_first(count, &compared, &model, reconstruction, &device))
            .transpose()?,
    };
    match arguments.json {
        true => output::json(&report)?,
        false => report.print()?,
    }
    let sets = training.iter().chain([&data]);
    let mut unreadable = sets.map(|set| set.record().unreadable.len());
    Ok(match unreadable.all(|count| count == 0) {
        true => Status::Done,
        false => Status::Skipped,
    })
}

/// As the user says, or as the model's card begins.
fn framing(arguments: &Arguments, model: &DcganModel) -> Framing {
    let of_card = || {
        let (name, _) = model.card.preprocessing.split_once(',')?;
        name.trim().parse().ok()
    };
    arguments
        .framing
        .or_else(of_card)
        .unwrap_or(Framing::CenterCrop)
}

fn size_px(model: &DcganModel) -> Result<usize> {
    let config = model.generator.config();
    if config.image_channels != 3 {
        bail!("the model draws gray images and data sets are RGB: score a model of 3 channels");
    }
    Ok(config.image_size_px)
}

/// As many samples as are compared, drawn under a progress bar.
fn samples(real: &RealImages, model: &DcganModel, seed: u64, device: &Device) -> Result<Measured> {
    let bar = progress::bar("drawing", real.count() as u64, Display::Terminal);
    let show = |drawn: usize| bar.set_position(drawn as u64);
    let samples = real.draw(&model.generator, seed, device, &show);
    bar.finish_and_clear();
    samples
}

fn real_images(set: &ImageSet, wanted: usize, seed: u64) -> Result<RealImages> {
    if set.count() < LEAST_IMAGES {
        bail!(
            "{}: {} images are too few to score with: give at least {LEAST_IMAGES}",
            set.record().source,
            set.count()
        );
    }
    let real = RealImages::new(set, wanted, seed)?;
    if real.count() < wanted {
        output::warn(format_args!(
            "{} holds {} images: comparing {} samples instead of {wanted}, as distances depend on \
             the number",
            set.record().source,
            set.count(),
            real.count()
        ));
    }
    Ok(real)
}

/// How near the samples are to training images, where some and some others are known.
fn copies(
    arguments: &Arguments,
    data: &ImageSet,
    training: Option<&ImageSet>,
    samples: &Measured,
) -> Result<Option<MemorizationReport>> {
    let (training, held_out) = match training {
        Some(training) => (training.clone(), data.split(arguments.split)?),
        // A set that was prepared from one part alone has no other.
        None => match (data.split(Split::Train), data.split(Split::Validation)) {
            (Ok(training), Ok(held_out)) => (training, held_out),
            _ => return Ok(None),
        },
    };
    let held_out = thumbnails(&held_out, samples.thumbnails.count())?;
    let training: ThumbnailSet = thumbnails(&training, training.count())?;
    Ok(Some(MemorizationReport {
        training_images: training.count(),
        held_out_images: held_out.count(),
        found: memorization(&samples.thumbnails, &held_out, &training)?,
    }))
}
