//! The search of a latent: its objective's value and gradient, and whole iterations.

// A failed setup ends a benchmark.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use common::graph::Graph;
use common::{BATCHES, Material};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::{
    CorruptedImages, LatentSearch, SearchConfig, SearchObserver, SearchProgress,
};

/// Measures as many repetitions as it is asked for.
type Measure = Box<dyn FnMut(u64) -> Duration>;
/// Sets a measurement up for a batch.
type Setup = fn(&mut Material, usize) -> Measure;

/// Ways to the objective's value and gradient. A way more is a line more.
const VALUES_AND_GRADIENTS: &[(&str, Setup)] = &[("graph f32", |material, batch| {
    let graph = Graph::new(material, batch).unwrap();
    repeat(move || drop(graph.value_and_gradient().unwrap()))
})];

/// Ways to an iteration.
const ITERATIONS: &[(&str, Setup)] = &[
    ("search f32", |material, batch| {
        search(material, batch, |config| config)
    }),
    ("graph f32", |material, batch| {
        let mut graph = Graph::new(material, batch).unwrap();
        repeat(move || graph.iterate().unwrap())
    }),
];

fn repeat(mut run: impl FnMut() + 'static) -> Measure {
    Box::new(move |repetitions| {
        let started = Instant::now();
        (0..repetitions).for_each(|_| run());
        started.elapsed()
    })
}

/// Iterations of a search with changed settings, timed from within: neither its start nor its end.
fn search(
    material: &mut Material,
    batch: usize,
    configure: fn(SearchConfig) -> SearchConfig,
) -> Measure {
    let corrupted = material.corrupted(batch).unwrap();
    let config = configure(SearchConfig {
        iterations: usize::MAX,
        ..SearchConfig::paper()
    });
    let (generator, discriminator) = (&material.generator, &material.discriminator);
    let search = LatentSearch::new(generator, Some(discriminator), config).unwrap();
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

fn run(criterion: &mut Criterion, title: &str, ways: &[(&str, Setup)]) {
    common::warn_of_idle_threads();
    let mut material = Material::new().unwrap();
    let mut group = criterion.benchmark_group(title);
    group.sample_size(10);
    group.warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(4));
    for batch in BATCHES {
        group.throughput(Throughput::Elements(batch as u64));
        for (way, setup) in ways {
            let mut measure = setup(&mut material, batch);
            group.bench_function(BenchmarkId::new(*way, batch), |bencher| {
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
        VALUES_AND_GRADIENTS,
    );
}

fn iteration(criterion: &mut Criterion) {
    run(criterion, "z_search iteration", ITERATIONS);
}

criterion_group!(benches, value_and_gradient, iteration);
criterion_main!(benches);
