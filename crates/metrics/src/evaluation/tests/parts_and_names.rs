use super::*;
use crate::Scores;
use crate::evaluation::identity::masks as drawn_masks;

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
fn courses_are_kept_but_those_of_images_that_fail() {
    let folder = tempfile::tempdir().unwrap();
    let descending = Constant {
        behavior: Behavior::DescendsAndFailsOn(1),
        ..constant("search", 0.0)
    };
    let whole = run(&[&descending], 5, folder.path(), &mut Watch::default()).unwrap();
    let images = images(5);
    let done = [0, 2, 3, 4];
    let found: Vec<(MaskShape, &str)> = (whole.courses.iter())
        .map(|course| (course.mask, course.image.as_str()))
        .collect();
    let expected: Vec<(MaskShape, &str)> = (masks().into_iter())
        .flat_map(|mask| done.map(|place| (mask, images.names()[place].as_str())))
        .collect();
    assert_eq!(found, expected);
    for (course, place) in whole.courses.iter().zip(done.into_iter().cycle()) {
        let first = 2.0 + first_value(place);
        assert_eq!(course.iterations, [3, 10]);
        assert!((course.objective[0] - 3.0 * first).abs() < 1e-5);
        assert!((course.objective[1] - first).abs() < 1e-5);
    }
    let mut watch = Watch::default();
    assert_equal(
        &run(&[&descending], 5, folder.path(), &mut watch).unwrap(),
        &whole,
    );
    assert_eq!(watch.announced, 0);
    let path = folder
        .path()
        .join("parts/square-6/search/courses/000000.csv");
    std::fs::write(&path, "nothing").unwrap();
    let found = run(&[&descending], 5, folder.path(), &mut Watch::default());
    assert!(matches!(&found, Err(Error::DamagedPart { path: named, .. }) if *named == path));
}

#[test]
fn corrupted_images_are_those_that_methods_see() {
    let (images, shape) = (images(5), masks()[1]);
    let found = Evaluation::corrupted_images(shape, &images, 1, 2..4).unwrap();
    assert_eq!(*found.mask(), drawn_masks(shape, 1, SIZE, 2..4).unwrap());
    let truth = images.batch(&[2, 3], &Device::Cpu).unwrap();
    let expected = CorruptedImages::new(&truth, found.mask()).unwrap();
    let values = |images: &CorruptedImages| images.images().to_values().unwrap();
    assert_eq!(values(&found), values(&expected));
    for range in [4..6, 2..2] {
        assert!(Evaluation::corrupted_images(shape, &images, 1, range).is_err());
    }
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
