//! The generator's forward pass with fixed weights.

// A failed setup ends a benchmark.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::Duration;

use common::{BATCHES, Material};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use semantic_inpaint::nn::{Generator, Mode, Network as _};
use semantic_inpaint::{Device, ImageBatch, Latent};

type Forward = Box<dyn Fn(&Latent) -> ImageBatch>;
type Prepare = fn(&Material) -> Forward;

/// Ways through the generator. A way more is a line more.
const WAYS: &[(&str, Prepare)] = &[("graph f32", |material| {
    let generator = material.generator.frozen().unwrap();
    Box::new(move |latent| generator.forward(latent, Mode::Eval).unwrap())
})];

fn forward(criterion: &mut Criterion) {
    common::warn_of_idle_threads();
    let mut material = Material::new().unwrap();
    let mut group = criterion.benchmark_group("generator forward");
    group.sample_size(10);
    group.warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(3));
    for batch in BATCHES {
        group.throughput(Throughput::Elements(batch as u64));
        let (prior, len) = (
            material.generator.latent_prior(),
            material.generator.latent_len(),
        );
        let latent = prior
            .sample(batch, len, &mut material.rng, &Device::Cpu)
            .unwrap();
        for (way, prepare) in WAYS {
            let forward = prepare(&material);
            group.bench_with_input(BenchmarkId::new(*way, batch), &latent, |bencher, latent| {
                bencher.iter(|| forward(latent));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, forward);
criterion_main!(benches);
