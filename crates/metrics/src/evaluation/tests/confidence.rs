use semantic_inpaint_data::Photo;

use super::*;
use crate::MethodConfidence;

/// Leaves holes gray, and is the surer the grayer the first pixel is, times a factor.
struct Surely {
    name: &'static str,
    factor: f64,
    expected_hole_psnr: Option<f64>,
}

impl EvaluatedMethod for Surely {
    fn name(&self) -> String {
        self.name.into()
    }

    fn settings(&self) -> String {
        "none".into()
    }

    fn complete(
        &self,
        corrupted: &CorruptedImages,
        _observer: &mut dyn MethodObserver,
    ) -> std::result::Result<Vec<LabeledCompletion>, BoxedError> {
        let images = corrupted.images().clone();
        let values = images.to_values()?;
        let firsts = values.chunks(values.len() / images.count());
        let confidence = firsts.map(|image| MethodConfidence {
            uncertainty: self.factor * f64::from(image[0].abs()),
            expected_hole_psnr: self.expected_hole_psnr,
        });
        Ok(vec![LabeledCompletion {
            label: self.name.into(),
            confidence: confidence.collect(),
            images,
            seconds: 0.0,
        }])
    }
}

#[test]
fn the_rank_correlation_of_uncertainty_and_error_is_reported_and_survives_the_files() {
    let photo = |index: u8| {
        let gray = [128 + 20 * (index % 5) + index / 5; 3];
        (format!("{index}.png"), Photo::filled(16, 16, gray))
    };
    let photos = (0..7).map(photo).collect();
    let framing = semantic_inpaint_data::Framing::CenterCrop;
    let images = ImageSet::from_photos("drawn", framing, 16, photos).unwrap();
    let sure = |name, factor, expected_hole_psnr| Surely {
        name,
        factor,
        expected_hole_psnr,
    };
    let methods = [
        sure("knows", 1.0, Some(0.0)),
        sure("is wrong", -1.0, None),
        sure("has no opinion", 0.0, None),
    ];
    let methods = methods
        .each_ref()
        .map(|method| method as &dyn EvaluatedMethod);
    let folder = tempfile::tempdir().unwrap();
    let mask: MaskShape = "square:4".parse().unwrap();
    for _ in 0..2 {
        let evaluation = Evaluation::new("Flat pictures");
        let report = evaluation.run(&[mask], &methods, &images, 1, folder.path(), &mut ());
        let report = report.unwrap();
        let of = |label: &str| report.confidence(mask, label).unwrap();
        let knows = of("knows");
        assert_eq!(knows.num_images, 7);
        assert!((knows.rank_correlation.unwrap() - 1.0).abs() < 1e-12);
        let psnr = report
            .summary(mask, "knows")
            .unwrap()
            .unwrap()
            .hole_psnr
            .mean;
        assert!((knows.expected_error_db.unwrap() - psnr).abs() < 1e-9);
        assert!((of("is wrong").rank_correlation.unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(of("is wrong").expected_error_db, None);
        assert_eq!(of("has no opinion").rank_correlation, None);
        assert_eq!(report.confidence(mask, TRUTH), None);
        let table = report.confidence_table().unwrap().to_markdown();
        assert!(
            table.contains("| 1.00 |") && table.contains("| -1.00 |"),
            "{table}"
        );
    }
}
