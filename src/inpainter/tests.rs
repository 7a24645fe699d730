use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_latent_search::{LatentStart, SearchProgress};
use semantic_inpaint_nn::Network as _;
use semantic_inpaint_tensor::Rng;

use super::*;

fn model(image_channels: usize) -> DcganModel {
    let config = DcganConfig {
        latent_len: 8,
        generator_channels: 4,
        discriminator_channels: 4,
        image_size_px: 32,
        image_channels,
        ..DcganConfig::default()
    };
    let (rng, cpu) = (&mut Rng::from_seed(1), &Device::Cpu);
    DcganModel {
        generator: DcganGenerator::initialize(config, rng, cpu).unwrap(),
        discriminator: Some(DcganDiscriminator::initialize(config, rng, cpu).unwrap()),
        card: semantic_inpaint_dcgan::ModelCard::default(),
    }
}

/// A model with weights so large that its images differ.
fn lively_model() -> DcganModel {
    let model = model(3);
    let mut tensors = model.generator.params().to_tensors().unwrap();
    for tensor in tensors.values_mut().filter(|tensor| tensor.rank() == 4) {
        *tensor = (tensor.clone() * 14.0).unwrap();
    }
    let config = *model.generator.config();
    DcganModel {
        generator: DcganGenerator::from_tensors(config, &tensors, &Device::Cpu).unwrap(),
        ..model
    }
}

fn inpainter() -> Inpainter {
    Inpainter::from_model(model(3))
        .unwrap()
        .with_search(SearchConfig {
            iterations: 4,
            ..SearchConfig::paper()
        })
}

fn photo(height: usize, width: usize, seed: usize) -> Photo {
    let value = |index: usize| ((index + seed) * 37 % 251) as u8;
    let rgb = (0..3 * height * width).map(value).collect();
    Photo::from_rgb(height, width, rgb).unwrap()
}

fn corner(height: usize, width: usize) -> Mask {
    Mask::from_missing(height, width, |row, col| row < 9 && col < 7).unwrap()
}

fn photos_and_masks() -> (Vec<Photo>, Vec<Mask>) {
    let sizes = [(32, 32), (70, 50), (20, 90)];
    let photos = sizes.iter().enumerate();
    (
        photos.map(|(seed, &(h, w))| photo(h, w, seed)).collect(),
        sizes.iter().map(|&(h, w)| corner(h, w)).collect(),
    )
}

#[test]
fn a_batch_gives_what_its_photos_give_alone_in_any_order() {
    let (mut photos, mut masks) = photos_and_masks();
    let inpainter = inpainter();
    let alone: Vec<Photo> = photos
        .iter()
        .zip(&masks)
        .map(|(photo, mask)| inpainter.inpaint(photo, mask).unwrap())
        .collect();
    let near = |a: &Photo, b: &Photo| {
        let pairs = a.rgb().iter().zip(b.rgb());
        a.rgb().len() == b.rgb().len() && { pairs }.all(|(a, b)| a.abs_diff(*b) <= 1)
    };
    for order in [[0, 1, 2], [2, 1, 0]] {
        let batch = inpainter
            .inpaint_batch(&photos, &masks, &mut Silent)
            .unwrap();
        for (completion, index) in batch.iter().zip(order) {
            assert!(near(&completion.photo, &alone[index]), "photo {index}");
            let search = completion.search.as_ref().unwrap();
            assert_eq!(search.objective.len(), 1);
            assert_eq!(search.latent.tensor().dims(), [1, 8]);
        }
        photos.reverse();
        masks.reverse();
    }
}

#[test]
fn a_completion_tells_what_the_model_saw_and_made() {
    let photo = photo(70, 50, 1);
    let mask = corner(70, 50);
    let completion = inpainter()
        .with_crop(Crop::LargestSquare)
        .inpaint_observed(&photo, &mask, &mut Silent)
        .unwrap();
    assert_eq!((completion.window.top, completion.window.side), (0, 50));
    for crop in [&completion.corrupted, &completion.completed_crop] {
        assert_eq!((crop.height(), crop.width()), (32, 32));
    }
    assert_eq!(completion.corrupted.rgb()[..3], [128; 3]);
    let search = completion.search.unwrap();
    assert_eq!((search.iterations, search.stopped), (4, false));
}

#[test]
fn an_observer_may_stop_and_gets_the_best_so_far() {
    struct Impatient(usize);
    impl SearchObserver for Impatient {
        fn iterated(&mut self, progress: &SearchProgress) {
            self.0 = progress.iteration;
        }

        fn wants_stop(&mut self) -> bool {
            self.0 >= 2
        }
    }
    let mut observer = Impatient(0);
    let completion = inpainter()
        .inpaint_observed(&photo(32, 32, 1), &corner(32, 32), &mut observer)
        .unwrap();
    let search = completion.search.unwrap();
    assert_eq!((search.iterations, search.stopped), (2, true));
}

#[test]
fn settings_and_devices_can_be_exchanged() {
    let inpainter = inpainter().with_preset(Preset::Authors);
    assert_eq!(inpainter.method().search(), Some(&SearchConfig::authors()));
    assert_eq!(inpainter.size_px(), 32);
    let (before, after) = (
        self::inpainter(),
        self::inpainter().with_device(&Device::Cpu).unwrap(),
    );
    let (photo, mask) = (photo(32, 32, 1), corner(32, 32));
    assert_eq!(
        before.inpaint(&photo, &mask).unwrap(),
        after.inpaint(&photo, &mask).unwrap()
    );
}

#[test]
fn what_does_not_fit_together_is_refused() {
    assert!(matches!(
        Inpainter::from_model(model(1)),
        Err(Error::ModelChannels { got: 1 })
    ));
    let (photos, masks) = photos_and_masks();
    let refused = |photos: &[Photo], masks: &[Mask]| {
        let error = inpainter().inpaint_batch(photos, masks, &mut Silent);
        error.unwrap_err().to_string()
    };
    assert!(refused(&[], &[]).contains("0 photos"));
    assert!(refused(&photos, &masks[..2]).contains("2 masks"));
    assert!(refused(&photos[..1], &masks[1..2]).contains("draw the mask"));
    let message = Inpainter::from_file("nowhere.safetensors").unwrap_err();
    assert!(message.to_string().contains("nowhere.safetensors"));
}

#[test]
fn several_completions_are_ranked_and_the_hole_shows_where_they_disagree() {
    let (photos, masks) = photos_and_masks();
    let inpainter = Inpainter::from_model(lively_model()).unwrap();
    let inpainter = inpainter.with_search(SearchConfig {
        iterations: 4,
        restarts: 4,
        ..SearchConfig::paper()
    });
    let three = inpainter.clone().with_completions(3);
    let completions = three.inpaint_batch(&photos, &masks, &mut Silent).unwrap();
    let usual = inpainter.inpaint_batch(&photos, &masks, &mut Silent);
    for (at, (completion, usual)) in completions.iter().zip(usual.unwrap()).enumerate() {
        assert!(usual.ranked.is_none());
        let ranked = completion.ranked.as_ref().unwrap();
        assert_eq!((ranked.photos.len(), ranked.objective.len()), (3, 3));
        assert_eq!(ranked.photos[0], completion.photo);
        assert_eq!(usual.photo, completion.photo);
        assert_ne!(ranked.photos[1], ranked.photos[2]);
        assert!(ranked.objective.windows(2).all(|pair| pair[0] <= pair[1]));
        let map = &ranked.disagreement;
        let known = masks[at].known(0);
        let is_gray = |pixel: &[u8]| pixel.iter().all(|level| *level == pixel[0]);
        for (pixel, is_known) in map.rgb().chunks_exact(3).zip(known) {
            assert!(is_gray(pixel) && (!is_known || pixel[0] == 0));
        }
        assert!(map.rgb().iter().any(|&level| level > 0));
        for photo in &ranked.photos {
            let pixels = photo
                .rgb()
                .chunks_exact(3)
                .zip(photos[at].rgb().chunks_exact(3));
            assert!(
                pixels
                    .zip(known)
                    .all(|((a, b), is_known)| !is_known || a == b)
            );
        }
    }
    let refused = inpainter.with_completions(5).inpaint(&photos[0], &masks[0]);
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("4 left"), "{message}");
}

#[test]
fn the_embedded_encoder_serves_the_presets_that_are_ours() {
    let inpainter = Inpainter::pretrained(PretrainedModel::CelebA).unwrap();
    assert!(inpainter.method().has_latent_encoder());
    assert_eq!(inpainter.method().search(), Some(&SearchConfig::paper()));
    let config = |preset| {
        let inpainter = inpainter.clone().with_preset(preset);
        *inpainter.method().search().unwrap()
    };
    for preset in [Preset::Fast, Preset::Best] {
        assert_eq!(config(preset), preset.config_with_encoder());
    }
    for preset in [Preset::Paper, Preset::Authors] {
        assert_eq!(config(preset), preset.config());
    }
    let photo = Photo::filled(64, 64, [180, 140, 120]);
    let mask = Mask::from_missing(64, 64, |row, col| row / 20 == 1 && col / 20 == 1).unwrap();
    let quick = |start| {
        let search = SearchConfig {
            iterations: 1,
            start,
            ..SearchConfig::paper()
        };
        inpainter
            .clone()
            .with_search(search)
            .inpaint(&photo, &mask)
            .unwrap()
    };
    assert_ne!(quick(LatentStart::encoder()), quick(LatentStart::Prior));
}
