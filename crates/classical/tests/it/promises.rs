use proptest::prelude::*;
use semantic_inpaint_classical::{
    Biharmonic, Error, Harmonic, MeanImage, NearestImage, NearestImageConfig, PatchCompletion,
    Seam, Telea, TeleaConfig, TextureSynthesis, TextureSynthesisConfig, TotalVariation,
    TruncatedNuclearNorm, TruncatedNuclearNormConfig,
};
use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask, MaskShape};
use semantic_inpaint_tensor::{DType, Device, ImageBatch, ImageShape, Rng};

use crate::material::batch;

type Method = Box<dyn Inpainter<Error = Error>>;

const SHAPES: [&str; 13] = [
    "square:10",
    "circle:9",
    "blocks:2x2:10",
    "blocks:5x3:4",
    "half:left",
    "half:right",
    "half:top",
    "half:bottom",
    "half:random",
    "pixels:0.3",
    "pixels:0.8",
    "pattern:0.25",
    "strokes",
];

fn noise(shape: ImageShape, count: usize, seed: u64) -> ImageBatch {
    let dims = (count, shape.channels, shape.height, shape.width);
    let tensor = Rng::from_seed(seed).uniform(-1.0, 1.0, dims, &Device::Cpu);
    ImageBatch::new(tensor.unwrap()).unwrap()
}

/// One of every method, with settings that are quick on small images.
fn methods(shape: ImageShape) -> Vec<Method> {
    let training = noise(shape, 5, 77);
    let nearest = |seam| {
        let config = NearestImageConfig {
            seam,
            context_px: 3,
        };
        NearestImage::new(&training, config).unwrap()
    };
    let window = TextureSynthesisConfig {
        window_px: 5,
        ..TextureSynthesisConfig::default()
    };
    let low_rank = TruncatedNuclearNormConfig {
        rounds: 2,
        iterations: 20,
        ..TruncatedNuclearNormConfig::default()
    };
    vec![
        Box::new(Harmonic),
        Box::new(Biharmonic),
        Box::new(Telea::default()),
        Box::new(Telea::new(TeleaConfig { radius_px: 6 }).unwrap()),
        Box::new(TotalVariation::default()),
        Box::new(TruncatedNuclearNorm::new(low_rank).unwrap()),
        Box::new(TextureSynthesis::new(window).unwrap()),
        Box::new(PatchCompletion::default()),
        Box::new(nearest(Seam::Paste)),
        Box::new(nearest(Seam::Membrane)),
        Box::new(MeanImage::new(&training).unwrap()),
    ]
}

/// The bits of the completed images.
fn bits(method: &Method, corrupted: &CorruptedImages) -> Vec<u32> {
    let completed = method.inpaint(corrupted).unwrap();
    assert_eq!(completed.shape(), corrupted.images().shape());
    let values = completed.to_values().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

/// The truth with other values in the hole, some of them not even numbers.
fn with_other_holes(truth: &ImageBatch, mask: &Mask, seed: u64) -> ImageBatch {
    let mut values = truth.to_values().unwrap();
    let mut rng = Rng::from_seed_and_stream(seed, 9);
    let shape = truth.shape();
    for (at, value) in values.iter_mut().enumerate() {
        let (image, pixel) = (at / shape.num_values(), at % shape.num_pixels());
        let index = if mask.count() == 1 { 0 } else { image };
        if !mask.is_known(index, pixel / shape.width, pixel % shape.width) {
            *value = match rng.next_index(5) {
                0 => f32::NAN,
                1 => f32::INFINITY,
                _ => rng.next_unit() as f32 * 40.0 - 20.0,
            };
        }
    }
    ImageBatch::from_values(values, shape, &Device::Cpu).unwrap()
}

fn check_promises(truth: &ImageBatch, mask: &Mask, seed: u64) {
    let shape = truth.shape();
    let corrupted = CorruptedImages::new(truth, mask).unwrap();
    let disguised = CorruptedImages::new(&with_other_holes(truth, mask, seed), mask).unwrap();
    let truth = truth.to_values().unwrap();
    for method in methods(shape) {
        let name = method.name();
        let completed = bits(&method, &corrupted);
        for (at, (&got, want)) in completed.iter().zip(&truth).enumerate() {
            let (image, pixel) = (at / shape.num_values(), at % shape.num_pixels());
            let masks = corrupted.mask();
            if masks.is_known(image, pixel / shape.width, pixel % shape.width) {
                assert_eq!(got, want.to_bits(), "{name}: known value {at}");
            }
            let got = f32::from_bits(got);
            assert!((-1.0..=1.0).contains(&got), "{name}: {got} at {at}");
        }
        assert_eq!(
            completed,
            bits(&method, &disguised),
            "{name} looks into holes"
        );
        assert_eq!(
            completed,
            bits(&method, &corrupted),
            "{name} is not repeatable"
        );
        for image in 0..corrupted.count() {
            let alone = bits(&method, &corrupted.narrow(image, 1).unwrap());
            let size = shape.num_values();
            assert_eq!(
                completed[image * size..][..size],
                alone,
                "{name}: image {image} depends on its batch"
            );
        }
    }
}

#[test]
fn every_method_keeps_its_promises_on_every_mask_shape() {
    let shape = ImageShape {
        channels: 3,
        height: 22,
        width: 26,
    };
    for (seed, spec) in SHAPES.iter().enumerate() {
        let seed = seed as u64;
        let spec: MaskShape = spec.parse().unwrap();
        let mask = spec.build(22, 26, &mut Rng::from_seed(seed)).unwrap();
        check_promises(&noise(shape, 2, seed), &mask, seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_method_keeps_its_promises_on_any_masks_and_sizes(
        height in 1_usize..14,
        width in 2_usize..14,
        channels in prop::sample::select(vec![1_usize, 3]),
        density in 0.05..0.95_f64,
        seed in any::<u64>(),
    ) {
        let mut rng = Rng::from_seed(seed);
        let mask = |rng: &mut Rng| {
            Mask::from_missing(height, width, |row, col| match row * width + col {
                0 => false,
                1 => true,
                _ => rng.next_unit() < density,
            })
        };
        let masks = [mask(&mut rng).unwrap(), mask(&mut rng).unwrap()];
        let shape = ImageShape { channels, height, width };
        check_promises(&noise(shape, 2, seed), &Mask::stack(&masks).unwrap(), seed);
    }
}

#[test]
fn a_single_known_pixel_is_enough() {
    let shape = ImageShape::square_rgb(9);
    let mask = Mask::from_known(9, 9, |row, col| (row, col) == (3, 8)).unwrap();
    check_promises(&noise(shape, 1, 3), &mask, 3);
}

#[test]
fn a_mask_without_a_known_pixel_is_an_error() {
    let error = Error::from(Mask::from_missing(4, 4, |_, _| true).unwrap_err());
    let text = "mask 0 is all hole: 16 of 16 pixels are missing: leave at least one pixel known";
    assert_eq!(error.to_string(), text);
}

#[test]
fn known_values_that_are_not_finite_are_an_error_with_their_place() {
    let mut values = vec![0.0; 2 * 20];
    values[20 + 13] = f32::NAN;
    let truth = batch(1, 4, 5, values);
    let mask = Mask::from_missing(4, 5, |row, col| (row, col) == (1, 1)).unwrap();
    let corrupted = CorruptedImages::new(&truth, &mask).unwrap();
    for method in methods(truth.shape()) {
        let error = method.inpaint(&corrupted).unwrap_err();
        let place = Error::NotFinite {
            image: 1,
            row: 2,
            col: 3,
        };
        assert_eq!(error.to_string(), place.to_string());
    }
}

#[test]
fn completed_images_have_the_type_of_the_corrupted_ones() {
    let truth = noise(ImageShape::square_rgb(8), 1, 5);
    let mask = Mask::from_missing(8, 8, |row, col| row + col == 7).unwrap();
    for dtype in [DType::F64, DType::BF16] {
        let images = ImageBatch::new(truth.tensor().to_dtype(dtype).unwrap()).unwrap();
        let corrupted = CorruptedImages::new(&images, &mask).unwrap();
        let completed = Harmonic.inpaint(&corrupted).unwrap();
        assert_eq!(completed.tensor().dtype(), dtype);
    }
}

#[test]
fn names_are_unlike_each_other_in_kebab_case() {
    let methods = methods(ImageShape::square_rgb(8));
    let mut names: Vec<String> = methods.iter().map(|method| method.name()).collect();
    names.dedup();
    assert_eq!(names.len(), 9);
    let is_kebab = |name: &String| name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    assert!(names.iter().all(is_kebab), "{names:?}");
}
