//! The search of a latent: its objective's value and gradient, whole iterations, and on a CUDA device
//! the networks' launches one by one and as a graph.

// A failed setup ends a benchmark.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use common::Material;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::nn::frozen::{CudaNetwork, CudaWorkspace};
use semantic_inpaint::nn::{Generator as _, Network as _};
use semantic_inpaint::tensor::describe_device;
use semantic_inpaint::tensor::passes::cuda::{
    ContextTerms, Distance, Launch, Memory, Runtime, stored,
};
use semantic_inpaint::tensor::passes::{InstructionSet, MapShape};
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
    ("frozen tf32", frozen(Favor::Latency, Precision::Tf32)),
    (
        "frozen tf32 throughput",
        frozen(Favor::Throughput, Precision::Tf32),
    ),
    ("frozen bf16", frozen(Favor::Latency, Precision::Bf16)),
    (
        "frozen bf16 throughput",
        frozen(Favor::Throughput, Precision::Bf16),
    ),
    ("plain f32", Engine::Plain),
];
const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::Tf32, Precision::Bf16];
/// Iterations on a device between two readings of the objectives, as in a search of 1500.
const READ_EVERY: u64 = 10;

const fn frozen(favor: Favor, precision: Precision) -> Engine {
    Engine::Frozen { favor, precision }
}

/// Whether the device computes in the precision that the engine asks for.
fn runs_on(device: &Device, engine: Engine) -> bool {
    match engine {
        Engine::Frozen { precision, .. } => {
            device.is_cuda() || precision.available(InstructionSet::detect()) == precision
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
        .sample(batch, len, &mut material.rng, &material.device)
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

/// Takes the time from the end of a search's first iteration. A device, which runs behind, is waited for
/// at both ends, and between them as often as a search does by itself.
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

    fn wants_objectives(&mut self, iteration: usize) -> bool {
        let iteration = iteration as u64;
        iteration == 1 || iteration > self.iterations || iteration.is_multiple_of(READ_EVERY)
    }

    fn wants_stop(&mut self) -> bool {
        self.elapsed.is_some()
    }
}

fn run(criterion: &mut Criterion, title: &str, setup: Setup) {
    common::warn_of_idle_threads();
    let mut group = criterion.benchmark_group(title);
    group.sample_size(10);
    group.warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(4));
    for device in common::devices() {
        let mut material = Material::new(&device).unwrap();
        for &batch in common::batches(&device) {
            group.throughput(Throughput::Elements(batch as u64));
            let engines = ENGINES.iter().filter(|(_, way)| runs_on(&device, *way));
            for &(way, engine) in engines {
                let mut measure = setup(&mut material, batch, engine);
                let name = format!("{}/{way}", describe_device(&device));
                group.bench_function(BenchmarkId::new(name, batch), |bencher| {
                    bencher.iter_custom(&mut measure);
                });
            }
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

/// A context loss to be differentiated: every pixel is known, and far from what is generated.
struct Context {
    target: Memory,
    pixel_weights: Memory,
    scales: Memory,
}

impl Context {
    fn new(runtime: &Runtime, batch: usize, image: MapShape) -> Self {
        let pixels = batch * image.side() * image.side();
        let upload = |value, count| runtime.upload_floats(&vec![value; count]).unwrap();
        Self {
            target: upload(2.0, pixels * stored(image.channels())),
            pixel_weights: upload(1.0, pixels),
            scales: upload(1.0, batch),
        }
    }

    fn of<'a>(&'a self, images: &'a Memory) -> ContextTerms<'a> {
        ContextTerms {
            images,
            target: &self.target,
            pixel_weights: &self.pixel_weights,
            scales: &self.scales,
            distance: Distance::Absolute,
        }
    }
}

/// Both networks of a search on a device, forward and backward, as launches.
struct Passes {
    runtime: Runtime,
    launches: Vec<Launch>,
    generated: CudaWorkspace,
}

impl Passes {
    fn new(material: &Material, batch: usize, precision: Precision) -> Self {
        let runtime = Runtime::of(&material.device).unwrap().unwrap();
        let network = |layers: &[_], shape| {
            let favor = Favor::Throughput;
            let network = CudaNetwork::new(&runtime, layers, shape, precision, favor);
            network.unwrap().unwrap()
        };
        let frozen = (
            material.generator.frozen().unwrap(),
            material.discriminator.frozen().unwrap(),
        );
        let latent = MapShape::Map {
            channels: frozen.0.latent_len(),
            side: 1,
        };
        let generator = network(&frozen.0.layers().unwrap().unwrap(), latent);
        let discriminator = network(&frozen.1.layers().unwrap().unwrap(), generator.output());
        let generated = generator.workspace(batch).unwrap();
        let judged = discriminator.workspace_after(&generated).unwrap();
        generated
            .set_input(&vec![0.1; batch * latent.channels()])
            .unwrap();
        judged.set_output_gradient(&vec![1.0; batch]).unwrap();
        let mut launches = Vec::new();
        generator.forward(batch, &generated, &mut launches).unwrap();
        discriminator
            .forward(batch, &judged, &mut launches)
            .unwrap();
        let context = Context::new(&runtime, batch, generator.output());
        let terms = Some(context.of(generated.output()));
        discriminator
            .backward(batch, &judged, terms, &mut launches)
            .unwrap();
        generator
            .backward(batch, &generated, None, &mut launches)
            .unwrap();
        Self {
            runtime,
            launches,
            generated,
        }
    }

    /// Starts the launches so often, and waits for the last.
    fn time(&self, repetitions: u64, start: impl Fn()) -> Duration {
        let started = Instant::now();
        for _ in 0..repetitions {
            start();
        }
        self.generated.read_input_gradient(1).unwrap();
        started.elapsed()
    }
}

/// What a graph saves: the same launches one by one and as a recording.
fn launches_and_graphs(criterion: &mut Criterion) {
    let Some(device) = common::devices().into_iter().find(Device::is_cuda) else {
        return;
    };
    let material = Material::new(&device).unwrap();
    let mut group = criterion.benchmark_group("z_search passes");
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(2));
    for &batch in common::batches(&device) {
        group.throughput(Throughput::Elements(batch as u64));
        for precision in PRECISIONS {
            let passes = Passes::new(&material, batch, precision);
            let name = |way: &str| format!("{}/{way} {precision}", describe_device(&device));
            group.bench_function(BenchmarkId::new(name("launches"), batch), |bencher| {
                let start = || passes.runtime.run(&passes.launches).unwrap();
                bencher.iter_custom(|repetitions| passes.time(repetitions, start));
            });
            let graph = passes.runtime.record(&passes.launches).unwrap();
            group.bench_function(BenchmarkId::new(name("graph"), batch), |bencher| {
                let start = || graph.replay().unwrap();
                bencher.iter_custom(|repetitions| passes.time(repetitions, start));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, value_and_gradient, iteration, launches_and_graphs);
criterion_main!(benches);
