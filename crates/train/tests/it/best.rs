use std::path::Path;

use semantic_inpaint_dcgan::DcganGenerator;
use semantic_inpaint_train::{
    Error, Event, RunDirectory, Silent, TrainConfig, train, train_with_score,
};

use crate::{NETWORKS, StopAfter, Trainer, real, run_in, settings, trainer_of};

fn trainer() -> Trainer {
    let config = TrainConfig {
        keep_checkpoints: 2,
        checkpoint_every: 2,
        ..settings()
    };
    trainer_of(NETWORKS, config)
}

/// A score that is lowest at step 4, then at step 6.
fn score(step: u64, _generator: &DcganGenerator) -> Result<f64, Error> {
    Ok(match step {
        2 => f64::NAN,
        4 => -1.0,
        6 => 0.5,
        _ => 3.0,
    })
}

fn checkpoints(run: &RunDirectory) -> Vec<String> {
    let folder = run.path().join("checkpoints");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

#[test]
fn the_best_checkpoint_is_kept_beside_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    train_with_score(&mut trainer(), &real, &run, &mut score, &mut Silent).unwrap();
    let want = ["best", "last", "step-000004", "step-000008", "step-000010"];
    assert_eq!(checkpoints(&run), want);
    assert_eq!(run.best_checkpoint().unwrap(), (4, run.checkpoint(4)));
    assert_eq!(run.oldest_checkpoint().unwrap(), (4, run.checkpoint(4)));
    assert_eq!(text(&run.path().join("checkpoints/best")), "step-000004");
    let mut best = trainer();
    best.restore_checkpoint(&run.best_checkpoint().unwrap().1)
        .unwrap();
    assert_eq!(best.steps(), 4);
    let log = std::fs::read_to_string(run.events()).unwrap();
    let scored = |step, score| {
        let event = serde_json::to_string(&Event::Checkpoint { step, score }).unwrap();
        log.lines().any(|line| line == event)
    };
    assert!(scored(4, Some(-1.0)) && scored(2, None), "{log}");
}

#[test]
fn a_stopped_run_keeps_what_a_whole_one_keeps() {
    for last in 1..10 {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(&folder);
        let mut observer = StopAfter::step(last);
        train_with_score(&mut trainer(), &real, &run, &mut score, &mut observer).unwrap();
        let mut second = trainer();
        let (step, checkpoint) = run.last_checkpoint().unwrap();
        assert_eq!(step, last);
        second.restore_checkpoint(&checkpoint).unwrap();
        train_with_score(&mut second, &real, &run, &mut score, &mut Silent).unwrap();
        assert_eq!(run.best_checkpoint().unwrap().0, 4, "stopped after {last}");
        assert_eq!(run.last_checkpoint().unwrap().0, 10);
    }
}

#[test]
fn a_run_without_scores_has_no_best() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    train(&mut trainer(), &real, &run, &mut Silent).unwrap();
    assert_eq!(checkpoints(&run), ["last", "step-000008", "step-000010"]);
    assert_eq!(run.oldest_checkpoint().unwrap().0, 8);
    assert!(matches!(
        run.best_checkpoint(),
        Err(Error::NoCheckpoint { .. })
    ));
}

#[test]
fn a_failing_score_is_named_with_its_step() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let mut score = |step: u64, _generator: &DcganGenerator| match step {
        4 => Err(std::io::Error::other("out of images")),
        _ => Ok(1.0),
    };
    let error = train_with_score(&mut trainer(), &real, &run, &mut score, &mut Silent).unwrap_err();
    assert!(matches!(error, Error::Score { step: 4, .. }), "{error}");
    assert!(error.to_string().contains("out of images"));
    assert_eq!(run.last_checkpoint().unwrap().0, 2);
}
