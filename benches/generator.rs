//! The generator's forward pass with fixed weights.

// A failed setup ends a benchmark.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::Duration;

use common::Material;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use semantic_inpaint::nn::{Generator, Mode, Network as _};
use semantic_inpaint::tensor::describe_device;
use semantic_inpaint::{ImageBatch, Latent};

type Forward = Box<dyn Fn(&Latent) -> ImageBatch>;
type Prepare = fn(&Material) -> Forward;

/// Ways through the generator. A way more is a line more.
const WAYS: &[(&str, Prepare)] = &[("graph f32", |material| {
    let generator = material.generator.frozen().unwrap();
    Box::new(move |latent| generator.forward(latent, Mode::Eval).unwrap())
})];

fn forward(criterion: &mut Criterion) {
    common::warn_of_idle_threads();
    let mut group = criterion.benchmark_group("generator forward");
    group.sample_size(10);
    group.warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(3));
    for device in common::devices() {
        let mut material = Material::new(&device).unwrap();
        for &batch in common::batches(&device) {
            group.throughput(Throughput::Elements(batch as u64));
            let generator = &material.generator;
            let (prior, len) = (generator.latent_prior(), generator.latent_len());
            let latent = prior
                .sample(batch, len, &mut material.rng, &device)
                .unwrap();
            for (way, prepare) in WAYS {
                let forward = prepare(&material);
                let name = format!("{}/{way}", describe_device(&device));
                let id = BenchmarkId::new(name, batch);
                group.bench_with_input(id, &latent, |bencher, latent| {
                    bencher.iter(|| {
                        let images = forward(latent);
                        device.synchronize().unwrap();
                        images
                    });
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, forward);
criterion_main!(benches);
