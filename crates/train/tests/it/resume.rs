use semantic_inpaint_train::{Outcome, RunDirectory, Silent, TrainConfig, train};

use crate::{StopAfter, assert_same, real, run_in, settings, state_of, train_until, trainer};

#[test]
fn five_steps_a_restored_checkpoint_and_five_steps_equal_ten() {
    let mut whole = trainer();
    let mut first = trainer();
    for step in 0..10 {
        whole.step(&real(step).unwrap()).unwrap();
    }
    for step in 0..5 {
        first.step(&real(step).unwrap()).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    first.save_checkpoint(&checkpoint).unwrap();
    let mut second = trainer();
    second.restore_checkpoint(&checkpoint).unwrap();
    assert_eq!(second.steps(), 5);
    assert_same(&state_of(&second), &state_of(&first));
    for step in 5..10 {
        second.step(&real(step).unwrap()).unwrap();
    }
    assert_same(&state_of(&second), &state_of(&whole));
    assert_eq!(second.steps(), whole.steps());
}

#[test]
fn a_stopped_and_resumed_run_ends_where_a_whole_one_does() {
    let (whole_folder, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut whole = trainer();
    let outcome = train(&mut whole, &real, &run_in(&whole_folder), &mut Silent).unwrap();
    assert_eq!(outcome, Outcome::Finished);

    let run = run_in(&folder);
    let mut first = trainer();
    let outcome = train(&mut first, &real, &run, &mut StopAfter::step(5)).unwrap();
    assert_eq!((outcome, first.steps()), (Outcome::Stopped, 5));

    let run = RunDirectory::open(run.path()).unwrap();
    let (step, checkpoint) = run.last_checkpoint().unwrap();
    assert_eq!(step, 5);
    let mut second = trainer();
    second.restore_checkpoint(&checkpoint).unwrap();
    let outcome = train(&mut second, &real, &run, &mut Silent).unwrap();
    assert_eq!((outcome, second.steps()), (Outcome::Finished, 10));
    assert_same(&state_of(&second), &state_of(&whole));
    let samples = |trainer: &crate::Trainer| trainer.samples().unwrap().to_values().unwrap();
    assert_eq!(samples(&second), samples(&whole));
}

#[test]
fn a_finished_run_goes_on_when_it_is_given_more_steps() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let short = TrainConfig {
        steps: 4,
        ..settings()
    };
    let mut first = crate::trainer_of(crate::NETWORKS, short);
    train(&mut first, &real, &run, &mut Silent).unwrap();
    assert_eq!(run.last_checkpoint().unwrap().0, 4);
    let mut second = trainer();
    second
        .restore_checkpoint(&run.last_checkpoint().unwrap().1)
        .unwrap();
    let observer = train_until(&mut second, &run, 10);
    assert_eq!(observer.stepped, (5..=10).collect::<Vec<_>>());
}

#[test]
fn the_observer_hears_of_steps_samples_and_checkpoints_in_their_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = trainer();
    let observer = train_until(&mut trainer, &run_in(&folder), 9);
    assert_eq!(observer.stepped, (1..=9).collect::<Vec<_>>());
    assert_eq!(observer.sampled, [0, 4, 8, 9]);
    assert_eq!(observer.saved, [2, 4, 6, 8, 9]);
}
