mod stored_model;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use semantic_inpaint::dcgan::import::{
    InferredShape, Network, infer_shape, names_network, read_state_dict, to_parameter_names,
};
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::nn::weight_file::StoredPrecision;
use semantic_inpaint::tensor::Tensor;
use semantic_inpaint::{DcganConfig, DcganModel, Device, LatentPrior, ModelCard};

use crate::output;
use crate::status::Status;
use stored_model::StoredModel;

/// Convert weights saved by PyTorch into a model file; nothing in them is executed
///
/// A model file of this program is taken as it is, without --latent-prior, to store it with --half or
/// another card.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// State dict of the generator (.pth or .safetensors), a checkpoint with both networks, or a model file of
    /// this program, that of an encoder too
    #[arg(long, value_name = "FILE")]
    generator: PathBuf,
    /// State dict of the discriminator; without one a search has no prior loss
    #[arg(long, value_name = "FILE")]
    discriminator: Option<PathBuf>,
    /// The latents that the generator was trained on: uniform on [-1, 1], normal (the PyTorch
    /// tutorial) or sphere; needed for all but model files
    #[arg(long)]
    latent_prior: Option<LatentPrior>,
    /// Where to write the model
    #[arg(long, value_name = "MODEL.safetensors")]
    out: PathBuf,
    /// What the training images were, for the model card
    #[arg(long, value_name = "TEXT")]
    dataset: Option<String>,
    /// Terms under which the weights may be used, for the model card
    #[arg(long, value_name = "TEXT")]
    licence: Option<String>,
    /// Store 16-bit floats: half the size, and images that differ by less than a level in 256
    #[arg(long)]
    half: bool,
}

struct Weights {
    tensors: BTreeMap<String, Tensor>,
    shape: InferredShape,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    output::check_writable(&arguments.out)?;
    let inputs = [Some(&arguments.generator), arguments.discriminator.as_ref()];
    for input in inputs.into_iter().flatten() {
        if !input.is_file() {
            bail!("{}: no such file: check the path", input.display());
        }
        output::check_not_input(&arguments.out, input)?;
    }
    let model = model(arguments)?;
    let precision = match arguments.half {
        true => StoredPrecision::F16,
        false => StoredPrecision::F32,
    };
    model.save(&arguments.out, precision)?;
    let (path, what) = (arguments.out.display(), model.describe());
    output::line(format_args!("wrote {path}: {what}"))?;
    Ok(Status::Done)
}

fn model(arguments: &Arguments) -> Result<StoredModel> {
    let mut model = match (arguments.latent_prior, arguments.discriminator.as_ref()) {
        (Some(prior), discriminator) => {
            StoredModel::Dcgan(of_state_dicts(&arguments.generator, discriminator, prior)?)
        }
        (None, None) => StoredModel::load(&arguments.generator)?,
        (None, Some(_)) => bail!("no --latent-prior: say what the generator was trained on"),
    };
    let card = model.card_mut();
    for (target, given) in [
        (&mut card.dataset, &arguments.dataset),
        (&mut card.licence, &arguments.licence),
    ] {
        if let Some(text) = given {
            target.clone_from(text);
        }
    }
    Ok(model)
}

fn of_state_dicts(
    generator: &Path,
    discriminator: Option<&PathBuf>,
    latent_prior: LatentPrior,
) -> Result<DcganModel> {
    let weights = read(generator, Network::Generator)?;
    let discriminator = match discriminator {
        Some(path) => Some(read(path, Network::Discriminator)?),
        None => read_second(generator)?,
    };
    let config = config(&weights.shape, discriminator.as_ref(), latent_prior)?;
    let cpu = &Device::Cpu;
    let discriminator = discriminator
        .map(|weights| DcganDiscriminator::from_tensors(config, &weights.tensors, cpu));
    Ok(DcganModel {
        generator: DcganGenerator::from_tensors(config, &weights.tensors, cpu)?,
        discriminator: discriminator.transpose()?,
        card: ModelCard::default(),
    })
}

fn read(path: &Path, network: Network) -> Result<Weights> {
    named(read_state_dict(path)?, network).with_context(|| path.display().to_string())
}

fn named(state: BTreeMap<String, Tensor>, network: Network) -> Result<Weights> {
    let tensors = to_parameter_names(state, network)?;
    let shape = infer_shape(&tensors, network)?;
    Ok(Weights { tensors, shape })
}

/// The discriminator of a file that holds both networks under names that tell them apart.
fn read_second(path: &Path) -> Result<Option<Weights>> {
    let state = read_state_dict(path)?;
    if names_network(&state, Network::Discriminator) {
        let weights = named(state, Network::Discriminator);
        return weights
            .map(Some)
            .with_context(|| path.display().to_string());
    }
    Ok(None)
}

fn config(
    generator: &InferredShape,
    discriminator: Option<&Weights>,
    latent_prior: LatentPrior,
) -> Result<DcganConfig> {
    let judged = discriminator.map_or(generator, |weights| &weights.shape);
    let sizes = |shape: &InferredShape| (shape.channels, shape.image_size_px);
    if sizes(generator) != sizes(judged) {
        bail!(
            "the generator makes images of {}x{}x{}, the discriminator judges {}x{}x{}: import \
             networks that were trained together",
            generator.channels,
            generator.image_size_px,
            generator.image_size_px,
            judged.channels,
            judged.image_size_px,
            judged.image_size_px
        );
    }
    let latent_len = generator
        .latent_len
        .context("the generator's latent length cannot be told from its weights")?;
    Ok(DcganConfig {
        latent_len,
        generator_channels: generator.base_channels,
        discriminator_channels: judged.base_channels,
        image_size_px: generator.image_size_px,
        image_channels: generator.channels,
        latent_prior,
        ..DcganConfig::default()
    })
}
