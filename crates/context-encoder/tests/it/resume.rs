use std::collections::BTreeMap;

use semantic_inpaint_context_encoder::{ContextEncoder, ContextEncoderTraining, JointLoss};
use semantic_inpaint_nn::Network as _;
use semantic_inpaint_tensor::{Device, Error, ImageBatch, Rng};
use semantic_inpaint_train::{
    CheckpointScores, Event, History, Observer, Outcome, RunDirectory, Silent, StepReport,
    Trainer as _, train, train_with_score,
};

use crate::{Trainer, images, settings, small_with_mask, trainer};

const MASKS: [&str; 3] = ["square:12", "pixels:0.6", "half:random"];

/// The images of a step.
fn real(step: u64) -> Result<ImageBatch, Error> {
    let mut rng = Rng::from_seed_and_stream(77, step);
    ImageBatch::new(rng.uniform(-1.0, 1.0, (4, 3, 32, 32), &Device::Cpu)?)
}

fn run_in(folder: &tempfile::TempDir) -> RunDirectory {
    RunDirectory::create(&folder.path().join("run"), "", "{}").unwrap()
}

/// The bytes of every file of the last checkpoint.
fn last_checkpoint(run: &RunDirectory) -> BTreeMap<String, Vec<u8>> {
    testkit::files_in(&run.last_checkpoint().unwrap().1)
}

struct StopAfter(u64, u64);

impl Observer for StopAfter {
    fn stepped(&mut self, report: &StepReport) {
        self.1 = report.step;
    }

    fn sampled(&mut self, _step: u64, samples: &ImageBatch) {
        // Image, hole and completion of each of three.
        assert_eq!(samples.count(), 9);
    }

    fn wants_stop(&mut self) -> bool {
        self.0 == self.1
    }
}

fn assert_resumed_equals_whole(settings: &ContextEncoderTraining) {
    let start = || -> Trainer { trainer(small_with_mask(), settings.clone()) };
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (whole, parts) = (run_in(&whole), run_in(&parts));
    train(&mut start(), &real, &whole, &mut Silent).unwrap();
    let outcome = train(&mut start(), &real, &parts, &mut StopAfter(3, 0)).unwrap();
    assert_eq!(outcome, Outcome::Stopped);
    let mut resumed = start();
    let checkpoint = parts.last_checkpoint().unwrap().1;
    resumed
        .adversaries_mut()
        .restore_checkpoint(&checkpoint)
        .unwrap();
    assert_eq!(resumed.adversaries().steps(), 3);
    train(&mut resumed, &real, &parts, &mut StopAfter(0, 1)).unwrap();
    let (got, want) = (last_checkpoint(&parts), last_checkpoint(&whole));
    assert_eq!(
        got.keys().collect::<Vec<_>>(),
        want.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in got {
        assert!(bytes == want[&name], "{name}");
    }
}

#[test]
fn a_resumed_run_ends_with_the_same_bits() {
    assert_resumed_equals_whole(&settings(&MASKS));
}

#[test]
fn without_an_adversary_a_run_resumes_as_well_and_leaves_the_discriminator_alone() {
    let without = ContextEncoderTraining {
        loss: JointLoss {
            adversarial_weight: 0.0,
            ..JointLoss::default()
        },
        ..settings(&MASKS)
    };
    assert_resumed_equals_whole(&without);
    let mut trainer = trainer(small_with_mask(), without);
    let weights = |trainer: &Trainer| {
        let params = trainer.adversaries().discriminator().params();
        let first = params.tensor("block0.conv.weight").unwrap().flatten_all();
        first.unwrap().to_vec1::<f32>().unwrap()
    };
    let before = weights(&trainer);
    let report = trainer.step(&images(4, 32, 1)).unwrap();
    assert_eq!(weights(&trainer), before);
    assert_eq!(report.discriminator_loss, 0.0);
    assert_eq!(Some(report.generator_loss), report.reconstruction_loss);
}

#[test]
fn scores_see_the_averaged_network_and_the_log_has_the_reconstruction() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let mut trainer = trainer(small_with_mask(), settings(&MASKS));
    let mut score = |step: u64, network: &ContextEncoder| -> Result<CheckpointScores, Error> {
        assert_eq!(network.config(), &small_with_mask());
        Ok(CheckpointScores::from(if step == 4 { 1.0 } else { 2.0 }))
    };
    train_with_score(&mut trainer, &real, &run, &mut score, &mut Silent).unwrap();
    assert_eq!(run.best_checkpoint().unwrap().0, 4);
    let history = History::read(&run.events()).unwrap();
    let losses = &history.steps()["reconstruction_loss"];
    assert!(losses.iter().all(|(_, loss)| *loss > 0.0) && !losses.is_empty());
    let text = std::fs::read_to_string(run.events()).unwrap();
    let first: Event = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first, Event::Started { step: 0 });
}
