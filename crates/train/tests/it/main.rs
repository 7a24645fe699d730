//! Training as its users see it: PyTorch's numbers, exact resume, what a run leaves on disk.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

mod best;
mod checkpoints;
#[cfg(feature = "curves")]
mod curves;
mod event_log;
mod golden_objectives;
mod golden_steps;
mod options;
mod resume;
mod settings;
mod stability;
#[cfg(feature = "tensorboard")]
mod tensorboard;
mod toy;
mod trainer;

use std::collections::BTreeMap;

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_nn::Network;
use semantic_inpaint_nn::weight_file;
use semantic_inpaint_tensor::{Device, ImageBatch, Rng, Tensor};
use semantic_inpaint_train::{GanTrainer, Observer, RunDirectory, StepReport, TrainConfig, train};

type Trainer = GanTrainer<DcganGenerator, DcganDiscriminator>;
/// Bits of every tensor by name.
type Bits = BTreeMap<String, Vec<u32>>;

const NETWORKS: DcganConfig = DcganConfig {
    latent_len: 6,
    generator_channels: 4,
    discriminator_channels: 4,
    image_size_px: 32,
    image_channels: 3,
    latent_prior: semantic_inpaint_tensor::LatentPrior::Uniform,
    discriminator_norm: semantic_inpaint_dcgan::DiscriminatorNorm::Batch,
};

fn settings() -> TrainConfig {
    TrainConfig {
        steps: 10,
        batch_size: 4,
        seed: 21,
        sample_count: 3,
        sample_every: 4,
        checkpoint_every: 2,
        keep_checkpoints: 3,
        log_every: 1,
        ..TrainConfig::default()
    }
}

fn trainer_of(networks: DcganConfig, settings: TrainConfig) -> Trainer {
    let mut rng = Rng::from_seed(5);
    let generator = DcganGenerator::initialize(networks, &mut rng, &Device::Cpu).unwrap();
    let discriminator = DcganDiscriminator::initialize(networks, &mut rng, &Device::Cpu).unwrap();
    GanTrainer::new(generator, discriminator, settings).unwrap()
}

fn trainer() -> Trainer {
    trainer_of(NETWORKS, settings())
}

/// The real images of a step: other ones at every step, the same at every call.
fn real(step: u64) -> Result<ImageBatch, semantic_inpaint_tensor::Error> {
    let mut rng = Rng::from_seed_and_stream(77, step);
    ImageBatch::new(rng.uniform(-1.0, 1.0, (4, 3, 32, 32), &Device::Cpu)?)
}

fn run_in(folder: &tempfile::TempDir) -> RunDirectory {
    RunDirectory::create(&folder.path().join("run"), "", "{}").unwrap()
}

/// Everything that a trainer keeps, by way of its checkpoint files.
fn state_of(trainer: &Trainer) -> Bits {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    trainer.save_checkpoint(&checkpoint).unwrap();
    let mut all = Bits::new();
    for file in [
        "generator",
        "discriminator",
        "averaged_generator",
        "adam_generator",
        "adam_discriminator",
    ] {
        let path = checkpoint.join(format!("{file}.safetensors"));
        let tensors = weight_file::load(&path).unwrap().tensors;
        assert!(!tensors.is_empty());
        all.extend(bits(&tensors).into_iter().map(|(name, bits)| {
            let name = format!("{file}: {name}");
            (name, bits)
        }));
    }
    all
}

fn bits(tensors: &BTreeMap<String, Tensor>) -> Bits {
    let bits = |tensor: &Tensor| -> Vec<u32> {
        let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
        values.into_iter().map(f32::to_bits).collect()
    };
    tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), bits(tensor)))
        .collect()
}

fn weights(network: &impl Network) -> BTreeMap<String, Tensor> {
    network.params().to_tensors().unwrap()
}

/// Names the first tensor whose bits differ.
fn assert_same(got: &Bits, want: &Bits) {
    assert_eq!(
        got.keys().collect::<Vec<_>>(),
        want.keys().collect::<Vec<_>>()
    );
    for (name, bits) in got {
        assert!(*bits == want[name], "{name}");
    }
}

/// Stops after a step, and counts what it is told.
#[derive(Debug, Default)]
struct StopAfter {
    last: u64,
    stepped: Vec<u64>,
    sampled: Vec<u64>,
    saved: Vec<u64>,
}

impl StopAfter {
    fn step(last: u64) -> Self {
        Self {
            last,
            ..Self::default()
        }
    }
}

impl Observer for StopAfter {
    fn stepped(&mut self, report: &StepReport) {
        self.stepped.push(report.step);
    }

    fn sampled(&mut self, step: u64, samples: &ImageBatch) {
        assert_eq!(samples.count(), 3);
        self.sampled.push(step);
    }

    fn saved(&mut self, step: u64, folder: &std::path::Path) {
        assert!(folder.join("state.json").is_file());
        self.saved.push(step);
    }

    fn wants_stop(&mut self) -> bool {
        self.stepped.last() == Some(&self.last)
    }
}

/// Trains up to and including a step.
fn train_until(trainer: &mut Trainer, run: &RunDirectory, last: u64) -> StopAfter {
    let mut observer = StopAfter::step(last);
    train(trainer, &real, run, &mut observer).unwrap();
    observer
}
