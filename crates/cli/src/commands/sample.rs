use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use semantic_inpaint::data::{ContactSheet, batch_to_photos};
use semantic_inpaint::dcgan::DcganGenerator;
use semantic_inpaint::nn::{Generator as _, Mode};
use semantic_inpaint::{Device, DeviceChoice, Photo, Rng};

use crate::model_choice::ModelChoice;
use crate::output;
use crate::status::Status;

const BATCH_LEN: usize = 64;

/// Draw images from a model
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// celeba, dtd, pets, a model file or the folder of a run
    #[arg(long, default_value = "celeba", value_name = "NAME|FILE")]
    model: ModelChoice,
    /// Number of images
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    count: u16,
    /// Seed of the latents
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Images in a row of the grid
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    columns: u16,
    /// Where to write the grid
    #[arg(long, default_value = "samples.png", value_name = "FILE")]
    out: PathBuf,
    /// Also write each image on its own into this folder
    #[arg(long, value_name = "DIR")]
    each: Option<PathBuf>,
    /// auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value_t)]
    device: DeviceChoice,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    output::check_writable(&arguments.out)?;
    if let ModelChoice::File(path) = &arguments.model {
        output::check_not_input(&arguments.out, path)?;
    }
    let device = arguments.device.open()?;
    let model = arguments.model.load(&device)?;
    let mut rng = Rng::from_seed(arguments.seed);
    let photos = photos(&model.generator, arguments.count.into(), &mut rng, &device)?;
    let sheet = ContactSheet {
        num_columns: arguments.columns.into(),
        ..ContactSheet::default()
    };
    sheet.render(&photos)?.save(&arguments.out)?;
    output::line(format_args!(
        "wrote {} ({} images)",
        arguments.out.display(),
        photos.len()
    ))?;
    if let Some(folder) = &arguments.each {
        write_each(&photos, folder)?;
    }
    Ok(Status::Done)
}

fn write_each(photos: &[Photo], folder: &Path) -> Result<()> {
    output::make_folder(folder)?;
    for (index, photo) in photos.iter().enumerate() {
        photo.save(folder.join(format!("sample-{index:04}.png")))?;
    }
    output::line(format_args!("wrote {}", folder.display()))
}

/// Images from latents that `rng` draws.
pub(crate) fn photos(
    generator: &DcganGenerator,
    count: usize,
    rng: &mut Rng,
    device: &Device,
) -> Result<Vec<Photo>> {
    let mut photos = Vec::with_capacity(count);
    while photos.len() < count {
        let batch_len = BATCH_LEN.min(count - photos.len());
        let prior = generator.latent_prior();
        let latent = prior.sample(batch_len, generator.latent_len(), rng, device)?;
        photos.extend(batch_to_photos(&generator.forward(&latent, Mode::Eval)?)?);
    }
    Ok(photos)
}
