use std::collections::HashMap;

use ndarray::Array2;
use proptest::prelude::*;
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng, Tensor};
use testkit::{golden, golden_metadata, images_from_levels};

use crate::sliced_wasserstein::Probe;
use crate::{
    Error, PyramidSet, SlicedWassersteinConfig, ThumbnailSet, duplicates, halves, memorization,
    sliced_wasserstein,
};

const GOLDEN: &str = "generator_scores";
/// f32 pyramids and projections against f64, relative to the distance.
const DISTANCE_TOLERANCE: f64 = 1e-5;
/// f32 sums of some hundred squares against f64.
const NEIGHBOR_TOLERANCE: f64 = 1e-6;

/// Few patches and directions, for quick tests.
const QUICK: SlicedWassersteinConfig = SlicedWassersteinConfig {
    patches_per_image: 32,
    num_directions: 48,
    seed: 5,
};

fn tensors() -> HashMap<String, Tensor> {
    golden(env!("CARGO_MANIFEST_DIR"), GOLDEN)
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn pyramids(images: &ImageBatch) -> PyramidSet {
    let mut set = PyramidSet::new(images.shape()).unwrap();
    set.add(images).unwrap();
    set
}

fn thumbnails(images: &ImageBatch) -> ThumbnailSet {
    let mut set = ThumbnailSet::new(images.shape());
    set.add(images).unwrap();
    set
}

fn images_of(tensors: &HashMap<String, Tensor>, name: &str) -> ImageBatch {
    ImageBatch::new(images_from_levels(&tensors[name])).unwrap()
}

/// Smooth images that differ from each other: waves of random directions and colors.
fn waves(count: usize, size_px: usize, seed: u64) -> ImageBatch {
    let shape = ImageShape::square_rgb(size_px);
    let mut rng = Rng::from_seed(seed);
    let mut values = Vec::new();
    for _ in 0..count * 3 {
        let [down, right, phase] = std::array::from_fn(|_| 12.0 * rng.next_unit());
        values.extend((0..shape.num_pixels()).map(|pixel| {
            let (row, col) = ((pixel / size_px) as f64, (pixel % size_px) as f64);
            let angle = (down * row + right * col) / size_px as f64 + phase;
            (0.6 * angle.cos()) as f32
        }));
    }
    ImageBatch::from_values(values, shape, &Device::Cpu).unwrap()
}

fn with_noise(images: &ImageBatch, deviation: f32, seed: u64) -> ImageBatch {
    let noise = Rng::from_seed(seed)
        .normal(0.0, deviation, images.tensor().dims(), &Device::Cpu)
        .unwrap();
    ImageBatch::new((images.tensor() + noise).unwrap()).unwrap()
}

/// Means over blocks of 2^`halvings` pixels, at the images' own size.
fn blurred(images: &ImageBatch, halvings: u32) -> ImageBatch {
    let (block, size_px) = (1 << halvings, images.shape().height);
    let small = images.tensor().avg_pool2d(block).unwrap();
    ImageBatch::new(small.upsample_nearest2d(size_px, size_px).unwrap()).unwrap()
}

fn distance(first: &ImageBatch, second: &ImageBatch) -> f64 {
    let (first, second) = (pyramids(first), pyramids(second));
    sliced_wasserstein(&first, &second, &QUICK).unwrap().mean
}

#[test]
fn pyramids_and_distances_equal_numpy() {
    let tensors = tensors();
    let sets = ["swd.first", "swd.second"].map(|name| pyramids(&images_of(&tensors, name)));
    let expected = numbers(&tensors["swd.distances"]);
    for (index, expected) in expected.into_iter().enumerate() {
        let [first, second] = [&sets[0], &sets[1]].map(|set| &set.levels()[index]);
        let level = floats(&tensors[&format!("swd.level{index}")]);
        assert_eq!(first.images[0].len(), level.len());
        let mut pairs = first.images[0].iter().zip(&level);
        assert!(
            pairs.all(|(found, expected)| (found - expected).abs() < 1e-6),
            "level {index}"
        );

        let found = probe(&tensors, index).distance(first, second);
        let error = (found - expected).abs() / expected;
        assert!(error < DISTANCE_TOLERANCE, "{found} vs {expected}");
    }
}

/// The golden file's patches and directions of a level.
fn probe(tensors: &HashMap<String, Tensor>, level: usize) -> Probe {
    let corners: Vec<Vec<Vec<u32>>> = tensors[&format!("swd.corners{level}")].to_vec3().unwrap();
    let corner = |place: &Vec<u32>| (place[0] as usize, place[1] as usize);
    let directions = &tensors[&format!("swd.directions{level}")];
    let dims = directions.dims2().unwrap();
    Probe {
        corners: corners
            .iter()
            .map(|of_image| of_image.iter().map(corner).collect())
            .collect(),
        directions: Array2::from_shape_vec(dims, floats(directions)).unwrap(),
    }
}

#[test]
fn neighbors_duplicates_and_memorization_equal_numpy() {
    let tensors = tensors();
    let [real, samples, training] = ["real", "samples", "training"]
        .map(|name| thumbnails(&images_of(&tensors, &format!("neighbors.{name}"))));
    let found = duplicates(&samples, &real).unwrap();
    let threshold = numbers(&tensors["neighbors.threshold"])[0];
    assert!((found.threshold - threshold).abs() < NEIGHBOR_TOLERANCE);
    for (name, set, repetition) in [
        ("real", &real, found.real),
        ("samples", &samples, found.samples),
    ] {
        let expected = |what: &str| &tensors[&format!("neighbors.{name}.{what}")];
        let indices: Vec<u32> = expected("indices").to_vec1().unwrap();
        let distances = numbers(expected("distances"));
        for (index, neighbor) in set.nearest_others().unwrap().iter().enumerate() {
            assert_eq!(neighbor.index, indices[index] as usize, "{name} {index}");
            assert!((neighbor.distance - distances[index]).abs() < NEIGHBOR_TOLERANCE);
        }
        let [median, share, pairs] = numbers(expected("repetition"))[..] else {
            panic!("three numbers")
        };
        assert!((repetition.nearest_other - median).abs() < NEIGHBOR_TOLERANCE);
        assert_eq!(
            (repetition.share, repetition.num_pairs as f64),
            (share, pairs)
        );
        assert_eq!(repetition.support, Some(12.0 * 11.0 / 2.0 / pairs));
    }
    let found = memorization(&samples, &real, &training).unwrap();
    let found = [
        found.samples,
        found.held_out,
        found.ratio,
        found.nearer_than_held_out,
        found.copies,
    ];
    let expected = numbers(&tensors["neighbors.memorization"]);
    for (found, expected) in found.iter().zip(&expected) {
        assert!(
            (found - expected).abs() < NEIGHBOR_TOLERANCE,
            "{found} vs {expected}"
        );
    }
}

#[test]
fn the_golden_file_of_generator_scores_says_where_it_comes_from() {
    let metadata = golden_metadata(env!("CARGO_MANIFEST_DIR"), GOLDEN);
    for key in ["script", "description", "seed", "python", "numpy"] {
        assert!(metadata.contains_key(key), "{key}");
    }
}

#[test]
fn the_distance_of_a_set_to_itself_is_zero_and_symmetric_to_others() {
    let (first, second) = (waves(6, 32, 1), waves(6, 32, 2));
    assert_eq!(distance(&first, &first), 0.0);
    assert!(distance(&first, &second) > 1.0);
    assert_eq!(distance(&first, &second), distance(&second, &first));
}

#[test]
fn the_distance_is_a_function_of_the_seed_and_of_no_number_of_threads() {
    let (first, second) = (pyramids(&waves(6, 32, 1)), pyramids(&waves(6, 32, 2)));
    let with = |seed: u64| {
        let config = SlicedWassersteinConfig { seed, ..QUICK };
        sliced_wasserstein(&first, &second, &config).unwrap()
    };
    let found = with(1);
    assert_ne!(found, with(2));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    assert_eq!(pool.unwrap().install(|| with(1)), found);
}

#[test]
fn the_distance_grows_with_noise_and_with_blur() {
    let images = waves(8, 32, 1);
    let mut last = 0.0;
    for deviation in [0.02, 0.1, 0.3] {
        let found = distance(&images, &with_noise(&images, deviation, 3));
        assert!(found > 1.2 * last, "{deviation}: {found} after {last}");
        last = found;
    }
    let sharp = with_noise(&images, 0.1, 4);
    last = 0.0;
    for halvings in [1, 2, 3] {
        let found = distance(&sharp, &blurred(&sharp, halvings));
        assert!(found > 1.2 * last, "{halvings}: {found} after {last}");
        last = found;
    }
}

#[test]
fn noise_shows_at_full_size_and_lost_color_at_the_last_level() {
    let images = waves(8, 64, 1);
    let levels = |other: &ImageBatch| -> Vec<f64> {
        let found = sliced_wasserstein(&pyramids(&images), &pyramids(other), &QUICK).unwrap();
        found.levels.iter().map(|level| level.distance).collect()
    };
    let noisy = levels(&with_noise(&images, 0.1, 3));
    assert!(noisy[0] > 3.0 * noisy[2], "{noisy:?}");
    let gray = images.tensor().mean_keepdim(1).unwrap();
    let gray = gray.broadcast_as(images.tensor().dims()).unwrap();
    let gray = levels(&ImageBatch::new(gray.contiguous().unwrap()).unwrap());
    assert!(gray[2] > 2.0 * noisy[2], "{gray:?} vs {noisy:?}");
}

#[test]
fn halves_of_one_distribution_are_nearer_than_another_distribution() {
    let images = waves(400, 16, 1);
    let [first, second] = halves(400, 200, &mut Rng::from_seed(2)).map(|indices| {
        let indices: Vec<u32> = indices.iter().map(|&index| index as u32).collect();
        let indices = Tensor::new(indices, &Device::Cpu).unwrap();
        ImageBatch::new(images.tensor().index_select(&indices, 0).unwrap()).unwrap()
    });
    let baseline = distance(&first, &second);
    let noisy = distance(&first, &with_noise(&second, 0.3, 9));
    assert!(noisy > 1.5 * baseline, "{noisy} vs {baseline}");
}

#[test]
fn sets_without_detail_have_finite_distances() {
    let shape = ImageShape::square_rgb(32);
    let flat = ImageBatch::from_values(vec![0.25; 4 * shape.num_values()], shape, &Device::Cpu);
    let flat = flat.unwrap();
    assert_eq!(distance(&flat, &flat), 0.0);
    let found = distance(&flat, &waves(4, 32, 1));
    assert!(found.is_finite() && found > 100.0, "{found}");
}

#[test]
fn sets_that_cannot_be_compared_are_refused() {
    let (four, five) = (pyramids(&waves(4, 32, 1)), pyramids(&waves(5, 32, 1)));
    let compare = |first: &PyramidSet, second: &PyramidSet, config: &SlicedWassersteinConfig| {
        sliced_wasserstein(first, second, config).unwrap_err()
    };
    let error = compare(&four, &five, &QUICK);
    assert!(matches!(
        error,
        Error::UnequalCounts {
            first: 4,
            second: 5
        }
    ));
    let error = compare(&four, &pyramids(&waves(4, 16, 1)), &QUICK);
    assert!(matches!(error, Error::ShapeMismatch { .. }));
    let empty = PyramidSet::new(ImageShape::square_rgb(32)).unwrap();
    assert!(matches!(
        compare(&empty, &empty, &QUICK),
        Error::TooFewImages { .. }
    ));
    for config in [
        SlicedWassersteinConfig {
            patches_per_image: 0,
            ..QUICK
        },
        SlicedWassersteinConfig {
            num_directions: 0,
            ..QUICK
        },
    ] {
        assert!(matches!(
            compare(&four, &four, &config),
            Error::TooLow { got: 0, .. }
        ));
    }

    let thumbnails = |count| thumbnails(&waves(count, 32, 1));
    assert!(matches!(
        duplicates(&thumbnails(2), &thumbnails(3)).unwrap_err(),
        Error::UnequalCounts {
            first: 2,
            second: 3
        }
    ));
    assert!(matches!(
        duplicates(&thumbnails(1), &thumbnails(1)).unwrap_err(),
        Error::TooFewImages {
            needed: 2,
            got: 1,
            ..
        }
    ));
    let none = ThumbnailSet::new(ImageShape::square_rgb(32));
    let error = memorization(&thumbnails(1), &none, &thumbnails(1)).unwrap_err();
    assert!(error.to_string().contains("held-out"), "{error}");
    let other = ThumbnailSet::new(ImageShape::square_rgb(16));
    assert!(matches!(
        none.nearest_in(&other),
        Err(Error::ShapeMismatch { .. })
    ));
}

#[test]
fn distinct_samples_have_no_duplicates_and_collapsed_ones_many() {
    let real = thumbnails(&waves(60, 32, 1));
    let distinct = duplicates(&thumbnails(&waves(60, 32, 2)), &real).unwrap();
    assert!(distinct.samples.share < 0.1, "{distinct:?}");
    assert!(distinct.real.share > 0.0);
    let three = waves(3, 32, 3);
    let collapsed = vec![three; 20];
    let collapsed = with_noise(&ImageBatch::concatenate(&collapsed).unwrap(), 0.02, 1);
    let collapsed = duplicates(&thumbnails(&collapsed), &real).unwrap();
    assert_eq!(collapsed.samples.share, 1.0);
    // Three kinds of twenty: 3 * 190 pairs, about as many as three equally likely images would give.
    assert_eq!(collapsed.samples.num_pairs, 570);
    assert!((collapsed.samples.support.unwrap() - 3.1).abs() < 0.1);
}

#[test]
fn mirrored_and_noisy_copies_of_training_images_are_memorized() {
    let (training, unseen) = (waves(40, 32, 1), waves(40, 32, 2));
    let score = |samples: &ImageBatch| {
        let held_out = thumbnails(&waves(40, 32, 3));
        memorization(&thumbnails(samples), &held_out, &thumbnails(&training)).unwrap()
    };
    let fresh = score(&unseen);
    assert!((0.7..1.4).contains(&fresh.ratio), "{fresh:?}");
    assert!(
        (0.3..0.7).contains(&fresh.nearer_than_held_out),
        "{fresh:?}"
    );
    let mirrored = training.tensor().flip(&[3]).unwrap();
    let copied = score(&with_noise(&ImageBatch::new(mirrored).unwrap(), 0.05, 4));
    assert!(copied.ratio < 0.2, "{copied:?}");
    assert_eq!((copied.nearer_than_held_out, copied.copies), (1.0, 1.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn brightness_and_contrast_of_both_sets_change_nothing(
        seed in 0_u64..1000,
        shift in -0.3_f64..0.3,
        factor in 0.5_f64..2.0,
    ) {
        let (first, second) = (waves(3, 32, seed), waves(3, 32, seed + 1));
        let changed = |images: &ImageBatch| {
            ImageBatch::new(images.tensor().affine(factor, shift).unwrap()).unwrap()
        };
        let plain = distance(&first, &second);
        let moved = distance(&changed(&first), &changed(&second));
        prop_assert!((plain - moved).abs() < 1e-3 * plain, "{} vs {}", plain, moved);
        // Each set is normalized by itself, so changing one alone is invisible, too.
        let one = distance(&first, &changed(&second));
        prop_assert!((plain - one).abs() < 1e-3 * plain, "{} vs {}", plain, one);
    }

    #[test]
    fn nearest_images_are_those_of_a_plain_search(seed in 0_u64..1000, count in 2_usize..12) {
        let images = waves(count, 16, seed);
        let values = images.to_values().unwrap();
        let all: Vec<&[f32]> = values.chunks(images.shape().num_values()).collect();
        let apart = |a: &[f32], b: &[f32]| -> f64 {
            let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
            (squares.sum::<f64>() / a.len() as f64).sqrt()
        };
        let found = thumbnails(&images).nearest_others().unwrap();
        for (index, neighbor) in found.iter().enumerate() {
            let others = (0..count).filter(|other| *other != index);
            let nearest = others.map(|other| apart(all[index], all[other])).fold(f64::MAX, f64::min);
            prop_assert!((neighbor.distance - nearest).abs() < 1e-6);
            prop_assert!((apart(all[index], all[neighbor.index]) - nearest).abs() < 1e-6);
        }
    }
}
