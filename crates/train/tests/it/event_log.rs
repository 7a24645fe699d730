use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use semantic_inpaint_dcgan::DcganGenerator;
use semantic_inpaint_train::{
    CheckpointScores, Error, Event, History, Observer, RunDirectory, Silent, train,
    train_with_score,
};

use crate::{real, run_in, train_until, trainer};

/// Every line of the log, each of which must be an event.
fn events(run: &RunDirectory) -> Vec<Event> {
    let text = std::fs::read_to_string(run.events()).unwrap();
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn steps(events: &[Event]) -> Vec<u64> {
    let step = |event: &Event| match event {
        Event::Step { report, .. } => Some(report.step),
        _ => None,
    };
    events.iter().filter_map(step).collect()
}

fn resume_from(run: &RunDirectory, step: u64) {
    let mut trainer = trainer();
    trainer.restore_checkpoint(&run.checkpoint(step)).unwrap();
    train(&mut trainer, &real, run, &mut Silent).unwrap();
}

#[test]
fn a_whole_run_logs_its_start_steps_checkpoints_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    train(&mut trainer(), &real, &run, &mut Silent).unwrap();
    let events = events(&run);
    assert_eq!(events[0], Event::Started { step: 0 });
    assert_eq!(events[events.len() - 1], Event::Ended { step: 10 });
    assert_eq!(steps(&events), (1..=10).collect::<Vec<_>>());
    let checkpoints = |event: &Event| match event {
        Event::Checkpoint { step, score: None } => Some(*step),
        _ => None,
    };
    let checkpoints: Vec<u64> = events.iter().filter_map(checkpoints).collect();
    assert_eq!(checkpoints, [2, 4, 6, 8, 10]);
}

#[test]
fn a_resumed_run_logs_the_same_losses_as_a_whole_one_and_no_step_twice() {
    let (whole_folder, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (whole, run) = (run_in(&whole_folder), run_in(&folder));
    train(&mut trainer(), &real, &whole, &mut Silent).unwrap();
    train_until(&mut trainer(), &run, 7);
    // As after a crash at step 7 whose last checkpoint was that of step 4.
    std::fs::remove_dir_all(run.checkpoint(7)).unwrap();
    std::fs::remove_dir_all(run.checkpoint(6)).unwrap();
    resume_from(&run, run.last_checkpoint().unwrap().0);

    let reports = |events: &[Event]| -> Vec<_> {
        let report = |event: &Event| match event {
            Event::Step { report, .. } => Some(*report),
            _ => None,
        };
        events.iter().filter_map(report).collect()
    };
    let (whole, resumed) = (events(&whole), events(&run));
    assert_eq!(reports(&resumed), reports(&whole));
    assert!(resumed.contains(&Event::Started { step: 4 }));
}

#[test]
fn a_line_that_a_crash_cut_off_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    train_until(&mut trainer(), &run, 5);
    let mut log = std::fs::OpenOptions::new()
        .append(true)
        .open(run.events())
        .unwrap();
    log.write_all(b"{\"event\":\"step\",\"st").unwrap();
    resume_from(&run, 5);
    assert_eq!(steps(&events(&run)), (1..=10).collect::<Vec<_>>());
}

/// A score with a name, lowest at step 6.
fn distance(step: u64, _generator: &DcganGenerator) -> Result<CheckpointScores, Error> {
    let decisive = step.abs_diff(6) as f64;
    let named = BTreeMap::from([
        ("distance".into(), decisive),
        ("half".into(), decisive / 2.0),
    ]);
    Ok(CheckpointScores { decisive, named })
}

/// Keeps what it is told of scores, and checks that their checkpoint comes next.
#[derive(Default)]
struct Told(Vec<(u64, CheckpointScores)>);

impl Observer for Told {
    fn scored(&mut self, step: u64, scores: &CheckpointScores, _took: Duration) {
        self.0.push((step, scores.clone()));
    }

    fn saved(&mut self, step: u64, folder: &Path) {
        assert!(folder.join("state.json").is_file());
        assert_eq!(self.0.last().unwrap().0, step);
    }
}

#[test]
fn scores_of_checkpoints_are_logged_and_the_lowest_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let mut told = Told::default();
    train_with_score(&mut trainer(), &real, &run, &mut distance, &mut told).unwrap();
    assert_eq!(told.0.len(), 5);
    let (best, _) = run.best_checkpoint().unwrap();
    assert_eq!(
        (best, run.scores(best).unwrap()),
        (6, Some(told.0[2].1.clone()))
    );
    assert!(run.scores(7).is_err());
    let history = History::read(&run.events()).unwrap();
    let scores = &history.scores()["distance"];
    assert_eq!(
        scores[..],
        [(2, 4.0), (4, 2.0), (6, 0.0), (8, 2.0), (10, 4.0)]
    );
    assert_eq!(history.lowest("distance"), Some((6, 0.0)));
    assert_eq!(history.lowest("other"), None);

    let losses = &history.steps()["generator_loss"];
    assert_eq!(losses.len(), 10);
    assert!(history.steps().contains_key("images_per_second"));
    assert!(!history.steps().contains_key("seconds"));
    let logged = events(&run).into_iter().find_map(|event| match event {
        Event::Step { report, .. } if report.step == 3 => Some(report.generator_loss),
        _ => None,
    });
    assert_eq!(losses[2], (3, logged.unwrap()));
}

#[test]
fn the_time_of_scores_is_no_part_of_the_speed() {
    const NAP: Duration = Duration::from_millis(100);
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let mut slow = |step: u64, generator: &DcganGenerator| {
        std::thread::sleep(NAP);
        distance(step, generator)
    };
    let started = Instant::now();
    train_with_score(&mut trainer(), &real, &run, &mut slow, &mut Silent).unwrap();
    let elapsed = started.elapsed();
    let last = events(&run)
        .into_iter()
        .rev()
        .find_map(|event| match event {
            Event::Step { seconds, .. } => Some(seconds),
            _ => None,
        });
    // Of the five naps the last comes after the last step was logged.
    let most = (elapsed - 5 * NAP).as_secs_f64();
    assert!(last.unwrap() <= most, "{last:?} {most}");
}

#[test]
fn a_history_passes_over_lines_that_are_no_events() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    assert_eq!(History::read(&log).unwrap(), History::default());
    let text = "{\"event\":\"step\",\"step\":1,\"loss\":null,\"logit\":2}\n\nnothing\n\
                {\"event\":\"step\",\"step\":2,\"lo";
    std::fs::write(&log, text).unwrap();
    let history = History::read(&log).unwrap();
    assert_eq!(history.steps().len(), 1);
    assert_eq!(history.steps()["logit"], [(1, 2.0)]);
}
