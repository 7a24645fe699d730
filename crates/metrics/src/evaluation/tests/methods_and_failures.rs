use super::*;
use crate::evaluation::identity::masks as drawn_masks;

#[test]
fn every_image_is_scored_with_every_mask_under_every_label() {
    let two = Constant {
        labels: vec!["two (a)", "two (b)"],
        ..constant("two", 0.25)
    };
    let (gray, mut watch) = (constant("gray", 0.0), Watch::default());
    let report = run_fresh(&[&gray, &two], &mut watch);
    assert_eq!(watch.announced, 2 * 2 * 5);
    assert_eq!(
        watch.started[..2],
        ["gray square:6 0..3 of 5", "gray square:6 3..5 of 5"]
    );
    assert!(watch.shares.contains(&0.5) && watch.shares.contains(&1.0));
    assert_eq!(report.rows.len(), 2 * 5 * 4);
    assert_eq!(report.labels(), ["gray", "two (a)", "two (b)"]);
    let order: Vec<_> = report
        .rows
        .iter()
        .map(|row| (row.mask, &row.method))
        .collect();
    let mut grouped = order.clone();
    grouped.dedup();
    assert_eq!(
        grouped.len(),
        2 * 4,
        "rows of a mask and a label stand together"
    );
    let names: Vec<_> = report.rows[..5].iter().map(|row| &row.image).collect();
    assert_eq!(names, images(5).names().iter().collect::<Vec<_>>());
    for row in &report.rows {
        assert_eq!(
            row.scores.hole_psnr == f64::INFINITY,
            row.method == TRUTH,
            "{row:?}"
        );
    }
    assert_eq!(report.rows[0].seconds, 0.25);
    assert_eq!(report.missing_shares, [36.0 / 256.0; 2]);
    // Two images, two masks; original, corrupted, three labels.
    assert_eq!(report.pictures.len(), 2 * 2 * 5);
    assert_eq!(report.table().unwrap().lines().count(), 2 + 2 * 4);
    assert_eq!(report.hole_psnr_table().unwrap().lines().count(), 2 + 3);
}

#[test]
fn scores_are_those_of_the_plain_function() {
    let report = run_fresh(&[&constant("gray", 0.0)], &mut Watch::default());
    let set = images(5);
    let truth = set.batch(&[3], &Device::Cpu).unwrap();
    let mask = drawn_masks(masks()[1], 1, SIZE, 3..4).unwrap();
    let corrupted = CorruptedImages::new(&truth, &mask).unwrap();
    let expected = crate::score(&truth, corrupted.images(), &mask).unwrap()[0];
    let row = report
        .rows
        .iter()
        .find(|row| row.mask == masks()[1] && row.image == "03.png");
    assert_eq!(row.unwrap().scores, expected);
}

#[test]
fn an_interrupted_evaluation_goes_on_to_the_same_report() {
    let methods = || [constant("gray", 0.0), misbehaving(Behavior::FailsOn(1))];
    let whole = {
        let [gray, bad] = methods();
        run_fresh(&[&gray, &bad], &mut Watch::default())
    };
    for patience in 0..24 {
        let folder = tempfile::tempdir().unwrap();
        let [gray, bad] = methods();
        let patience = Some(patience);
        let mut watch = Watch {
            patience,
            ..Watch::default()
        };
        let stopped = run(&[&gray, &bad], 5, folder.path(), &mut watch);
        assert!(
            matches!(stopped, Err(Error::EvaluationStopped)),
            "{patience:?}: {stopped:?}"
        );
        let done = files(folder.path()).len();
        let mut watch = Watch::default();
        let resumed = run(&[&gray, &bad], 5, folder.path(), &mut watch).unwrap();
        assert_equal(&resumed, &whole);
        assert_eq!(watch.announced == 20, done == 0);

        let mut watch = Watch::default();
        let again = run(&[&gray, &bad], 5, folder.path(), &mut watch).unwrap();
        assert_equal(&again, &whole);
        assert_eq!((watch.announced, watch.started.len()), (0, 0));
    }
}

#[test]
fn a_method_that_returns_after_a_stop_leaves_no_part() {
    struct Stubborn(Constant);
    impl EvaluatedMethod for Stubborn {
        fn name(&self) -> String {
            "stubborn".into()
        }
        fn settings(&self) -> String {
            String::new()
        }
        fn complete(
            &self,
            corrupted: &CorruptedImages,
            observer: &mut dyn MethodObserver,
        ) -> Result<Vec<LabeledCompletion>, BoxedError> {
            observer.wants_stop();
            self.0.complete(corrupted, &mut ())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut watch = Watch {
        patience: Some(1),
        ..Watch::default()
    };
    let stopped = run(
        &[&Stubborn(constant("gray", 0.0))],
        5,
        folder.path(),
        &mut watch,
    );
    assert!(matches!(stopped, Err(Error::EvaluationStopped)));
    assert!(files(folder.path()).is_empty());
}

#[test]
fn an_image_that_fails_is_named_and_the_others_are_kept() {
    let (gray, bad) = (constant("gray", 0.0), misbehaving(Behavior::FailsOn(1)));
    let mut watch = Watch::default();
    let report = run_fresh(&[&gray, &bad], &mut watch);
    assert_eq!(
        bad.calls.borrow()[..5],
        [3, 1, 1, 1, 2],
        "a batch, its images, the next batch"
    );
    let failed: Vec<_> = report
        .failures
        .iter()
        .map(|it| (it.mask, it.image.as_str()))
        .collect();
    let name = "a, \"quoted\"\nname.png";
    assert_eq!(
        failed,
        masks()
            .into_iter()
            .map(|mask| (mask, name))
            .collect::<Vec<_>>()
    );
    assert_eq!(report.failures[0].reason, "cannot fill this | one");
    assert_eq!(watch.failed.len(), 2);
    assert_eq!(watch.failed[0].1, "bad: cannot fill this | one");
    assert_eq!(
        report.rows.iter().filter(|row| row.method == "bad").count(),
        2 * 4
    );
    let difference = paired_difference(&report.rows, masks()[0], "gray", "bad").unwrap();
    assert_eq!(difference.count, 4);
    assert!(watch.shares.iter().all(|share| (0.0..=1.0).contains(share)));
}

#[test]
fn what_no_method_may_return_is_a_failure() {
    for (behavior, num_failed, reason) in [
        (
            Behavior::ChangesKnownPixelsOf(2),
            1,
            "1 values of known pixels were changed",
        ),
        (
            Behavior::ReturnsNan,
            2,
            "a value of the completed image is NaN",
        ),
        (Behavior::ReturnsNothing, 5, "it returned no completion"),
        (Behavior::FailsAlways, 5, "broken"),
    ] {
        let report = run_fresh(&[&misbehaving(behavior)], &mut Watch::default());
        let failures = report
            .failures
            .iter()
            .filter(|failure| failure.mask == masks()[0]);
        let reasons: Vec<_> = failures.map(|failure| failure.reason.as_str()).collect();
        assert_eq!(reasons, vec![reason; num_failed], "{behavior:?}");
        let rows = report.rows.iter().filter(|row| row.method == "bad").count();
        assert_eq!(rows, 2 * (5 - num_failed), "{behavior:?}");
        report.table().unwrap();
        report.verdicts().unwrap();
    }
    // Alone, half a batch of one is the whole.
    let half = misbehaving(Behavior::ReturnsHalf);
    assert!(
        run_fresh(&[&half], &mut Watch::default())
            .failures
            .is_empty()
    );
    assert_eq!(half.calls.borrow()[..4], [3, 1, 1, 1]);
    let twice = Constant {
        labels: vec!["same", "same"],
        ..constant("two", 0.0)
    };
    let report = run_fresh(&[&twice], &mut Watch::default());
    assert_eq!(report.failures.len(), 2 * 5);
}
