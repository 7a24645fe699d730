use std::path::Path;

use semantic_inpaint_dcgan::DcganConfig;
use semantic_inpaint_train::{Error, RunDirectory, Silent, TrainConfig, train};

use crate::{
    NETWORKS, Trainer, assert_same, real, run_in, settings, state_of, train_until, trainer,
    trainer_of,
};

/// A run with the checkpoints of steps 2, 4 and 5.
fn stopped_run(folder: &tempfile::TempDir) -> (RunDirectory, Trainer) {
    let run = run_in(folder);
    let mut trainer = trainer();
    train_until(&mut trainer, &run, 5);
    (run, trainer)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn restore_error(trainer: &mut Trainer, checkpoint: &Path) -> String {
    trainer
        .restore_checkpoint(checkpoint)
        .unwrap_err()
        .to_string()
}

#[test]
fn the_newest_checkpoints_are_kept_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    train(&mut trainer(), &real, &run, &mut Silent).unwrap();
    let checkpoints = run.path().join("checkpoints");
    let want = ["last", "step-000006", "step-000008", "step-000010"];
    assert_eq!(names(&checkpoints), want);
    let last = std::fs::read_to_string(checkpoints.join("last")).unwrap();
    assert_eq!(last.trim(), "step-000010");
    assert_eq!(
        names(&run.checkpoint(10)),
        [
            "adam_discriminator.safetensors",
            "adam_generator.safetensors",
            "averaged_generator.safetensors",
            "discriminator.safetensors",
            "generator.safetensors",
            "state.json",
        ]
    );
}

#[test]
fn a_checkpoint_just_written_is_kept_beside_one_of_a_later_step() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    trainer().save_checkpoint(&run.checkpoint(100)).unwrap();
    let settings = TrainConfig {
        keep_checkpoints: 1,
        ..settings()
    };
    let mut trainer = trainer_of(NETWORKS, settings);
    train_until(&mut trainer, &run, 4);
    let left = names(&run.path().join("checkpoints"));
    assert_eq!(left, ["last", "step-000004", "step-000100"]);
    let last = run.path().join("checkpoints/last");
    assert_eq!(std::fs::read_to_string(last).unwrap().trim(), "step-000004");
}

#[test]
fn a_half_written_checkpoint_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let (run, trainer) = stopped_run(&folder);
    let partial = run.path().join("checkpoints/.partial-abc");
    std::fs::create_dir(&partial).unwrap();
    std::fs::write(partial.join("generator.safetensors"), "half").unwrap();
    let (step, checkpoint) = run.last_checkpoint().unwrap();
    assert_eq!(step, 5);
    let mut restored = crate::trainer();
    restored.restore_checkpoint(&checkpoint).unwrap();
    assert_same(&state_of(&restored), &state_of(&trainer));
}

#[test]
fn a_run_without_checkpoint_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let error = run.last_checkpoint().unwrap_err();
    assert!(matches!(error, Error::NoCheckpoint { .. }), "{error}");
    assert!(matches!(
        RunDirectory::create(run.path(), "", "{}"),
        Err(Error::RunExists { .. })
    ));
    let absent = RunDirectory::open(&folder.path().join("absent")).unwrap_err();
    assert!(absent.to_string().contains("config.toml"), "{absent}");
}

#[test]
fn a_damaged_state_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = stopped_run(&folder);
    let path = run.checkpoint(5).join("state.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    for damaged in [
        String::new(),
        whole[..whole.len() / 2].to_owned(),
        whole.replace("\"step\": 5", "\"step\": -5"),
        whole.replace("\"format\": 1", "\"format\": 2"),
    ] {
        assert_ne!(damaged, whole);
        std::fs::write(&path, damaged).unwrap();
        let error = trainer()
            .restore_checkpoint(&run.checkpoint(5))
            .unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("step-000005/state.json"));
    }
    std::fs::remove_file(&path).unwrap();
    let message = restore_error(&mut trainer(), &run.checkpoint(5));
    assert!(message.contains("step-000005/state.json"), "{message}");
}

#[test]
fn truncated_or_missing_weights_are_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = stopped_run(&folder);
    for name in names(&run.checkpoint(5)) {
        if name == "state.json" {
            continue;
        }
        let path = run.checkpoint(5).join(&name);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 7]).unwrap();
        let message = restore_error(&mut trainer(), &run.checkpoint(5));
        assert!(message.contains(&name), "{message}");
        std::fs::remove_file(&path).unwrap();
        let message = restore_error(&mut trainer(), &run.checkpoint(5));
        assert!(message.contains(&name), "{message}");
        std::fs::write(&path, whole).unwrap();
    }
    trainer().restore_checkpoint(&run.checkpoint(5)).unwrap();
}

#[test]
fn a_failed_restore_leaves_the_trainer_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = stopped_run(&folder);
    let path = run.checkpoint(5).join("adam_discriminator.safetensors");
    std::fs::write(&path, "damaged").unwrap();
    let mut trainer = trainer();
    let before = state_of(&trainer);
    restore_error(&mut trainer, &run.checkpoint(5));
    assert_eq!(trainer.steps(), 0);
    assert_same(&state_of(&trainer), &before);
}

#[test]
fn another_seed_or_batch_size_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = stopped_run(&folder);
    let other_seed = TrainConfig {
        seed: 22,
        ..settings()
    };
    let other_batch = TrainConfig {
        batch_size: 8,
        ..settings()
    };
    for (settings, what) in [
        (other_seed, "seed 21, this run has 22"),
        (other_batch, "batch size 4, this run has 8"),
    ] {
        let mut trainer = trainer_of(NETWORKS, settings);
        let message = restore_error(&mut trainer, &run.checkpoint(5));
        assert!(message.contains(what), "{message}");
    }
}

#[test]
fn networks_of_another_width_are_refused_with_name_and_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = stopped_run(&folder);
    for (networks, shapes) in [
        (
            DcganConfig {
                generator_channels: 2,
                ..NETWORKS
            },
            ["[6, 8, 4, 4]", "[6, 16, 4, 4]"],
        ),
        (
            DcganConfig {
                discriminator_channels: 8,
                ..NETWORKS
            },
            ["[8, 3, 4, 4]", "[4, 3, 4, 4]"],
        ),
    ] {
        let mut trainer = trainer_of(networks, settings());
        let before = state_of(&trainer);
        let message = restore_error(&mut trainer, &run.checkpoint(5));
        assert!(message.contains("`block0.conv.weight`"), "{message}");
        assert!(
            shapes.iter().all(|shape| message.contains(shape)),
            "{message}"
        );
        assert_same(&state_of(&trainer), &before);
    }
}

#[test]
fn a_place_that_cannot_be_written_leaves_the_earlier_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (run, _) = stopped_run(&folder);
    let blocked = run.checkpoint(6);
    std::fs::write(&blocked, "in the way").unwrap();
    let mut resumed = trainer();
    let (step, checkpoint) = run.last_checkpoint().unwrap();
    assert_eq!(step, 5);
    resumed.restore_checkpoint(&checkpoint).unwrap();
    let error = train(&mut resumed, &real, &run, &mut Silent).unwrap_err();
    assert!(
        matches!(&error, Error::Io { path, .. } if *path == blocked),
        "{error}"
    );

    let (step, checkpoint) = run.last_checkpoint().unwrap();
    assert_eq!(step, 5);
    trainer().restore_checkpoint(&checkpoint).unwrap();
    let left = names(&run.path().join("checkpoints"));
    assert!(
        left.iter().all(|name| !name.starts_with(".partial")),
        "{left:?}"
    );
}

#[test]
fn a_checkpoint_can_be_written_again_over_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (run, mut trainer) = stopped_run(&folder);
    trainer.step(&real(5).unwrap()).unwrap();
    trainer.save_checkpoint(&run.checkpoint(5)).unwrap();
    let mut restored = crate::trainer();
    restored.restore_checkpoint(&run.checkpoint(5)).unwrap();
    assert_eq!(restored.steps(), 6);
    assert_same(&state_of(&restored), &state_of(&trainer));
    let left = names(&run.path().join("checkpoints"));
    assert_eq!(left, ["last", "step-000002", "step-000004", "step-000005"]);
}
