//! Importance weights: running sums make their cost independent of the window.

// A failed setup ends a benchmark.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use semantic_inpaint::{ImportanceWeights, Rng};

const BATCH: usize = 64;

fn importance(criterion: &mut Criterion) {
    let masks = common::masks("blocks:2x2:100", BATCH, &mut Rng::from_seed(1)).unwrap();
    let mut group = criterion.benchmark_group("importance");
    group.sample_size(50);
    group.warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(BATCH as u64));
    for window in [7, 63] {
        group.bench_function(BenchmarkId::new("window", window), |bencher| {
            bencher.iter(|| ImportanceWeights::new(&masks, window).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, importance);
criterion_main!(benches);
