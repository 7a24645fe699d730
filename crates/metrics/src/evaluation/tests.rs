use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::result::Result;

use proptest::prelude::*;
use semantic_inpaint_data::{Framing, Photo};
use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_tensor::{Device, ImageBatch};

use super::identity::masks as drawn_masks;
use super::row::from_csv;
use super::*;
use crate::Scores;

const SIZE: usize = 16;

pub(crate) fn photo(seed: usize) -> Photo {
    let value = |index: usize| ((index + seed) * 37 % 251) as u8;
    let rgb = (0..3 * SIZE * SIZE).map(value).collect();
    Photo::from_rgb(SIZE, SIZE, rgb).unwrap()
}

pub(crate) fn images(count: usize) -> ImageSet {
    let name = |seed: usize| match seed {
        1 => "a, \"quoted\"\nname.png".into(),
        _ => format!("{seed:02}.png"),
    };
    let photos = (0..count).map(|seed| (name(seed), photo(seed))).collect();
    ImageSet::from_photos("drawn", Framing::CenterCrop, SIZE, photos).unwrap()
}

pub(crate) fn masks() -> Vec<MaskShape> {
    ["square:6", "blocks:2x2:9"]
        .map(|mask| mask.parse().unwrap())
        .into()
}

/// How a method misbehaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Behavior {
    Good,
    /// Fails on batches with the image whose first known value is this image's.
    FailsOn(usize),
    ChangesKnownPixelsOf(usize),
    ReturnsNan,
    ReturnsHalf,
    ReturnsNothing,
    FailsAlways,
}

/// Fills holes with a constant.
pub(crate) struct Constant {
    pub(crate) name: &'static str,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) value: f32,
    pub(crate) family: MethodFamily,
    pub(crate) behavior: Behavior,
    pub(crate) batch_len: usize,
    pub(crate) settings: &'static str,
    pub(crate) calls: RefCell<Vec<usize>>,
}

pub(crate) fn constant(name: &'static str, value: f32) -> Constant {
    Constant {
        name,
        labels: vec![name],
        value,
        family: MethodFamily::Classical,
        behavior: Behavior::Good,
        batch_len: 3,
        settings: "constant",
        calls: RefCell::default(),
    }
}

fn misbehaving(behavior: Behavior) -> Constant {
    Constant {
        behavior,
        ..constant("bad", 0.5)
    }
}

/// The first value, which all masks here leave known.
fn first_value(seed: usize) -> f32 {
    f32::from(photo(seed).rgb()[0]) / 127.5 - 1.0
}

impl Constant {
    fn images(&self, corrupted: &CorruptedImages) -> Result<ImageBatch, BoxedError> {
        let (shape, count) = (corrupted.images().shape(), corrupted.count());
        let fill = vec![self.value; count * shape.num_values()];
        let fill = ImageBatch::from_values(fill, shape, &Device::Cpu)?;
        let completed = corrupted.overlay(&fill)?;
        let mut values = completed.to_values()?;
        let firsts = (0..count).map(|place| place * shape.num_values());
        let is = |value: f32, seed: usize| (value - first_value(seed)).abs() < 1e-6;
        match self.behavior {
            Behavior::FailsOn(seed) if firsts.clone().any(|at| is(values[at], seed)) => {
                return Err("cannot fill\nthis | one".into());
            }
            Behavior::FailsAlways => return Err("broken".into()),
            Behavior::ChangesKnownPixelsOf(seed) => {
                for at in firsts {
                    if is(values[at], seed) {
                        values[at] = 0.123;
                    }
                }
            }
            Behavior::ReturnsNan => {
                let inside = shape.num_pixels() / 2 + SIZE / 2;
                values[inside] = f32::NAN;
            }
            Behavior::ReturnsHalf => values.truncate(values.len() / count),
            _ => {}
        }
        Ok(ImageBatch::from_values(values, shape, &Device::Cpu)?)
    }
}

impl EvaluatedMethod for Constant {
    fn name(&self) -> String {
        self.name.into()
    }

    fn settings(&self) -> String {
        format!("{} {}", self.settings, self.value)
    }

    fn family(&self) -> MethodFamily {
        self.family
    }

    fn batch_len(&self) -> usize {
        self.batch_len
    }

    fn complete(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn MethodObserver,
    ) -> Result<Vec<LabeledCompletion>, BoxedError> {
        self.calls.borrow_mut().push(corrupted.count());
        observer.progressed(0.5);
        if observer.wants_stop() {
            return Err("stopped".into());
        }
        if self.behavior == Behavior::ReturnsNothing {
            return Ok(Vec::new());
        }
        let images = self.images(corrupted)?;
        let completion = |label: &&str| LabeledCompletion {
            label: (*label).into(),
            images: images.clone(),
            seconds: 0.25 * corrupted.count() as f64,
        };
        Ok(self.labels.iter().map(completion).collect())
    }
}

#[derive(Default)]
struct Watch {
    announced: usize,
    started: Vec<String>,
    shares: Vec<f64>,
    failed: Vec<(String, String)>,
    /// Stops when it was asked so often.
    patience: Option<usize>,
    asked: Cell<usize>,
}

impl EvaluationObserver for Watch {
    fn begins(&mut self, num_images: usize) {
        self.announced = num_images;
    }

    fn starting(&mut self, method: &str, mask: MaskShape, images: Range<usize>, count: usize) {
        self.started
            .push(format!("{method} {mask} {images:?} of {count}"));
    }

    fn progressed(&mut self, share: f64) {
        self.shares.push(share);
    }

    fn failed(&mut self, method: &str, _mask: MaskShape, image: &str, reason: &str) {
        let image = image.to_owned();
        self.failed.push((image, format!("{method}: {reason}")));
    }

    fn wants_stop(&mut self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.patience
            .is_some_and(|patience| self.asked.get() > patience)
    }
}

fn run(
    methods: &[&dyn EvaluatedMethod],
    count: usize,
    folder: &Path,
    watch: &mut Watch,
) -> crate::Result<EvaluationReport> {
    let evaluation = Evaluation::new("Drawn images")
        .with_note("A note.")
        .with_num_pictures(2);
    evaluation.run(&masks(), methods, &images(count), 1, folder, watch)
}

fn run_fresh(methods: &[&dyn EvaluatedMethod], watch: &mut Watch) -> EvaluationReport {
    run(methods, 5, tempfile::tempdir().unwrap().path(), watch).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn assert_equal(one: &EvaluationReport, other: &EvaluationReport) {
    assert_eq!(one.rows, other.rows);
    assert_eq!(one.failures, other.failures);
    assert_eq!(one.methods, other.methods);
    assert_eq!(one.pictures, other.pictures);
    assert_eq!(one.missing_shares, other.missing_shares);
    assert_eq!(one.settings, other.settings);
}

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

#[test]
fn masks_do_not_depend_on_what_else_is_evaluated() {
    let (gray, folder) = (constant("gray", 0.0), tempfile::tempdir().unwrap());
    let both = run_fresh(&[&constant("white", 1.0), &gray], &mut Watch::default());
    let alone = Evaluation::new("alone")
        .run(
            &masks()[1..],
            &[&gray],
            &images(7),
            1,
            folder.path(),
            &mut (),
        )
        .unwrap();
    let scores = |report: &EvaluationReport| -> Vec<Scores> {
        let rows = report.rows.iter();
        let rows = rows.filter(|row| row.mask == masks()[1] && row.method == "gray");
        rows.map(|row| row.scores).collect()
    };
    assert_eq!(scores(&both), scores(&alone)[..5]);

    let shape = masks()[1];
    let mask = |seed, index| drawn_masks(shape, seed, SIZE, index..index + 1).unwrap();
    assert!(mask(1, 0) != mask(1, 1) && mask(1, 0) != mask(2, 0));
    let all = drawn_masks(shape, 1, SIZE, 0..4).unwrap();
    assert_eq!(all.narrow(3, 1).unwrap(), mask(1, 3));
}

#[test]
fn parts_serve_other_batches_and_more_images_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let gray = constant("gray", 0.0);
    run(&[&gray], 5, folder.path(), &mut Watch::default()).unwrap();
    let mut watch = Watch::default();
    let larger = Constant {
        batch_len: 4,
        ..constant("gray", 0.0)
    };
    let report = run(&[&larger], 8, folder.path(), &mut watch).unwrap();
    assert_eq!(watch.announced, 2 * 3);
    assert_eq!(report.rows.len(), 2 * 8 * 2);

    let is_other = |result: crate::Result<EvaluationReport>| match result {
        Err(Error::OtherEvaluation { path }) => path.exists(),
        other => panic!("{other:?}"),
    };
    let other = constant("gray", 0.1);
    assert!(is_other(run(
        &[&other],
        5,
        folder.path(),
        &mut Watch::default()
    )));
    let evaluation = Evaluation::new("other seed");
    let seed = evaluation.run(&masks(), &[&gray], &images(5), 2, folder.path(), &mut ());
    assert!(is_other(seed));
    let photos = (0..5)
        .map(|it| (images(5).names()[it].clone(), photo(it + 1)))
        .collect();
    let pixels = ImageSet::from_photos("drawn", Framing::CenterCrop, SIZE, photos).unwrap();
    assert!(is_other(evaluation.run(
        &masks(),
        &[&gray],
        &pixels,
        1,
        folder.path(),
        &mut ()
    )));
    assert!(is_other(run(
        &[&gray],
        4,
        folder.path(),
        &mut Watch::default()
    )));
}

#[test]
fn damaged_parts_are_refused_with_their_path() {
    let folder = tempfile::tempdir().unwrap();
    let gray = constant("gray", 0.0);
    run(&[&gray], 3, folder.path(), &mut Watch::default()).unwrap();
    let path = folder.path().join("parts/square-6/gray/000000.csv");
    let whole = std::fs::read_to_string(&path).unwrap();
    for end in [
        whole.len() - 20,
        whole.len() - 200,
        whole.find('\n').unwrap() + 1,
    ] {
        std::fs::write(&path, &whole[..end]).unwrap();
        let found = run(&[&gray], 3, folder.path(), &mut Watch::default());
        assert!(matches!(&found, Err(Error::DamagedPart { path: named, .. }) if *named == path));
    }
}

#[test]
fn names_that_do_not_tell_things_apart_are_refused() {
    let (gray, again) = (constant("gray", 0.0), constant("gray", 0.5));
    let repeated = |methods: &[&dyn EvaluatedMethod]| {
        let folder = tempfile::tempdir().unwrap();
        match run(methods, 3, folder.path(), &mut Watch::default()) {
            Err(Error::RepeatedName { what, name }) => format!("{what} {name}"),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(repeated(&[&gray, &again]), "method gray");
    let label = Constant {
        labels: vec!["gray"],
        ..constant("other", 0.5)
    };
    assert_eq!(repeated(&[&gray, &label]), "label gray");
    let truth = Constant {
        labels: vec![TRUTH],
        ..constant("other", 0.5)
    };
    assert_eq!(repeated(&[&truth]), "label true image");
    let folder = tempfile::tempdir().unwrap();
    let none = run(&[], 3, folder.path(), &mut Watch::default());
    assert!(matches!(
        none,
        Err(Error::NothingToEvaluate { what: "methods" })
    ));
    let twice = images(3).select(&[0, 0]).unwrap();
    let twice = Evaluation::new("").run(&masks(), &[&gray], &twice, 1, folder.path(), &mut ());
    assert!(matches!(
        twice,
        Err(Error::RepeatedName { what: "image", .. })
    ));
}

#[test]
fn the_best_is_compared_with_the_best_of_the_other_family() {
    let learned = |value| Constant {
        family: MethodFamily::Learned,
        ..constant("net", value)
    };
    let (gray, white) = (constant("gray", 0.0), constant("white", 1.0));
    let verdict = |methods: &[&dyn EvaluatedMethod]| {
        run_fresh(methods, &mut Watch::default())
            .verdicts()
            .unwrap()
            .remove(0)
    };
    let found = verdict(&[&white, &gray, &learned(0.9)]);
    let comparison = found.comparison.clone().unwrap();
    assert_eq!(
        (found.best.as_str(), comparison.other.as_str()),
        ("gray", "net")
    );
    assert_eq!(comparison.role, "the best learned method");
    assert!(comparison.is_significant() && comparison.difference.mean > 0.0);
    assert!(
        found
            .to_string()
            .ends_with("on the same 5 images: significant"),
        "{found}"
    );

    let found = verdict(&[&white, &gray]);
    assert_eq!(found.comparison.unwrap().role, "the second best");
    assert_eq!(verdict(&[&gray]).comparison, None);
}

#[test]
fn file_names_are_plain_and_differ() {
    let names = [
        "latent", "Latent", "la/tent", "la:tent", "..", "", "a b", "ä", "x-1.5_b",
    ];
    let mut stems: Vec<String> = names.iter().map(|name| identity::file_stem(name)).collect();
    assert_eq!(
        (stems[0].as_str(), stems[8].as_str()),
        ("latent", "x-1.5_b")
    );
    assert!(stems[1].starts_with("latent-"), "readable");
    assert!(identity::file_stem(&"long ".repeat(99)).len() < 80);
    assert!(
        stems
            .iter()
            .all(|stem| !stem.contains(['/', ':']) && !stem.starts_with('.'))
    );
    stems.sort();
    stems.dedup();
    assert_eq!(stems.len(), names.len());
}

fn any_score() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("a number", |it| !it.is_nan()),
        Just(f64::INFINITY)
    ]
}

proptest! {
    #[test]
    fn rows_survive_the_file(image in "\\PC*|[,\"\n\r ]*", scores in [any_score(), any_score()]) {
        let [one, other] = scores;
        let mask = masks()[0];
        let scores = Scores { psnr: one, hole_psnr: other, ssim: one, hole_l1: other, seam: one };
        let method = format!("{image} (overlay)");
        let row = EvaluationRow { mask, image: image.clone(), method, scores, seconds: other };
        let (reason, method) = ("r".to_owned() + &image, "m".into());
        let failure = Failure { mask, image, method, reason };
        let csv = row::to_csv(std::slice::from_ref(&row), std::slice::from_ref(&failure)).unwrap();
        let (rows, failures) = from_csv(&String::from_utf8(csv).unwrap()).unwrap();
        prop_assert_eq!(rows, [row]);
        prop_assert_eq!(failures, [failure]);
    }

    #[test]
    fn paired_differences_are_those_of_images_that_both_have(
        values in prop::collection::vec((any::<Option<i8>>(), any::<Option<i8>>()), 1..12),
    ) {
        let mask = masks()[0];
        let mut rows = Vec::new();
        for (index, (one, other)) in values.iter().enumerate() {
            for (method, value) in [("a", one), ("b", other)] {
                let Some(value) = value else { continue };
                let hole_psnr = f64::from(*value);
                let scores = Scores { psnr: 0.0, hole_psnr, ssim: 0.0, hole_l1: 0.0, seam: 0.0 };
                let (image, method) = (index.to_string(), method.into());
                rows.push(EvaluationRow { mask, image, method, scores, seconds: 0.0 });
            }
        }
        let both = values.iter().filter_map(|(one, other)| Some((*one)? as f64 - (*other)? as f64));
        let both: Vec<f64> = both.collect();
        match paired_difference(&rows, mask, "a", "b") {
            Ok(found) => {
                prop_assert_eq!(found.count, both.len());
                prop_assert!((found.mean - both.iter().sum::<f64>() / both.len() as f64).abs() < 1e-9);
                let back = paired_difference(&rows, mask, "b", "a").unwrap();
                prop_assert!((found.mean + back.mean).abs() < 1e-9);
            }
            Err(_) => prop_assert!(both.is_empty()),
        }
    }
}
