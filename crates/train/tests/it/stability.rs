use std::cell::Cell;
use std::path::Path;

use semantic_inpaint_nn::{Discriminator, Generator};
use semantic_inpaint_tensor::ImageBatch;
use semantic_inpaint_train::{
    BatchSource, Error, Event, Fault, GanTrainer, GradientPenalty, Observer, Outcome, Return,
    RunDirectory, Silent, StabilityConfig, StepReport, TrainConfig, train,
};

use crate::{NETWORKS, Trainer, real, run_in, settings, toy, trainer_of};

type Toy = GanTrainer<toy::Gain, toy::Grayness>;

/// Notes faults and returns, and stops after a number of steps made.
#[derive(Debug, Default)]
struct Notes {
    stop_after: Option<u64>,
    made: u64,
    faults: Vec<(u64, Fault)>,
    returns: Vec<Return>,
}

impl Observer for Notes {
    fn stepped(&mut self, _report: &StepReport) {
        self.made += 1;
    }

    fn faulted(&mut self, step: u64, fault: &Fault) {
        self.faults.push((step, *fault));
    }

    fn returned(&mut self, returned: &Return) {
        self.returns.push(*returned);
    }

    fn wants_stop(&mut self) -> bool {
        self.stop_after == Some(self.made)
    }
}

fn events(run: &RunDirectory) -> Vec<Event> {
    let text = std::fs::read_to_string(run.events()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Everything in the newest checkpoint.
fn last_files(run: &RunDirectory) -> Vec<(String, Vec<u8>)> {
    let folder = run.last_checkpoint().unwrap().1;
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Training that falls to duplicates within 14 steps, and at a lower rate does not.
fn collapsing(max_returns: u64) -> TrainConfig {
    let mut config = TrainConfig {
        steps: 18,
        sample_count: 8,
        sample_every: 2,
        checkpoint_every: 5,
        keep_checkpoints: 1,
        stability: StabilityConfig {
            max_returns,
            rate_factor: 0.01,
            saturation_logit: 1e6,
            collapse_ratio: 0.5,
            collapse_after: 2,
            ..StabilityConfig::default()
        },
        ..settings()
    };
    config.generator.learning_rate = 0.05;
    config
}

#[test]
fn duplicate_samples_make_a_run_return_with_a_lower_rate() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let (mut trainer, mut notes) = (toy::trainer(collapsing(2)), Notes::default());
    let outcome = train(&mut trainer, &toy::real, &run, &mut notes).unwrap();
    assert_eq!((outcome, trainer.steps()), (Outcome::Finished, 18));
    let [returned] = notes.returns[..] else {
        panic!("{:?}", notes.returns)
    };
    let Fault::Collapsed {
        diversity,
        early_diversity,
    } = returned.fault
    else {
        panic!("{returned:?}")
    };
    assert!(diversity < 0.5 * early_diversity);
    assert!(returned.from % 2 == 0 && returned.to % 5 == 0 && returned.to < returned.from);
    assert_eq!((returned.returns, returned.rate_scale), (1, 0.01));
    assert_eq!(trainer.rate_scale(), 0.01);

    let events = events(&run);
    let logged = Event::Returned {
        step: returned.to,
        from: returned.from,
        fault: returned.fault,
        returns: 1,
        rate_scale: 0.01,
    };
    assert_eq!(events.iter().filter(|event| **event == logged).count(), 1);
    let steps = events.iter().filter_map(|event| match event {
        Event::Step { report, .. } => Some(report.step),
        _ => None,
    });
    assert_eq!(steps.collect::<Vec<_>>(), (1..=18).collect::<Vec<_>>());
}

#[test]
fn without_returns_faults_are_told_once_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let (mut watched, mut notes) = (toy::trainer(collapsing(0)), Notes::default());
    train(&mut watched, &toy::real, &run, &mut notes).unwrap();
    let [(step, fault @ Fault::Collapsed { .. })] = notes.faults[..] else {
        panic!("{:?}", notes.faults)
    };
    assert!(events(&run).contains(&Event::Faulty { step, fault }));
    let mut plain = toy::trainer(TrainConfig {
        stability: StabilityConfig::default(),
        ..collapsing(0)
    });
    for step in 0..18 {
        plain.step(&toy::real(step).unwrap()).unwrap();
    }
    let gain = |trainer: &Toy| crate::bits(&crate::weights(trainer.averaged_generator()));
    assert_eq!(gain(&watched), gain(&plain));
}

#[test]
fn a_run_that_keeps_failing_ends_with_an_error_that_tells_why() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let mut config = collapsing(2);
    config.stability.rate_factor = 0.99;
    let mut notes = Notes::default();
    let error = train(&mut toy::trainer(config), &toy::real, &run, &mut notes).unwrap_err();
    assert!(
        matches!(error, Error::Unstable { returns: 2, .. }),
        "{error}"
    );
    let message = error.to_string();
    assert!(
        message.contains("samples are alike") && message.contains("2 returns"),
        "{message}"
    );
    assert!(message.contains("lower learning rate"), "{message}");
    assert_eq!(notes.returns.len(), 2);
    assert!(matches!(events(&run).last(), Some(Event::Faulty { .. })));
    run.last_checkpoint().unwrap();
}

/// A DCGAN whose rates are far too high until it has returned once.
fn wild(learning_rate: f64, rate_factor: f64) -> Trainer {
    let mut config = TrainConfig {
        steps: 8,
        stability: StabilityConfig {
            max_returns: 1,
            rate_factor,
            saturation_logit: 50.0,
            saturation_steps: 2,
            ..StabilityConfig::default()
        },
        ..settings()
    };
    config.discriminator.learning_rate = learning_rate;
    trainer_of(NETWORKS, config)
}

fn only_return(mut trainer: Trainer) -> Return {
    let folder = tempfile::tempdir().unwrap();
    let (run, mut notes) = (run_in(&folder), Notes::default());
    let outcome = train(&mut trainer, &real, &run, &mut notes).unwrap();
    assert_eq!((outcome, trainer.steps()), (Outcome::Finished, 8));
    assert_eq!(notes.returns.len(), 1, "{:?}", notes.returns);
    notes.returns[0]
}

#[test]
fn losses_that_are_no_numbers_make_a_run_return() {
    let returned = only_return(wild(1e25, 1e-29));
    assert_eq!(returned.fault, Fault::NotFinite);
    assert_eq!(returned.to, 0);
}

#[test]
fn a_saturated_discriminator_makes_a_run_return() {
    let returned = only_return(wild(3.0, 1e-4));
    let Fault::Saturated { mean_logit_size } = returned.fault else {
        panic!("{returned:?}")
    };
    assert!(mean_logit_size > 50.0);
}

#[test]
fn weights_that_are_no_numbers_are_never_saved() {
    let mut config = TrainConfig {
        checkpoint_every: 1,
        ..settings()
    };
    // The losses of the first step are those of the weights before it.
    config.generator.learning_rate = 1e39;
    for max_returns in [0, 1] {
        config.stability.max_returns = max_returns;
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(&folder);
        let mut trainer = trainer_of(NETWORKS, config.clone());
        let error = train(&mut trainer, &real, &run, &mut Silent).unwrap_err();
        if max_returns == 0 {
            assert!(matches!(error, Error::Diverged { step: 1, .. }), "{error}");
            assert!(run.last_checkpoint().is_err());
        } else {
            let fault = Fault::NotFinite;
            assert!(
                matches!(error, Error::Unstable { fault: f, .. } if f == fault),
                "{error}"
            );
            assert_eq!(run.last_checkpoint().unwrap().0, 0);
        }
    }
}

/// A source that fails at its nth call, as if the program were killed there.
fn dying(calls: u64, source: impl BatchSource) -> impl BatchSource {
    let left = Cell::new(calls);
    move |step: u64| -> Result<ImageBatch, std::io::Error> {
        if left.get() == 0 {
            return Err(std::io::Error::other("killed"));
        }
        left.set(left.get() - 1);
        source.batch(step).map_err(std::io::Error::other)
    }
}

fn resume<G: Generator, D: Discriminator>(
    trainer: &mut GanTrainer<G, D>,
    source: &impl BatchSource,
    run: &RunDirectory,
) {
    let (_, checkpoint) = run.last_checkpoint().unwrap();
    trainer.restore_checkpoint(&checkpoint).unwrap();
    train(trainer, source, run, &mut Silent).unwrap();
}

#[test]
fn a_run_with_a_return_that_is_killed_anywhere_ends_where_a_whole_one_does() {
    let whole_folder = tempfile::tempdir().unwrap();
    let whole = run_in(&whole_folder);
    let mut notes = Notes::default();
    train(
        &mut toy::trainer(collapsing(2)),
        &toy::real,
        &whole,
        &mut notes,
    )
    .unwrap();
    let steps_made = 18 + notes.returns[0].from - notes.returns[0].to;
    let want = last_files(&whole);
    let log = |run: &RunDirectory| -> Vec<Event> {
        let mut events = events(run);
        events.retain(|event| !matches!(event, Event::Started { .. } | Event::Step { .. }));
        events
    };
    for calls in 0..steps_made {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(&folder);
        let source = dying(calls, toy::real);
        let killed = train(&mut toy::trainer(collapsing(2)), &source, &run, &mut Silent);
        assert!(matches!(killed, Err(Error::Batch { .. })));
        resume(&mut toy::trainer(collapsing(2)), &toy::real, &run);
        assert!(last_files(&run) == want, "killed after {calls} steps");
        assert_eq!(log(&run), log(&whole), "killed after {calls} steps");
    }
}

#[test]
fn a_run_with_a_return_that_is_stopped_anywhere_ends_where_a_whole_one_does() {
    let whole_folder = tempfile::tempdir().unwrap();
    let whole = run_in(&whole_folder);
    let mut notes = Notes::default();
    train(
        &mut toy::trainer(collapsing(2)),
        &toy::real,
        &whole,
        &mut notes,
    )
    .unwrap();
    let steps_made = notes.made;
    let want = last_files(&whole);
    for stop_after in 1..steps_made {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(&folder);
        let mut notes = Notes {
            stop_after: Some(stop_after),
            ..Notes::default()
        };
        let outcome = train(
            &mut toy::trainer(collapsing(2)),
            &toy::real,
            &run,
            &mut notes,
        );
        assert_eq!(outcome.unwrap(), Outcome::Stopped);
        resume(&mut toy::trainer(collapsing(2)), &toy::real, &run);
        assert!(last_files(&run) == want, "stopped after {stop_after} steps");
    }
}

fn names_in(run: &RunDirectory) -> Vec<String> {
    let entries = std::fs::read_dir(run.path().join("checkpoints")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_good_checkpoint_outlives_newer_ones_until_the_samples_are_judged_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let config = TrainConfig {
        sample_every: 6,
        checkpoint_every: 1,
        ..collapsing(1)
    };
    let mut notes = Notes {
        stop_after: Some(11),
        ..Notes::default()
    };
    train(&mut toy::trainer(config), &toy::real, &run, &mut notes).unwrap();
    // The samples of step 6 gave the early diversity, and those of step 12 are still to come.
    let names = ["last", "step-000006", "step-000011"];
    assert_eq!(names_in(&run), names);
}

#[test]
fn files_from_before_returns_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let mut trainer = trainer_of(NETWORKS, settings());
    trainer.step(&real(0).unwrap()).unwrap();
    trainer.save_checkpoint(&checkpoint).unwrap();
    let path = checkpoint.join("state.json");
    let mut state: serde_json::Value = read_json(&path);
    state.as_object_mut().unwrap().remove("health").unwrap();
    std::fs::write(&path, state.to_string()).unwrap();
    let mut restored = trainer_of(NETWORKS, settings());
    restored.restore_checkpoint(&checkpoint).unwrap();
    assert_eq!((restored.steps(), restored.rate_scale()), (1, 1.0));

    let line = "{\"event\":\"step\",\"step\":3,\"discriminator_loss\":1.0,\"generator_loss\":2.0,\
                \"real_logit\":0.1,\"fake_logit\":0.2,\"seconds\":1.5,\"images_per_second\":9.0}";
    let Event::Step { report, .. } = serde_json::from_str(line).unwrap() else {
        panic!("{line}")
    };
    assert_eq!((report.step, report.gradient_penalty), (3, None));
}

fn read_json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_penalty_without_bounds_ends_the_run_as_well() {
    let config = TrainConfig {
        gradient_penalty: GradientPenalty {
            weight: 1e300,
            every: 1,
        },
        ..settings()
    };
    let mut trainer = trainer_of(NETWORKS, config);
    let failed = (0..3).find_map(|step| trainer.step(&real(step).unwrap()).err());
    assert!(matches!(failed, Some(Error::Diverged { .. })), "{failed:?}");
}
