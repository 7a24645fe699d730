//! Searches by the CUDA kernels: on a GPU, or else on the host thread by thread.

use semantic_inpaint_tensor::DeviceChoice;
use semantic_inpaint_tensor::passes::cuda::Runtime;

use super::*;
use crate::{ContextDistance, LatentConstraint, LatentOptimizer, LatentSchedule, PriorLoss};

/// Plenty of memory.
const BYTES: usize = 1 << 30;

/// By the first GPU, or else by the kernels on the host.
fn by_kernels(settings: SearchConfig) -> Option<Search> {
    match DeviceChoice::Cuda(0).open() {
        Ok(device) => Some(by_runtime(settings, Runtime::of(&device).unwrap().unwrap())),
        Err(_) => emulated(settings, BYTES),
    }
}

fn emulated(settings: SearchConfig, free_bytes: usize) -> Option<Search> {
    let runtime = Runtime::emulated(&testkit::kernel_emulator()?, free_bytes);
    Some(by_runtime(settings, runtime))
}

fn by_runtime(settings: SearchConfig, runtime: Runtime) -> Search {
    let (generator, discriminator) = (lively_generator(), networks().1);
    let (generator, discriminator) = (generator.frozen().unwrap(), discriminator.frozen().unwrap());
    let frozen = FastNetworks::on(runtime, &generator, Some(&discriminator), &settings);
    LatentSearch {
        encoder: None,
        frozen: Some(frozen.unwrap().unwrap()),
        generator,
        discriminator: Some(discriminator),
        config: settings,
        device: Device::Cpu,
    }
}

fn on_host(settings: SearchConfig) -> Search {
    let settings = SearchConfig {
        engine: Engine::Plain,
        ..settings
    };
    LatentSearch::new(&lively_generator(), Some(&networks().1), settings).unwrap()
}

#[track_caller]
fn assert_near(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (got, want) in got.iter().zip(want) {
        let near = (got - want).abs() <= tolerance * want.abs();
        assert!(near, "{what}: {got} for {want}");
    }
}

/// Every choice of the objective.
fn objectives() -> Vec<SearchConfig> {
    let mut settings = Vec::new();
    for distance in [ContextDistance::Absolute, ContextDistance::Squared] {
        for (prior_weight, prior_loss, latent_weight) in [
            (0.0, PriorLoss::MinusLogD, 0.4),
            (0.3, PriorLoss::LogOneMinusD, 0.0),
            (0.3, PriorLoss::MinusLogD, 0.4),
        ] {
            settings.push(SearchConfig {
                distance,
                prior_weight,
                prior_loss,
                latent_weight,
                ..quick()
            });
        }
    }
    settings
}

#[test]
fn losses_and_gradients_equal_the_plain_graph_with_all_settings() {
    let images = corrupted(&photos(3));
    let z = LatentPrior::Uniform.sample(3, 12, &mut Rng::from_seed(6), &Device::Cpu);
    let z = z.unwrap();
    for settings in objectives() {
        let Some(search) = by_kernels(settings) else {
            return;
        };
        let got = search.objective(&images).unwrap().value_and_gradient(&z);
        let plain = on_host(settings);
        let want = plain.objective(&images).unwrap().value_and_gradient(&z);
        let (got, want) = (got.unwrap(), want.unwrap());
        let what = format!("{settings:?}");
        assert_near(&got.objective, &want.objective, 1e-5, &what);
        assert_near(&got.context_loss, &want.context_loss, 1e-5, &what);
        assert_near(&got.prior_loss, &want.prior_loss, 1e-5, &what);
        testkit::assert_close(
            "gradient",
            &got.gradient,
            &want.gradient,
            testkit::Tolerance::F32_RELATIVE,
        );
    }
}

/// Every way to move.
fn walks() -> Vec<SearchConfig> {
    let adam = LatentOptimizer::Adam { learning_rate: 0.1 };
    let nesterov = LatentOptimizer::Nesterov {
        learning_rate: 0.05,
        momentum: 0.9,
    };
    let walk = |(optimizer, constraint, latent_weight)| SearchConfig {
        optimizer,
        constraint,
        latent_weight,
        schedule: LatentSchedule::Cosine,
        ..quick()
    };
    let walks = [
        (adam, LatentConstraint::Prior, 0.0),
        (adam, LatentConstraint::Clip { bound: 0.9 }, 0.4),
        (nesterov, LatentConstraint::Clip { bound: 0.5 }, 0.0),
        (adam, LatentConstraint::StochasticClip { bound: 0.7 }, 0.4),
        (adam, LatentConstraint::Sphere, 0.4),
        (nesterov, LatentConstraint::Free, 0.4),
    ];
    walks.map(walk).to_vec()
}

#[track_caller]
fn assert_ends_alike(search: &Search, plain: &Search, images: &CorruptedImages, what: &str) {
    let got = search.search(images, &mut Silent).unwrap();
    let want = plain.search(images, &mut Silent).unwrap();
    assert_near(&got.objective, &want.objective, 1e-3, what);
    assert_near(&got.context_loss, &want.context_loss, 1e-3, what);
    assert_eq!(got.restart, want.restart, "{what}");
    assert_eq!(got.trace.len(), want.trace.len(), "{what}");
    for (got, want) in got.trace.iter().zip(&want.trace) {
        assert_eq!(got.iteration, want.iteration);
        assert_near(&got.objective, &want.objective, 1e-3, what);
    }
    let (got, want) = (got.generated.to_values(), want.generated.to_values());
    let (got, want) = (got.unwrap(), want.unwrap());
    let apart = got.iter().zip(&want).map(|(got, want)| (got - want).abs());
    let apart = apart.fold(0.0, f32::max);
    assert!(apart < 1e-2, "{what}: {apart}");
}

#[test]
fn a_search_on_the_device_ends_where_the_plain_one_does_however_it_moves() {
    let images = corrupted(&planted(&lively_generator(), 2));
    for settings in walks() {
        let Some(search) = by_kernels(settings) else {
            return;
        };
        let moves = !matches!(settings.constraint, LatentConstraint::StochasticClip { .. });
        let objective = Objective::new(&images, &settings, &Device::Cpu).unwrap();
        let state = state_of(&search, &objective, 1);
        assert_eq!(state.groups.len(), 1);
        assert_eq!(state.groups[0].on_device().is_some(), moves);
        assert_ends_alike(
            &search,
            &on_host(settings),
            &images,
            &format!("{settings:?}"),
        );
    }
}

#[test]
fn images_are_done_on_the_device_when_they_are_on_the_host() {
    let images = corrupted(&planted(&lively_generator(), 3));
    for optimizer in ["adam:0.1", "lbfgs:5"] {
        let settings = SearchConfig {
            iterations: 40,
            optimizer: optimizer.parse().unwrap(),
            stop_when: Some("5:0.08".parse().unwrap()),
            schedule: LatentSchedule::Cosine,
            ..quick()
        };
        let Some(search) = by_kernels(settings) else {
            return;
        };
        let got = search.search(&images, &mut Silent).unwrap();
        let want = on_host(settings).search(&images, &mut Silent).unwrap();
        assert_eq!(got.converged, want.converged, "{optimizer}");
        assert_eq!(got.iterations, want.iterations, "{optimizer}");
        assert!(got.converged.iter().any(Option::is_some), "{optimizer}");
        assert_near(&got.objective, &want.objective, 1e-2, optimizer);
    }
}

#[test]
fn rows_take_turns_where_memory_is_short() {
    let images = corrupted(&planted(&lively_generator(), 3));
    let settings = SearchConfig {
        restarts: 4,
        halve_every: Some(5),
        ..quick()
    };
    let Some(roomy) = emulated(settings, BYTES) else {
        return;
    };
    let objective = Objective::new(&images, &settings, &Device::Cpu).unwrap();
    let FastNetworks::Cuda(networks) = roomy.frozen.as_ref().unwrap() else {
        panic!("a CUDA search");
    };
    assert_eq!(networks.rows_at_once(12, Precision::F32).unwrap(), 12);
    let each = networks.bytes_of_row(Precision::F32).unwrap();
    // Room for five of twelve rows: three turns of four.
    let tight = emulated(settings, each * 5 * 10 / 8 + 100).unwrap();
    let state = state_of(&tight, &objective, settings.restarts);
    assert_eq!(state.groups.len(), 3);
    assert_ends_alike(&tight, &on_host(settings), &images, "in turns");
    let (one, all) = (
        tight.search(&images, &mut Silent),
        roomy.search(&images, &mut Silent),
    );
    let (one, all) = (one.unwrap(), all.unwrap());
    assert_eq!(one.objective, all.objective);
    assert_eq!(
        one.generated.to_values().unwrap(),
        all.generated.to_values().unwrap()
    );
}

#[test]
fn rough_searches_end_in_single_precision() {
    let images = corrupted(&planted(&lively_generator(), 2));
    for precision in [Precision::Tf32, Precision::Bf16] {
        for stop_after in [4, usize::MAX] {
            let settings = SearchConfig {
                engine: Engine::Frozen {
                    favor: Favor::Throughput,
                    precision,
                },
                ..quick()
            };
            let Some(search) = by_kernels(settings) else {
                return;
            };
            assert_eq!(search.precision(), precision);
            let mut observer = Counting {
                stop_after,
                ..Counting::default()
            };
            let found = search.search(&images, &mut observer).unwrap();
            assert_eq!(
                (found.precision, found.stopped),
                (precision, stop_after == 4)
            );
            let plain = on_host(settings);
            let mut objective = plain.objective(&images).unwrap();
            let value = objective.value_and_gradient(&found.latent).unwrap();
            assert_near(&found.objective, &value.objective, 1e-5, "judged again");
            let start = &found.trace[0].objective;
            assert!(
                found
                    .objective
                    .iter()
                    .zip(start)
                    .all(|(end, start)| end < start)
            );
        }
    }
}

#[test]
fn an_objective_that_is_not_finite_is_an_error() {
    let settings = SearchConfig {
        optimizer: LatentOptimizer::Nesterov {
            learning_rate: 1e60,
            momentum: 0.9,
        },
        constraint: LatentConstraint::Free,
        ..quick()
    };
    let Some(search) = by_kernels(settings) else {
        return;
    };
    let found = search.search(&corrupted(&photos(1)), &mut Silent);
    assert!(matches!(found, Err(Error::NotFinite { .. })), "{found:?}");
}

#[test]
fn an_iteration_of_the_default_networks_is_one_recording_of_24_launches() {
    let model = DcganConfig::default();
    let (rng, cpu) = (&mut Rng::from_seed(1), &Device::Cpu);
    let generator = DcganGenerator::initialize(model, rng, cpu).unwrap();
    let discriminator = DcganDiscriminator::initialize(model, rng, cpu).unwrap();
    let images = rng.uniform(-1.0, 1.0, (1, 3, 64, 64), cpu).unwrap();
    let images = ImageBatch::new(images).unwrap();
    let launches = |favor, restarts| {
        let settings = SearchConfig {
            restarts,
            engine: Engine::Frozen {
                favor,
                precision: Precision::Bf16,
            },
            ..quick()
        };
        let runtime = Runtime::emulated(std::path::Path::new("no program is run"), 1 << 40);
        let networks = FastNetworks::on(runtime, &generator, Some(&discriminator), &settings);
        let networks = networks.unwrap();
        let objective = Objective::of_whole(&images, &settings, cpu).unwrap();
        let search = LatentSearch::new(&generator, Some(&discriminator), settings).unwrap();
        let search = LatentSearch {
            frozen: networks,
            ..search
        };
        let state = state_of(&search, &objective, restarts);
        let on_device = state.groups[0].on_device().unwrap();
        (state.groups.len(), on_device.num_launches())
    };
    assert_eq!(launches(Favor::Throughput, 64), (1, 24));
    // Made for one image, more layers are computed in parts.
    assert_eq!(launches(Favor::Latency, 1), (1, 38));
}

/// Notes the mean objective of every iteration, and asks for it at some.
struct Asking {
    every: usize,
    objectives: Vec<f64>,
}

impl SearchObserver for Asking {
    fn iterated(&mut self, progress: &SearchProgress) {
        self.objectives.push(progress.mean_objective);
    }

    fn wants_objectives(&mut self, iteration: usize) -> bool {
        iteration.is_multiple_of(self.every)
    }

    fn wants_stop(&mut self) -> bool {
        self.objectives.len() == 5
    }
}

#[test]
fn progress_is_of_the_iteration_that_an_observer_asks_for() {
    let images = corrupted(&photos(1));
    // Read by itself at every third iteration.
    let settings = SearchConfig {
        iterations: 400,
        ..quick()
    };
    let Some(search) = by_kernels(settings) else {
        return;
    };
    let course = |every| {
        let mut observer = Asking {
            every,
            objectives: Vec::new(),
        };
        search.search(&images, &mut observer).unwrap();
        observer.objectives
    };
    let (asked, unasked) = (course(1), course(usize::MAX));
    assert_eq!((asked.len(), unasked.len()), (5, 5));
    assert_eq!(asked[2], unasked[2], "iteration 3 is read anyway");
    assert_eq!(unasked[3], unasked[2], "iteration 4 is not");
    assert!(asked[3] < asked[2], "{asked:?}");
}

#[test]
fn an_objective_that_the_kernels_lack_is_left_to_the_plain_networks() {
    let Some(emulator) = testkit::kernel_emulator() else {
        return;
    };
    let runtime = Runtime::emulated(&emulator, BYTES);
    let (generator, judge) = (lively_generator().frozen().unwrap(), networks().1);
    let settings = SearchConfig {
        gradient_weight: 0.5,
        ..quick()
    };
    let networks = FastNetworks::on(runtime, &generator, Some(&judge), &settings);
    assert!(networks.unwrap().is_none());
}
