//! A training step: the discriminator on a real and a generated batch, then the generator.

// A failed setup ends a benchmark.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::Duration;

use common::Material;
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use semantic_inpaint::train::{GanTrainer, TrainConfig};

const BATCH: usize = 64;

fn step(criterion: &mut Criterion) {
    common::warn_of_idle_threads();
    let mut material = Material::new().unwrap();
    let real = material.images(BATCH).unwrap();
    let config = TrainConfig {
        batch_size: BATCH,
        ..TrainConfig::default()
    };
    let mut trainer = GanTrainer::new(material.generator, material.discriminator, config).unwrap();
    let mut group = criterion.benchmark_group("train_step");
    group.sample_size(10);
    group.sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_secs(2));
    group.measurement_time(Duration::from_secs(20));
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("both networks f32/64", |bencher| {
        bencher.iter(|| trainer.step(&real).unwrap());
    });
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
