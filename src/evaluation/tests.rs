use semantic_inpaint_data::{Framing, Photo};
use semantic_inpaint_dcgan::{DcganConfig, ModelCard};
use semantic_inpaint_latent_search::{SearchProgress, Silent};

use super::*;

const SIZE: usize = 32;

fn model() -> DcganModel {
    let config = DcganConfig {
        latent_len: 8,
        generator_channels: 4,
        discriminator_channels: 4,
        image_size_px: SIZE,
        ..DcganConfig::default()
    };
    let (rng, cpu) = (&mut Rng::from_seed(1), &Device::Cpu);
    DcganModel {
        generator: DcganGenerator::initialize(config, rng, cpu).unwrap(),
        discriminator: Some(DcganDiscriminator::initialize(config, rng, cpu).unwrap()),
        card: ModelCard::default(),
    }
}

fn images(count: usize) -> ImageSet {
    let photo = |seed: usize| {
        let value = |index: usize| ((index + seed) * 37 % 251) as u8;
        let rgb = (0..3 * SIZE * SIZE).map(value).collect();
        (
            format!("{seed:02}"),
            Photo::from_rgb(SIZE, SIZE, rgb).unwrap(),
        )
    };
    let photos = (0..count).map(photo).collect();
    ImageSet::from_photos("drawn", Framing::CenterCrop, SIZE, photos).unwrap()
}

fn evaluation(seed: u64) -> Evaluation {
    let config = SearchConfig {
        iterations: 2,
        seed,
        ..SearchConfig::paper()
    };
    let evaluation = Evaluation::new("drawn", &model(), config).unwrap();
    evaluation.with_mean_image(mean_image(&images(3)).unwrap())
}

fn masks() -> [MaskShape; 2] {
    ["square:10", "blocks:2x2:9"].map(|mask| mask.parse().unwrap())
}

#[derive(Default)]
struct Watch {
    announced: usize,
    made: usize,
    limit: Option<usize>,
}

impl SearchObserver for Watch {
    fn iterated(&mut self, _progress: &SearchProgress) {
        self.made += 1;
    }

    fn wants_stop(&mut self) -> bool {
        self.limit.is_some_and(|limit| self.made >= limit)
    }
}

impl EvaluationObserver for Watch {
    fn begins(&mut self, num_iterations: usize) {
        self.announced = num_iterations;
    }
}

#[test]
fn every_image_is_scored_with_every_mask_by_every_method() {
    let folder = tempfile::tempdir().unwrap();
    let (images, mut watch) = (images(53), Watch::default());
    let report = evaluation(1).run(&masks(), &images, folder.path(), &mut watch);
    let report = report.unwrap();
    assert_eq!((watch.announced, watch.made), (8, 8));
    assert_eq!(report.rows.len(), 2 * 53 * 5);
    for row in &report.rows {
        let is_truth = row.method == TRUTH;
        assert_eq!(row.scores.hole_psnr == f64::INFINITY, is_truth, "{row:?}");
    }
    let table = report.table().unwrap();
    for text in [
        "`square:10`",
        "`blocks:2x2:9`",
        "(poisson)",
        HARMONIC,
        MEAN_IMAGE,
        "–",
    ] {
        assert!(table.contains(text), "{table}");
    }
    assert_eq!(table.lines().count(), 2 + 2 * 5);
    assert_eq!(report.figure.height(), 10 * SIZE + 9 * 2);
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(
        text("report.md").contains(&table)
            && text("report.md").starts_with("# Latent search: drawn")
    );
    assert_eq!(text("per_image.csv").lines().count(), 1 + report.rows.len());
    assert!(folder.path().join("figure.png").is_file());
}

#[test]
fn a_stopped_evaluation_goes_on_with_the_masks_that_are_left() {
    let (folder, images) = (tempfile::tempdir().unwrap(), images(2));
    let run = |watch: &mut Watch| evaluation(1).run(&masks(), &images, folder.path(), watch);
    let mut watch = Watch {
        limit: Some(3),
        ..Watch::default()
    };
    assert!(matches!(run(&mut watch), Err(Error::EvaluationStopped)));
    let mut watch = Watch::default();
    let parts = run(&mut watch).unwrap();
    assert_eq!((watch.announced, watch.made), (2, 2));

    let fresh = tempfile::tempdir().unwrap();
    let whole = evaluation(1).run(&masks(), &images, fresh.path(), &mut Silent);
    let scores = |report: &EvaluationReport| -> Vec<String> {
        let line = |row: &EvaluationRow| {
            EvaluationRow {
                seconds: 0.0,
                ..row.clone()
            }
            .to_line()
        };
        report.rows.iter().map(line).collect()
    };
    assert_eq!(scores(&parts), scores(&whole.unwrap()));
    let other = evaluation(2).run(&masks(), &images, folder.path(), &mut Silent);
    assert!(matches!(other, Err(Error::OtherEvaluation { .. })));
}

#[test]
fn the_mean_image_is_the_mean_of_all_pixels() {
    let set = images(300);
    let mean = mean_image(&set).unwrap().to_values().unwrap();
    let all: Vec<usize> = (0..300).collect();
    let values = set.batch(&all, &Device::Cpu).unwrap().to_values().unwrap();
    for pixel in [0, 17, 3 * SIZE * SIZE - 1] {
        let column = values
            .chunks(mean.len())
            .map(|image| f64::from(image[pixel]));
        let expected = column.sum::<f64>() / 300.0;
        assert!((f64::from(mean[pixel]) - expected).abs() < 1e-6);
    }
}
