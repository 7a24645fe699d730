mod convergence;
mod mirroring;
mod objectives;
mod on_device;
mod precision;
mod ranking;
mod starts;
mod whole_images;

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_mask::{Mask, MaskShape};
use semantic_inpaint_nn::{Mode, Network};
use semantic_inpaint_tensor::passes::InstructionSet;
use semantic_inpaint_tensor::{LatentPrior, Rng, Tensor};

use super::*;
use crate::{Blend, Engine, Favor, LatentInpainter, SearchProgress, Silent, blend};

const SIZE: usize = 32;

type Search = LatentSearch<DcganGenerator, DcganDiscriminator>;

fn config() -> DcganConfig {
    DcganConfig {
        latent_len: 12,
        generator_channels: 4,
        discriminator_channels: 4,
        image_size_px: SIZE,
        ..DcganConfig::default()
    }
}

fn networks() -> (DcganGenerator, DcganDiscriminator) {
    let mut rng = Rng::from_seed(11);
    let generator = DcganGenerator::initialize(config(), &mut rng, &Device::Cpu).unwrap();
    let discriminator = DcganDiscriminator::initialize(config(), &mut rng, &Device::Cpu).unwrap();
    (generator, discriminator)
}

fn search(settings: SearchConfig) -> Search {
    let (generator, discriminator) = networks();
    LatentSearch::new(&generator, Some(&discriminator), settings).unwrap()
}

fn quick() -> SearchConfig {
    SearchConfig {
        iterations: 12,
        restarts: 2,
        ..SearchConfig::paper()
    }
}

/// Nothing to show an encoder, where there is none.
fn nothing_known() -> Result<Known> {
    Err(Error::NoEncoder)
}

/// A search's state at its start.
fn state_of(search: &Search, objective: &Objective, restarts: usize) -> State {
    let walks = search.walks(objective, restarts, nothing_known).unwrap();
    State::at(search, objective, walks).unwrap()
}

fn photos(count: usize) -> ImageBatch {
    let rng = &mut Rng::from_seed(5);
    let tensor = rng
        .uniform(-1.0, 1.0, (count, 3, SIZE, SIZE), &Device::Cpu)
        .unwrap();
    ImageBatch::new(tensor).unwrap()
}

fn mask() -> Mask {
    let shape: MaskShape = "square:10".parse().unwrap();
    shape.build(SIZE, SIZE, &mut Rng::from_seed(0)).unwrap()
}

fn corrupted(images: &ImageBatch) -> CorruptedImages {
    CorruptedImages::new(images, &mask()).unwrap()
}

fn complete(search: Search, corrupted: &CorruptedImages) -> (Vec<f32>, SearchResult) {
    let inpainter = LatentInpainter::new(search);
    let (images, result) = inpainter.inpaint_observed(corrupted, &mut Silent).unwrap();
    (images.to_values().unwrap(), result)
}

fn one(values: &[f32], index: usize) -> &[f32] {
    let len = 3 * SIZE * SIZE;
    &values[index * len..(index + 1) * len]
}

#[test]
fn an_image_alone_in_batches_and_permuted_gives_the_same_bits() {
    let images = photos(65);
    let (together, result) = complete(search(quick()), &corrupted(&images));
    for count in [1, 63, 64] {
        let some = corrupted(&images.narrow(0, count).unwrap());
        let (completed, _) = complete(search(quick()), &some);
        assert_eq!(completed, together[..completed.len()], "batch of {count}");
    }
    let order = Rng::from_seed(3).permutation(65);
    let indices: Vec<u32> = order.iter().map(|&index| index as u32).collect();
    let indices = Tensor::new(indices, &Device::Cpu).unwrap();
    let permuted = ImageBatch::new(images.tensor().index_select(&indices, 0).unwrap()).unwrap();
    let (completed, permuted_result) = complete(search(quick()), &corrupted(&permuted));
    for (place, &index) in order.iter().enumerate() {
        assert_eq!(one(&completed, place), one(&together, index));
        assert_eq!(permuted_result.objective[place], result.objective[index]);
    }
}

#[test]
fn rows_of_l_bfgs_do_not_depend_on_each_other() {
    let images = planted(&lively_generator(), 5);
    let settings = SearchConfig {
        iterations: 40,
        optimizer: "lbfgs:6".parse().unwrap(),
        ..quick()
    };
    let lively = || {
        let judge = networks().1;
        LatentSearch::new(&lively_generator(), Some(&judge), settings).unwrap()
    };
    let (together, result) = complete(lively(), &corrupted(&images));
    for index in [0, 4] {
        let single = corrupted(&images.narrow(index, 1).unwrap());
        let (alone, lone) = complete(lively(), &single);
        assert_eq!(alone, one(&together, index));
        assert_eq!(lone.objective[0], result.objective[index]);
    }
    let start = &result.trace[0].objective;
    for (found, start) in result.objective.iter().zip(start) {
        assert!(*found < 0.7 * start, "{found} of {start}");
    }
}

#[test]
fn the_hidden_content_never_influences_the_result() {
    let images = photos(2);
    let hidden = mask().to_tensor(&Device::Cpu).unwrap().eq(0.0).unwrap();
    let hidden = hidden.broadcast_as(images.tensor().shape()).unwrap();
    let (clean, result) = complete(search(quick()), &corrupted(&images));
    for poison in [f32::NAN, 7.0] {
        let noise = Tensor::full(poison, images.tensor().shape(), &Device::Cpu).unwrap();
        let changed = hidden.where_cond(&noise, images.tensor()).unwrap();
        let changed = corrupted(&ImageBatch::new(changed).unwrap());
        let (completed, changed_result) = complete(search(quick()), &changed);
        assert_eq!(completed, clean);
        assert_eq!(changed_result.objective, result.objective);
    }
}

#[test]
fn known_pixels_come_back_bit_identical_with_both_blendings() {
    let images = photos(2);
    let corrupted = corrupted(&images);
    let (_, result) = complete(search(quick()), &corrupted);
    for blending in [Blend::Overlay, Blend::Poisson] {
        let completed = blend(&corrupted, &result.generated, blending).unwrap();
        let (completed, truth) = (completed.to_values().unwrap(), images.to_values().unwrap());
        for (index, (completed, truth)) in completed.iter().zip(&truth).enumerate() {
            let pixel = index % (SIZE * SIZE);
            if mask().is_known(0, pixel / SIZE, pixel % SIZE) {
                assert_eq!(completed.to_bits(), truth.to_bits());
            }
        }
    }
}

#[test]
fn a_search_lowers_the_objective_and_keeps_the_best() {
    let settings = SearchConfig {
        iterations: 60,
        ..quick()
    };
    let (_, result) = complete(search(settings), &corrupted(&photos(3)));
    let (first, last) = (&result.trace[0], result.trace.last().unwrap());
    assert_eq!((first.iteration, last.iteration), (0, 60));
    for image in 0..3 {
        assert!(last.objective[image] < first.objective[image]);
        assert_eq!(last.objective[image], result.objective[image]);
        let sum = result.context_loss[image] + 0.003 * result.prior_loss[image];
        assert!((sum - result.objective[image]).abs() < 1e-9);
    }
    for points in result.trace.windows(2) {
        assert!(
            points[0]
                .objective
                .iter()
                .zip(&points[1].objective)
                .all(|(a, b)| b <= a)
        );
    }
}

#[test]
fn the_latents_own_prior_is_part_of_the_objective_and_shortens_latents() {
    let images = corrupted(&photos(2));
    let found = |latent_weight: f64, engine: Engine| {
        let settings = SearchConfig {
            latent_weight,
            engine,
            iterations: 30,
            ..quick()
        };
        search(settings).search(&images, &mut Silent).unwrap()
    };
    let lengths = |result: &SearchResult| -> Vec<f64> {
        let rows: Vec<Vec<f32>> = result.latent.tensor().to_vec2().unwrap();
        let length = |row: &Vec<f32>| row.iter().map(|&z| f64::from(z).powi(2)).sum();
        rows.iter().map(length).collect()
    };
    let free = found(0.0, Engine::default());
    for engine in [Engine::default(), Engine::Plain] {
        let held = found(2.0, engine);
        for image in 0..2 {
            let squares = lengths(&held)[image];
            let parts = held.context_loss[image] + 0.003 * held.prior_loss[image];
            let sum = parts + 2.0 * squares / 24.0;
            assert!((sum - held.objective[image]).abs() < 1e-9, "{engine:?}");
            assert!(squares < lengths(&free)[image]);
        }
    }
}

#[test]
fn more_restarts_are_never_worse() {
    let images = corrupted(&photos(3));
    let (_, one) = complete(
        search(SearchConfig {
            restarts: 1,
            ..quick()
        }),
        &images,
    );
    let (_, four) = complete(
        search(SearchConfig {
            restarts: 4,
            ..quick()
        }),
        &images,
    );
    for image in 0..3 {
        assert!(four.objective[image] <= one.objective[image]);
    }
    assert!(four.restart.iter().any(|&restart| restart > 0));
}

#[test]
fn the_networks_are_not_changed_by_a_search() {
    let (generator, discriminator) = networks();
    let before = generator.params().to_tensors().unwrap();
    let search = LatentSearch::new(&generator, Some(&discriminator), quick()).unwrap();
    search.search(&corrupted(&photos(2)), &mut Silent).unwrap();
    for (name, tensor, _) in search.generator().params().iter() {
        let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(flat(tensor), flat(&before[name]), "{name}");
        assert!(!tensor.track_op());
    }
}

/// Counts calls, and stops after some iterations.
#[derive(Default)]
struct Counting {
    iterated: usize,
    frames: usize,
    /// Iterations and the first image's latent at each frame.
    path: Vec<(usize, Vec<f32>)>,
    stop_after: usize,
}

impl SearchObserver for Counting {
    fn iterated(&mut self, progress: &SearchProgress) {
        self.iterated += 1;
        assert_eq!(progress.iteration, self.iterated);
    }

    fn wants_frame(&mut self, iteration: usize) -> bool {
        iteration.is_multiple_of(4)
    }

    fn latents(&mut self, iteration: usize, latents: &Latent) {
        let rows = latents.tensor().to_vec2().unwrap();
        assert_eq!(rows.len(), 2);
        self.path.push((iteration, rows[0].clone()));
    }

    fn frame(&mut self, _: usize, generated: &ImageBatch) {
        self.frames += 1;
        assert_eq!(self.path.len(), self.frames);
        assert_eq!(generated.count(), 2);
    }

    fn wants_stop(&mut self) -> bool {
        self.iterated == self.stop_after
    }
}

#[test]
fn observers_see_every_iteration_and_a_stop_keeps_the_best_so_far() {
    let images = corrupted(&photos(2));
    let mut observer = Counting {
        stop_after: usize::MAX,
        ..Counting::default()
    };
    let whole = search(quick()).search(&images, &mut observer).unwrap();
    assert_eq!(
        (observer.iterated, observer.frames, whole.stopped),
        (12, 4, false)
    );
    let iterations: Vec<usize> = observer.path.iter().map(|(at, _)| *at).collect();
    assert_eq!(iterations, [0, 4, 8, 12]);
    let end = whole.latent.tensor().to_vec2::<f32>().unwrap();
    assert_eq!(observer.path[3].1, end[0]);
    assert_ne!(observer.path[0].1, end[0]);

    let mut observer = Counting {
        stop_after: 5,
        ..Counting::default()
    };
    let stopped = search(quick()).search(&images, &mut observer).unwrap();
    assert!(stopped.stopped);
    assert_eq!((stopped.iterations, observer.iterated), (5, 5));
    let short = SearchConfig {
        iterations: 5,
        ..quick()
    };
    let short = search(short).search(&images, &mut Silent).unwrap();
    assert_eq!(short.objective, stopped.objective);
}

#[test]
fn misfits_are_refused_with_the_reason() {
    let (generator, discriminator) = networks();
    let without = LatentSearch::<_, DcganDiscriminator>::new(&generator, None, quick());
    assert!(matches!(without.unwrap_err(), Error::NoDiscriminator));
    let no_prior = SearchConfig {
        prior_weight: 0.0,
        ..quick()
    };
    let without = LatentSearch::<_, DcganDiscriminator>::new(&generator, None, no_prior).unwrap();
    without.search(&corrupted(&photos(1)), &mut Silent).unwrap();

    let search = LatentSearch::new(&generator, Some(&discriminator), quick()).unwrap();
    let large = Tensor::zeros(
        (1, 3, 64, 64),
        semantic_inpaint_tensor::DType::F32,
        &Device::Cpu,
    );
    let large = ImageBatch::new(large.unwrap()).unwrap();
    let mask = Mask::from_missing(64, 64, |row, _| row < 5).unwrap();
    let error = search.search(&CorruptedImages::new(&large, &mask).unwrap(), &mut Silent);
    assert!(error.unwrap_err().to_string().contains("[3, 32, 32]"));
}

/// The generator with weights so large that its images differ.
fn lively_generator() -> DcganGenerator {
    let mut tensors = networks().0.params().to_tensors().unwrap();
    for tensor in tensors.values_mut().filter(|tensor| tensor.rank() == 4) {
        *tensor = (tensor.clone() * 14.0).unwrap();
    }
    DcganGenerator::from_tensors(config(), &tensors, &Device::Cpu).unwrap()
}

/// Images of the generator, so that a latent fits them, with noise, so that none fits exactly.
fn planted(generator: &DcganGenerator, count: usize) -> ImageBatch {
    let rng = &mut Rng::from_seed(17);
    let cpu = &Device::Cpu;
    let z = LatentPrior::Uniform.sample(count, 12, rng, cpu).unwrap();
    let images = generator.forward(&z, Mode::Eval).unwrap();
    let images = images.into_tensor().detach();
    let noise = rng.uniform(-0.1, 0.1, images.shape(), cpu).unwrap();
    ImageBatch::new((images + noise).unwrap().clamp(-1.0, 1.0).unwrap()).unwrap()
}
