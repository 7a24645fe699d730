//! The search of a latent: its objective's value and gradient, and whole iterations.

// A failed setup ends a benchmark.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use common::{BATCHES, Material};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::nn::Generator as _;
use semantic_inpaint::tensor::passes::InstructionSet;
use semantic_inpaint::{
    CorruptedImages, Device, Engine, Favor, LatentSearch, Precision, SearchConfig, SearchObserver,
    SearchProgress,
};

/// Measures as many repetitions as it is asked for.
type Measure = Box<dyn FnMut(u64) -> Duration>;
/// Sets a measurement up for a batch.
type Setup = fn(&mut Material, usize, Engine) -> Measure;

/// How a search is computed. A way more is a line more.
const ENGINES: &[(&str, Engine)] = &[
    ("frozen f32", frozen(Favor::Latency, Precision::F32)),
    (
        "frozen f32 throughput",
        frozen(Favor::Throughput, Precision::F32),
    ),
    ("frozen bf16", frozen(Favor::Latency, Precision::Bf16)),
    (
        "frozen bf16 throughput",
        frozen(Favor::Throughput, Precision::Bf16),
    ),
    ("plain f32", Engine::Plain),
];

const fn frozen(favor: Favor, precision: Precision) -> Engine {
    Engine::Frozen { favor, precision }
}

/// Whether this processor computes in the precision that the engine asks for.
fn runs_here(engine: Engine) -> bool {
    match engine {
        Engine::Frozen { precision, .. } => {
            precision.available(InstructionSet::detect()) == precision
        }
        _ => true,
    }
}

fn new_search(
    material: &Material,
    engine: Engine,
) -> LatentSearch<DcganGenerator, DcganDiscriminator> {
    let config = SearchConfig {
        iterations: usize::MAX,
        engine,
        ..SearchConfig::paper()
    };
    let (generator, discriminator) = (&material.generator, &material.discriminator);
    LatentSearch::new(generator, Some(discriminator), config).unwrap()
}

/// The objective's value and gradient at one place, all buffers made before.
fn values_and_gradients(material: &mut Material, batch: usize, engine: Engine) -> Measure {
    let (search, corrupted) = (
        new_search(material, engine),
        material.corrupted(batch).unwrap(),
    );
    let generator = search.generator();
    let (prior, len) = (generator.latent_prior(), generator.latent_len());
    let z = prior
        .sample(batch, len, &mut material.rng, &Device::Cpu)
        .unwrap();
    Box::new(move |repetitions| {
        let mut objective = search.objective(&corrupted).unwrap();
        let started = Instant::now();
        for _ in 0..repetitions {
            objective.value_and_gradient(&z).unwrap();
        }
        started.elapsed()
    })
}

/// Iterations of a search, timed from within: neither its start nor its end.
fn iterations(material: &mut Material, batch: usize, engine: Engine) -> Measure {
    let (search, corrupted) = (
        new_search(material, engine),
        material.corrupted(batch).unwrap(),
    );
    Box::new(move |iterations| time_iterations(&search, &corrupted, iterations))
}

fn time_iterations(
    search: &LatentSearch<DcganGenerator, DcganDiscriminator>,
    corrupted: &CorruptedImages,
    iterations: u64,
) -> Duration {
    let mut stopwatch = Stopwatch {
        iterations,
        started: None,
        elapsed: None,
    };
    search.search(corrupted, &mut stopwatch).unwrap();
    stopwatch.elapsed.unwrap()
}

/// Takes the time from the end of a search's first iteration.
struct Stopwatch {
    iterations: u64,
    started: Option<Instant>,
    elapsed: Option<Duration>,
}

impl SearchObserver for Stopwatch {
    fn iterated(&mut self, progress: &SearchProgress) {
        let started = *self.started.get_or_insert_with(Instant::now);
        if progress.iteration as u64 > self.iterations {
            self.elapsed = Some(started.elapsed());
        }
    }

    fn wants_stop(&mut self) -> bool {
        self.elapsed.is_some()
    }
}

fn run(criterion: &mut Criterion, title: &str, setup: Setup) {
    common::warn_of_idle_threads();
    let mut material = Material::new().unwrap();
    let mut group = criterion.benchmark_group(title);
    group.sample_size(10);
    group.warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(4));
    for batch in BATCHES {
        group.throughput(Throughput::Elements(batch as u64));
        for &(way, engine) in ENGINES.iter().filter(|(_, engine)| runs_here(*engine)) {
            let mut measure = setup(&mut material, batch, engine);
            group.bench_function(BenchmarkId::new(way, batch), |bencher| {
                bencher.iter_custom(&mut measure);
            });
        }
    }
    group.finish();
}

fn value_and_gradient(criterion: &mut Criterion) {
    run(
        criterion,
        "z_search value and gradient",
        values_and_gradients,
    );
}

fn iteration(criterion: &mut Criterion) {
    run(criterion, "z_search iteration", iterations);
}

criterion_group!(benches, value_and_gradient, iteration);
criterion_main!(benches);
