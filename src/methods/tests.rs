mod auto;
mod encoders;
mod latent_space;
mod weights;

use std::collections::HashSet;

use semantic_inpaint_context_encoder::{
    Connection, ContextEncoder, ContextEncoderConfig, ContextEncoderModel, Output,
};
use semantic_inpaint_data::{Framing, ImageSet, Photo};
use semantic_inpaint_dcgan::{
    DcganConfig, DcganDiscriminator, DcganGenerator, DcganModel, ModelCard,
};
use semantic_inpaint_latent_search::{Blend, SearchConfig, SearchObserver, SearchProgress, Silent};
use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng, Tensor};

use super::{Method, MethodContext, MethodName, Requirement, WorkingSize};
use crate::{Crop, Error, Inpainter, Result};

const SIZE: usize = 32;
const README: &str = include_str!("../../README.md");

fn model(image_channels: usize) -> DcganModel {
    let config = DcganConfig {
        latent_len: 8,
        generator_channels: 4,
        discriminator_channels: 4,
        image_size_px: SIZE,
        image_channels,
        ..DcganConfig::default()
    };
    let (rng, cpu) = (&mut Rng::from_seed(1), &Device::Cpu);
    DcganModel {
        generator: DcganGenerator::initialize(config, rng, cpu).unwrap(),
        discriminator: Some(DcganDiscriminator::initialize(config, rng, cpu).unwrap()),
        card: ModelCard {
            steps: 7,
            ..ModelCard::default()
        },
    }
}

fn encoder(output: Output, mask: &str) -> ContextEncoderModel {
    let config = ContextEncoderConfig {
        image_size_px: SIZE,
        base_channels: 4,
        connection: Connection::Bottleneck { len: 8 },
        output,
        ..ContextEncoderConfig::default()
    };
    let seed = mask.len() as u64;
    let network = ContextEncoder::initialize(config, &mut Rng::from_seed(seed), &Device::Cpu);
    ContextEncoderModel {
        network: network.unwrap(),
        masks: vec![mask.parse().unwrap()],
        card: ModelCard::default(),
    }
}

fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut rng = Rng::from_seed(seed);
    (0..len).map(|_| rng.next_index(256) as u8).collect()
}

fn photo(height: usize, width: usize, seed: u64) -> Photo {
    Photo::from_rgb(height, width, noise(3 * height * width, seed)).unwrap()
}

fn training_set() -> ImageSet {
    let photos = (0..6).map(|seed| (format!("{seed}.png"), photo(SIZE, SIZE, 50 + seed)));
    ImageSet::from_photos("drawn", Framing::CenterCrop, SIZE, photos.collect()).unwrap()
}

fn quick(seed: u64) -> SearchConfig {
    SearchConfig {
        iterations: 3,
        seed,
        ..SearchConfig::paper()
    }
}

/// Every method there is, ready.
fn methods() -> Vec<Method> {
    let (model, set, encoders) = (
        model(3),
        training_set(),
        [encoder(Output::Whole, "pixels:0.4")],
    );
    let context = MethodContext {
        model: Some(&model),
        model_name: "tiny",
        search: quick(4),
        context_encoders: &encoders,
        training_set: Some(&set),
        ..MethodContext::default()
    };
    let built = MethodName::all()
        .iter()
        .map(|&name| Method::build(name, &context));
    built.collect::<Result<_>>().unwrap()
}

/// Three holes: a square, a corner with a side of the image, and scattered pixels.
fn masks() -> Mask {
    let specks = noise(SIZE * SIZE, 9);
    let holes: [&dyn Fn(usize, usize) -> bool; 3] = [
        &|row, col| (10..19).contains(&row) && (12..22).contains(&col),
        &|row, col| row < 7 || (row < 12 && col < 9),
        &|row, col| specks[row * SIZE + col] < 60,
    ];
    let masks = holes.map(|hole| Mask::from_missing(SIZE, SIZE, hole).unwrap());
    Mask::stack(&masks).unwrap()
}

fn truth() -> Vec<f32> {
    let levels = noise(3 * 3 * SIZE * SIZE, 2).into_iter();
    levels.map(|level| f32::from(level) / 127.5 - 1.0).collect()
}

fn batch(values: Vec<f32>) -> ImageBatch {
    ImageBatch::from_values(values, ImageShape::square_rgb(SIZE), &Device::Cpu).unwrap()
}

/// The values with those of missing pixels replaced.
fn with_hole(values: &[f32], masks: &Mask, fill: impl Fn(usize) -> f32) -> Vec<f32> {
    let pixels = SIZE * SIZE;
    let value = |(at, &value): (usize, &f32)| {
        let (image, pixel) = (at / (3 * pixels), at % pixels);
        if masks.is_known(image, pixel / SIZE, pixel % SIZE) {
            value
        } else {
            fill(at)
        }
    };
    values.iter().enumerate().map(value).collect()
}

fn bits(images: &ImageBatch) -> Vec<u32> {
    let values = images.to_values().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

#[test]
fn what_a_hole_hides_has_no_influence_on_any_method() {
    let (masks, truth) = (masks(), truth());
    let other = noise(truth.len(), 77);
    let hidden = [
        with_hole(&truth, &masks, |at| f32::from(other[at]) / 127.5 - 1.0),
        with_hole(&truth, &masks, |_| f32::NAN),
    ];
    for method in methods() {
        let completed = |values: Vec<f32>| {
            let corrupted = CorruptedImages::new(&batch(values), &masks).unwrap();
            method.complete(&corrupted).unwrap()
        };
        let expected = completed(truth.clone());
        expected.check_range().unwrap();
        for values in &hidden {
            let got = completed(values.clone());
            assert_eq!(bits(&got), bits(&expected), "{}", method.name());
        }
    }
}

#[test]
fn every_method_keeps_known_pixels_and_fills_the_others() {
    let (masks, truth) = (masks(), batch(truth()));
    let corrupted = CorruptedImages::new(&truth, &masks).unwrap();
    for method in methods() {
        let completed = method.complete(&corrupted).unwrap();
        let kept = corrupted.overlay(&completed).unwrap();
        assert_eq!(bits(&kept), bits(&completed), "{}", method.name());
        let gray = with_hole(&completed.to_values().unwrap(), &masks, |_| 0.0);
        assert_ne!(completed.to_values().unwrap(), gray, "{}", method.name());
    }
}

#[test]
fn an_image_alone_is_completed_as_in_its_batch_by_every_method() {
    let corrupted = CorruptedImages::new(&batch(truth()), &masks()).unwrap();
    for method in methods() {
        let together = method.complete(&corrupted).unwrap();
        for index in 0..3 {
            let own = corrupted.narrow(index, 1).unwrap();
            let alone = method.complete(&own).unwrap();
            let expected = together.narrow(index, 1).unwrap();
            assert_eq!(bits(&alone), bits(&expected), "{}", method.name());
        }
    }
}

#[test]
fn photos_of_any_size_go_through_every_method_without_a_leak() {
    let (height, width) = (50, 90);
    let specks = noise(height * width, 3);
    let holes: [&dyn Fn(usize, usize) -> bool; 3] = [
        &|row, col| (20..35).contains(&row) && (60..75).contains(&col),
        &|row, col| row < 46 && col < 30,
        &|row, col| specks[row * width + col] < 30,
    ];
    let masks = holes.map(|hole| Mask::from_missing(height, width, hole).unwrap());
    let (first, hidden) = (photo(height, width, 1), photo(height, width, 2));
    for (method, crop) in methods().into_iter().flat_map(|method| {
        [Crop::AroundHole, Crop::CenteredSquare].map(|crop| (method.clone(), crop))
    }) {
        let inpainter = Inpainter::from_method(method).with_crop(crop);
        for mask in &masks {
            let name = inpainter.method().name();
            let mut other = first.clone();
            let pixels = other.rgb_mut().chunks_exact_mut(3);
            let pixels = pixels.zip(hidden.rgb().chunks_exact(3)).zip(mask.known(0));
            for ((pixel, hidden), _) in pixels.filter(|(_, is_known)| !**is_known) {
                pixel.copy_from_slice(hidden);
            }
            let completed = inpainter.inpaint(&first, mask).unwrap();
            assert_eq!(
                completed,
                inpainter.inpaint(&other, mask).unwrap(),
                "{name}"
            );
            let pairs = completed
                .rgb()
                .chunks_exact(3)
                .zip(first.rgb().chunks_exact(3));
            for ((after, before), is_known) in pairs.zip(mask.known(0)) {
                assert!(!is_known || after == before, "{name}");
            }
        }
    }
}

#[test]
fn photos_in_company_are_completed_as_alone_by_every_method() {
    let sizes = [(SIZE, SIZE), (SIZE, SIZE), (40, 60)];
    let photos: Vec<Photo> = (0..3)
        .map(|at| photo(sizes[at].0, sizes[at].1, at as u64))
        .collect();
    let masks: Vec<Mask> = sizes
        .iter()
        .map(|&(h, w)| Mask::from_missing(h, w, |row, col| row < 9 && col < 7).unwrap())
        .collect();
    for method in methods() {
        let has_search = method.search().is_some();
        let inpainter = Inpainter::from_method(method);
        let together = inpainter
            .inpaint_batch(&photos, &masks, &mut Silent)
            .unwrap();
        assert_eq!(together.len(), 3);
        for ((completion, photo), mask) in together.iter().zip(&photos).zip(&masks) {
            let name = inpainter.method().name();
            assert_eq!(
                completion.photo,
                inpainter.inpaint(photo, mask).unwrap(),
                "{name}"
            );
            assert_eq!(completion.search.is_some(), has_search, "{name}");
            let (seen, made) = (&completion.corrupted, &completion.completed_crop);
            assert_eq!((seen.height(), seen.width()), (made.height(), made.width()));
        }
    }
}

#[test]
fn methods_of_any_size_work_on_the_photos_own_pixels_up_to_their_bound() {
    for method in methods() {
        let WorkingSize::Any { max_pixels } = method.working_size() else {
            continue;
        };
        let side = max_pixels.isqrt();
        assert_eq!(side * side, max_pixels);
        let row = format!("| `{}` |", method.name());
        let row = README.lines().find(|line| line.starts_with(&row)).unwrap();
        assert!(row.ends_with(&format!("| {side}x{side} |")), "{row}");
        // A hole of three pixels: cheap on the largest window there is.
        let (height, width) = (side, side);
        let mask = Mask::from_missing(height, width, |row, col| row == 5 && col < 3).unwrap();
        let frame = crate::PhotoFrame::at_photo_resolution(&mask, Crop::LargestSquare, max_pixels);
        assert_eq!(frame.unwrap().scale(), 1.0);
    }
}

#[test]
fn names_round_trip_and_are_told_with_what_they_need() {
    let mut seen = HashSet::new();
    for &name in MethodName::all() {
        assert!(seen.insert(name) && !name.description().is_empty());
        assert_eq!(name.to_string().parse::<MethodName>().unwrap(), name);
        let built = Method::build(name, &MethodContext::default());
        match (name.requirement(), built) {
            (Requirement::Nothing, Ok(method)) => assert_eq!(method.name(), name),
            (Requirement::Model, Err(Error::MissingModel { method }))
            | (Requirement::TrainingSet, Err(Error::MissingTrainingSet { method })) => {
                assert_eq!(method, name);
            }
            (Requirement::ContextEncoder, Err(Error::NoEncoder)) => {}
            (requirement, built) => panic!("{name}: {requirement:?} gives {built:?}"),
        }
    }
    let message = "patchmatch".parse::<MethodName>().unwrap_err().to_string();
    assert!(
        message.contains("patch-completion, nearest-image"),
        "{message}"
    );
}

#[test]
fn settings_are_one_line_that_tells_models_seeds_and_training_sets_apart() {
    let (model, set, encoders) = (
        model(3),
        training_set(),
        [encoder(Output::Whole, "square:8")],
    );
    let settings = |name: MethodName, seed: u64, set: &ImageSet| {
        let context = MethodContext {
            model: Some(&model),
            model_name: "tiny",
            search: quick(seed),
            context_encoders: &encoders,
            training_set: Some(set),
            ..MethodContext::default()
        };
        Method::build(name, &context).unwrap().settings()
    };
    let fewer = set.first(5).unwrap();
    for &name in MethodName::all() {
        let first = settings(name, 1, &set);
        assert!(
            first.starts_with(&format!("{name}: ")) && !first.contains('\n'),
            "{first}"
        );
        let draws = matches!(
            name,
            MethodName::Latent
                | MethodName::Auto
                | MethodName::TextureSynthesis
                | MethodName::PatchCompletion
        );
        assert_eq!(first != settings(name, 2, &set), draws, "{first}");
        let has_set = name.requirement() == Requirement::TrainingSet;
        assert_eq!(first != settings(name, 1, &fewer), has_set, "{first}");
    }
    assert!(settings(MethodName::Latent, 1, &set).contains("tiny of 7 steps"));
}

#[test]
fn one_search_gives_both_blendings_and_other_methods_one_result() {
    #[derive(Default)]
    struct Count(usize);
    impl SearchObserver for Count {
        fn iterated(&mut self, _progress: &SearchProgress) {
            self.0 += 1;
        }
    }
    let corrupted = CorruptedImages::new(&batch(truth()), &masks()).unwrap();
    for method in methods() {
        let (method, mut count) = (method.with_label("mine"), Count::default());
        let variants = method.complete_variants(&corrupted, &mut count).unwrap();
        let labels: Vec<&str> = variants.iter().map(|v| v.label.as_str()).collect();
        let is_alone = method.name() == MethodName::Latent;
        let Some(search) = method.search().copied().filter(|_| is_alone) else {
            let iterations = method.search().map_or(0, |search| search.iterations);
            assert_eq!((labels, count.0), (vec!["mine"], iterations));
            let completed = method.complete(&corrupted).unwrap();
            assert_eq!(bits(&variants[0].completed), bits(&completed));
            continue;
        };
        assert_eq!(labels, ["mine (overlay)", "mine (poisson)"]);
        assert_eq!(count.0, 3);
        for (variant, blend) in variants.iter().zip([Blend::Overlay, Blend::Poisson]) {
            let own = method.clone().with_search(SearchConfig { blend, ..search });
            let completed = own.complete(&corrupted).unwrap();
            assert_eq!(bits(&variant.completed), bits(&completed), "{blend}");
        }
    }
}

#[test]
fn models_of_gray_images_and_wrong_settings_are_refused() {
    let (gray, colored) = (model(1), model(3));
    let refused = |model: &DcganModel, search: SearchConfig| {
        let context = MethodContext {
            model: Some(model),
            search,
            ..MethodContext::default()
        };
        Method::build(MethodName::Latent, &context).unwrap_err()
    };
    assert!(matches!(
        refused(&gray, quick(1)),
        Error::ModelChannels { got: 1 }
    ));
    let none = SearchConfig {
        iterations: 0,
        ..quick(1)
    };
    assert!(matches!(refused(&colored, none), Error::Search(_)));
}
