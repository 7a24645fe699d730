//! A training step: the discriminator on a real and a generated batch, then the generator.

// A failed setup ends a benchmark.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::Duration;

use common::Material;
use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use semantic_inpaint::Precision;
use semantic_inpaint::nn::Network;
use semantic_inpaint::tensor::describe_device;
use semantic_inpaint::train::{GanTrainer, TrainConfig};

fn step(criterion: &mut Criterion) {
    common::warn_of_idle_threads();
    let mut group = criterion.benchmark_group("train_step");
    group.sample_size(10);
    group.sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_secs(2));
    group.measurement_time(Duration::from_secs(20));
    for device in common::devices() {
        let batch = if device.is_cuda() { 128 } else { 64 };
        let mut material = Material::new(&device).unwrap();
        let real = material.images(batch).unwrap();
        group.throughput(Throughput::Elements(batch as u64));
        let available = Precision::ALL.into_iter();
        for precision in available.filter(|precision| precision.is_available_on(&device)) {
            let config = TrainConfig {
                batch_size: batch,
                precision,
                ..TrainConfig::default()
            };
            let (generator, discriminator) =
                (copied(&material.generator), copied(&material.discriminator));
            let mut trainer = GanTrainer::new(generator, discriminator, config).unwrap();
            let name = format!("{}/both networks {precision}", describe_device(&device));
            group.bench_function(BenchmarkId::new(name, batch), |bencher| {
                // The report of a step holds its losses, so the step is over.
                bencher.iter(|| trainer.step(&real).unwrap());
            });
        }
    }
    group.finish();
}

/// The network with weights of its own.
fn copied<N: Network>(network: &N) -> N {
    let params = network.params().duplicate().unwrap();
    network.with_params(params).unwrap()
}

criterion_group!(benches, step);
criterion_main!(benches);
