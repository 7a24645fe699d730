//! Allocations of a search's iteration, counted. A binary of its own, because it replaces the
//! allocator and nothing else may run beside it.

#![allow(clippy::unwrap_used)]

use std::alloc::System;

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_nn::Network;
use semantic_inpaint_nn::frozen::{Favor, FrozenNetwork, FrozenOptions};
use semantic_inpaint_tensor::passes::MapShape;
use semantic_inpaint_tensor::{Device, Rng};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const IMAGES: usize = 9;

#[test]
fn values_and_gradients_of_frozen_networks_allocate_nothing() {
    let config = DcganConfig {
        generator_channels: 16,
        discriminator_channels: 16,
        ..DcganConfig::default()
    };
    let rng = &mut Rng::from_seed(1);
    let generator = DcganGenerator::initialize(config, rng, &Device::Cpu).unwrap();
    let discriminator = DcganDiscriminator::initialize(config, rng, &Device::Cpu).unwrap();
    let generator = generator.layers().unwrap().unwrap();
    let discriminator = discriminator.layers().unwrap().unwrap();
    let latent = MapShape::Map {
        channels: config.latent_len,
        side: 1,
    };
    let image = MapShape::Image {
        channels: 3,
        side: 64,
    };
    for favor in [Favor::Latency, Favor::Throughput] {
        let options = FrozenOptions {
            favor,
            ..FrozenOptions::default()
        };
        let network = |layers: &[_], input| FrozenNetwork::new(layers, input, options).unwrap();
        let generator = network(&generator, latent).unwrap();
        let discriminator = network(&discriminator, image).unwrap();
        let mut spaces = (generator.workspace(IMAGES), discriminator.workspace(IMAGES));
        let (mut images, mut logits) = (vec![0.5; IMAGES * 3 * 64 * 64], vec![1.0; IMAGES]);
        let mut z = vec![0.25; IMAGES * config.latent_len];
        let mut iteration = || {
            spaces.0.set_input(&z);
            generator.forward(&mut spaces.0);
            spaces.0.read_output(&mut images);
            spaces.1.set_input(&images);
            discriminator.forward(&mut spaces.1);
            spaces.1.read_output(&mut logits);
            spaces.1.set_output_gradient(&logits);
            discriminator.backward(&mut spaces.1);
            spaces.1.read_input_gradient(&mut images);
            spaces.0.set_output_gradient(&images);
            generator.backward(&mut spaces.0);
            spaces.0.read_input_gradient(&mut z);
        };
        let counted = rayon::scope(|_| {
            // The pool's own queues grow to their size.
            (0..3).for_each(|_| iteration());
            let region = Region::new(COUNTED);
            (0..5).for_each(|_| iteration());
            region.change()
        });
        assert_eq!(
            counted.allocations + counted.reallocations,
            0,
            "{favor:?}: {counted:?}"
        );
    }
}
