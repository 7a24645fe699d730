use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use semantic_inpaint_data::{ContactSheet, Flip, ImageSet, ShuffledBatches, batch_to_photos};
use semantic_inpaint_dcgan::{
    DcganConfig, DcganDiscriminator, DcganGenerator, DcganModel, ModelCard,
};
use semantic_inpaint_nn::weight_file::StoredPrecision;
use semantic_inpaint_pretrained::PretrainedModel;
use semantic_inpaint_tensor::{Device, ImageBatch, Rng};
use semantic_inpaint_train::{GanTrainer, Observer, RunDirectory, StepReport, TrainConfig, train};

use crate::arguments::Arguments;
use crate::{FRAMING, SEED};

/// Height and width of the model's images.
pub(crate) const SIZE_PX: usize = 64;

type Trainer = GanTrainer<DcganGenerator, DcganDiscriminator>;

/// The embedded model, or the one that is trained into `OUT/run`.
pub(crate) fn obtain(
    arguments: &Arguments,
    training_set: Option<&ImageSet>,
    device: &Device,
) -> Result<DcganModel> {
    if let Some(steps) = arguments.train {
        let set = training_set.context("--train needs --training-set")?;
        let trainer = trained(set, steps, &arguments.out.join("run"), device)?;
        let model = DcganModel {
            generator: trainer.averaged_generator().clone(),
            discriminator: Some(trainer.discriminator().clone()),
            card: card(set, steps),
        };
        let path = arguments.out.join("model.safetensors");
        model.save(&path, StoredPrecision::F16)?;
        return Ok(model);
    }
    let model = PretrainedModel::CelebA.load(device)?;
    let size_px = model.generator.config().image_size_px;
    ensure!(
        size_px == SIZE_PX,
        "the embedded model's images have {size_px} px, not {SIZE_PX}"
    );
    Ok(model)
}

/// A trainer that has made `steps` steps, from where an earlier run in `folder` ended.
fn trained(set: &ImageSet, steps: u64, folder: &Path, device: &Device) -> Result<Trainer> {
    let config = TrainConfig {
        steps,
        seed: SEED,
        ..TrainConfig::default()
    };
    let batches = ShuffledBatches::new(set.clone(), config.batch_size, SEED, Flip::Horizontal)?;
    let (rng, networks) = (&mut Rng::from_seed(SEED), DcganConfig::default());
    let generator = DcganGenerator::initialize(networks, rng, device)?;
    let discriminator = DcganDiscriminator::initialize(networks, rng, device)?;
    let settings = toml::to_string(&config)?;
    let mut trainer = GanTrainer::new(generator, discriminator, config)?;
    let run = if folder.exists() {
        let run = RunDirectory::open(folder)?;
        trainer.restore_checkpoint(&run.last_checkpoint()?.1)?;
        run
    } else {
        RunDirectory::create(folder, &settings, "{}")?
    };
    let mut watch = Watch {
        run: run.clone(),
        started: Instant::now(),
        first_step: trainer.steps(),
        steps,
    };
    let source = |step: u64| batches.batch(step, device);
    train(&mut trainer, &source, &run, &mut watch)?;
    Ok(trainer)
}

fn card(set: &ImageSet, steps: u64) -> ModelCard {
    ModelCard {
        dataset: format!("{} images of {}", set.count(), set.record().source),
        preprocessing: format!("{FRAMING}, {SIZE_PX}x{SIZE_PX} px"),
        steps,
        licence: "the terms of the training images".into(),
        ..ModelCard::default()
    }
}

/// Prints a line now and then and saves the samples of the fixed latents.
struct Watch {
    run: RunDirectory,
    started: Instant,
    first_step: u64,
    steps: u64,
}

impl Observer for Watch {
    fn stepped(&mut self, report: &StepReport) {
        if !report.step.is_multiple_of(50) {
            return;
        }
        let per_step =
            self.started.elapsed().as_secs_f64() / (report.step - self.first_step) as f64;
        eprintln!(
            "step {} of {}: discriminator {:.3}, generator {:.3}; {:.0} min left",
            report.step,
            self.steps,
            report.discriminator_loss,
            report.generator_loss,
            per_step * (self.steps - report.step) as f64 / 60.0
        );
    }

    fn sampled(&mut self, step: u64, samples: &ImageBatch) {
        let sheet = batch_to_photos(samples)
            .and_then(|photos| ContactSheet::default().render(&photos))
            .and_then(|sheet| sheet.save(self.run.sample_file(step)));
        if let Err(error) = sheet {
            eprintln!("samples of step {step} were not saved: {error}");
        }
    }
}
