use semantic_inpaint_dcgan::{DcganEncoder, DcganEncoderConfig};

use super::*;
use crate::{LatentConstraint, LatentStart, Mirroring, SearchAnswer};

/// A search whose answer is the mean of four restarts, two of them on the mirrored image.
fn mirroring() -> SearchConfig {
    SearchConfig {
        iterations: 10,
        restarts: 4,
        mirror: Mirroring::Alternate,
        answer: SearchAnswer::Mean { of: 4 },
        ..SearchConfig::paper()
    }
}

fn lively(settings: SearchConfig) -> Search {
    let encoder = DcganEncoderConfig::of_generator(&config(), 2);
    let encoder = DcganEncoder::initialize(encoder, &mut Rng::from_seed(8), &Device::Cpu).unwrap();
    let search = LatentSearch::new(&lively_generator(), Some(&networks().1), settings).unwrap();
    search.with_encoder(&encoder).unwrap()
}

/// A hole that is not its own mirror image, or that mirrored.
fn corner(images: &ImageBatch, orientation: Orientation) -> CorruptedImages {
    let hole = |row: usize, col: usize| (4..12).contains(&row) && (3..13).contains(&col);
    let mask = match orientation {
        Orientation::Upright => Mask::from_missing(SIZE, SIZE, hole),
        Orientation::Mirrored => {
            Mask::from_missing(SIZE, SIZE, |row, col| hole(row, SIZE - 1 - col))
        }
    };
    CorruptedImages::new(images, &mask.unwrap()).unwrap()
}

fn turned(images: &ImageBatch) -> ImageBatch {
    ImageBatch::new(mirrored(images.tensor()).unwrap()).unwrap()
}

/// Every kind of start, and every answer.
fn settings() -> Vec<SearchConfig> {
    let several = mirroring();
    let encoder = LatentStart::Encoder { spread: 0.5 };
    let with = |start, answer: &str| SearchConfig {
        start,
        answer: answer.parse().unwrap(),
        ..several
    };
    vec![
        several,
        with(LatentStart::Nearest { candidates: 40 }, "best"),
        with(encoder, "mean:4:guess:0.4"),
        SearchConfig {
            restarts: 8,
            halve_every: Some(3),
            ..with(LatentStart::Nearest { candidates: 20 }, "mean:4")
        },
        SearchConfig {
            engine: Engine::Plain,
            constraint: LatentConstraint::StochasticClip { bound: 0.3 },
            ..with(LatentStart::Normal, "mean:2")
        },
        SearchConfig {
            optimizer: "lbfgs:5".parse().unwrap(),
            engine: Engine::Frozen {
                favor: Favor::Throughput,
                precision: Precision::Bf16,
            },
            ..several
        },
    ]
}

#[test]
fn the_answer_to_mirrored_images_is_the_mirrored_answer() {
    let images = planted(&lively_generator(), 3);
    for settings in settings() {
        let answer = |images: &ImageBatch, orientation| {
            let corrupted = corner(images, orientation);
            lively(settings).search(&corrupted, &mut Silent).unwrap()
        };
        let upright = answer(&images, Orientation::Upright);
        let mirrored = answer(&turned(&images), Orientation::Mirrored);
        let back = turned(&mirrored.generated).to_values().unwrap();
        assert_eq!(upright.generated.to_values().unwrap(), back, "{settings:?}");
        assert_eq!(upright.objective, mirrored.objective);
        // The same latent is the best of both, and found for the other orientation.
        for index in 0..3 {
            assert_ne!(upright.orientation[index], mirrored.orientation[index]);
            assert_eq!(upright.restart[index] ^ 1, mirrored.restart[index]);
        }
    }
}

#[test]
fn without_mirroring_the_answer_to_mirrored_images_is_another() {
    let images = planted(&lively_generator(), 1);
    let settings = SearchConfig {
        mirror: Mirroring::None,
        ..mirroring()
    };
    let answer = |images: &ImageBatch, orientation| {
        let corrupted = corner(images, orientation);
        lively(settings).search(&corrupted, &mut Silent).unwrap()
    };
    let upright = answer(&images, Orientation::Upright);
    let mirrored = answer(&turned(&images), Orientation::Mirrored);
    assert_ne!(upright.objective, mirrored.objective);
    assert_eq!(upright.orientation, [Orientation::Upright]);
}

#[test]
fn a_mirrored_completion_is_what_its_latent_generates_mirrored_back() {
    let corrupted = corner(&planted(&lively_generator(), 2), Orientation::Upright);
    let search = lively(mirroring());
    let ranked = search.completions(&corrupted, &mut Silent).unwrap();
    assert_eq!(ranked.ranks.len(), 4);
    let mut num_mirrored = 0;
    for rank in &ranked.ranks {
        let made = search
            .generator()
            .forward(&rank.latent, Mode::Eval)
            .unwrap();
        for index in 0..2 {
            let made = made.narrow(index, 1).unwrap();
            let upright = match rank.orientation[index] {
                Orientation::Upright => made,
                Orientation::Mirrored => {
                    num_mirrored += 1;
                    turned(&made)
                }
            };
            let shown = rank.generated.narrow(index, 1).unwrap();
            let pairs = shown.to_values().unwrap().into_iter();
            for (shown, made) in pairs.zip(upright.to_values().unwrap()) {
                assert!((shown - made).abs() < 1e-4, "{shown} {made}");
            }
        }
    }
    assert_eq!(num_mirrored, 4);
}

#[test]
fn mirrored_searches_know_neither_hidden_pixels_nor_other_images() {
    let images = planted(&lively_generator(), 5);
    let noise = Rng::from_seed(70).uniform(-9.0, 9.0, images.tensor().shape(), &Device::Cpu);
    let noise = ImageBatch::new(noise.unwrap()).unwrap();
    for settings in settings() {
        let corrupted = corner(&images, Orientation::Upright);
        let (together, result) = complete(lively(settings), &corrupted);
        let disturbed = corrupted.overlay(&noise).unwrap();
        let disturbed = corner(&disturbed, Orientation::Upright);
        let (poisoned, _) = complete(lively(settings), &disturbed);
        assert_eq!(poisoned, together, "{settings:?}");
        for index in [0, 4] {
            let single = corrupted.narrow(index, 1).unwrap();
            let (alone, lone) = complete(lively(settings), &single);
            assert_eq!(alone, one(&together, index), "{settings:?}");
            assert_eq!(lone.restart[0], result.restart[index]);
        }
        let truth = images.to_values().unwrap();
        for (place, (completed, truth)) in together.iter().zip(truth).enumerate() {
            let pixel = place % (SIZE * SIZE);
            if corrupted.mask().is_known(0, pixel / SIZE, pixel % SIZE) {
                assert_eq!(completed.to_bits(), truth.to_bits());
            }
        }
    }
}

#[test]
fn one_restart_cannot_mirror_every_second() {
    let lone = SearchConfig {
        restarts: 1,
        answer: SearchAnswer::Best,
        ..mirroring()
    };
    let message = lone.validate().unwrap_err().to_string();
    assert!(message.contains("at least 2"), "{message}");
    for text in ["none", "alternate"] {
        assert_eq!(text.parse::<Mirroring>().unwrap().to_string(), text);
    }
    let message = "both".parse::<Mirroring>().unwrap_err().to_string();
    assert!(message.contains("none or alternate"), "{message}");
}
