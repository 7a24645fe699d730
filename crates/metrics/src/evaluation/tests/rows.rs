use proptest::prelude::*;

use super::*;
use crate::Scores;
use crate::evaluation::row::from_csv;

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
        let confidence = other.is_finite().then_some(MethodConfidence {
            uncertainty: other,
            expected_hole_psnr: one.is_finite().then_some(one),
        });
        let row = EvaluationRow { mask, image: image.clone(), method, scores, seconds: other, confidence };
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
                rows.push(EvaluationRow { mask, image, method, scores, seconds: 0.0, confidence: None });
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
