use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use semantic_inpaint_train::{Event, History, Observer, RunDirectory, Silent, train};

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

/// Gives each checkpoint a score.
struct Judge(fn(u64) -> f64);

impl Observer for Judge {
    fn score(&mut self, step: u64, folder: &Path) -> BTreeMap<String, f64> {
        assert!(folder.join("state.json").is_file());
        BTreeMap::from([("distance".into(), self.0(step))])
    }
}

#[test]
fn scores_of_checkpoints_are_logged_and_the_lowest_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let mut judge = Judge(|step| step.abs_diff(6) as f64);
    train(&mut trainer(), &real, &run, &mut judge).unwrap();
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
