//! Poisson blending of generated images into their holes.

// A failed setup ends a benchmark.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use semantic_inpaint::latent_search::blend;
use semantic_inpaint::{Blend, CorruptedImages, Device, Rng};

const BATCH: usize = 64;

/// Holes, and whether every image has its own: each distinct mask is factored once.
const HOLES: &[(&str, usize)] = &[
    ("square:20", 1),
    ("circle:20", 1),
    ("blocks:2x2:100", BATCH),
];

fn poisson(criterion: &mut Criterion) {
    common::warn_of_idle_threads();
    let rng = &mut Rng::from_seed(1);
    let mut group = criterion.benchmark_group("poisson");
    group.sample_size(20);
    group.warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Elements(BATCH as u64));
    for &(hole, num_masks) in HOLES {
        let masks = common::masks(hole, num_masks, rng).unwrap();
        let truth = common::images(BATCH, rng, &Device::Cpu).unwrap();
        let corrupted = CorruptedImages::new(&truth, &masks).unwrap();
        let generated = common::images(BATCH, rng, &Device::Cpu).unwrap();
        group.bench_function(BenchmarkId::new(hole, BATCH), |bencher| {
            bencher.iter(|| blend(&corrupted, &generated, Blend::Poisson).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, poisson);
criterion_main!(benches);
