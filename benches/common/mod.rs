//! What the benchmarks share: sizes, networks and images from fixed seeds.

// Each benchmark uses a part of it.
#![allow(dead_code)]

use std::sync::Once;

use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::{
    CorruptedImages, DcganConfig, Device, DeviceChoice, ImageBatch, Mask, MaskShape, Rng,
};

/// The errors of all crates.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The command line's allocator, so that the numbers are those of its users.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCHES: [usize; 3] = [1, 8, 64];
const DEVICE_BATCHES: [usize; 5] = [1, 8, 64, 256, 1024];
pub(crate) const IMAGE_SIZE_PX: usize = 64;
const SEED: u64 = 1;

/// Networks and images to measure with.
///
/// Weights are random and untrained: speed does not depend on them.
pub(crate) struct Material {
    pub(crate) device: Device,
    pub(crate) generator: DcganGenerator,
    pub(crate) discriminator: DcganDiscriminator,
    pub(crate) rng: Rng,
}

impl Material {
    /// The field's DCGAN (base width 64), or a tiny one where the benchmarks only run as tests.
    pub(crate) fn new(device: &Device) -> Result<Self> {
        let width = if is_benchmark() { 64 } else { 4 };
        let config = DcganConfig {
            generator_channels: width,
            discriminator_channels: width,
            image_size_px: IMAGE_SIZE_PX,
            ..DcganConfig::default()
        };
        let mut rng = Rng::from_seed(SEED);
        Ok(Self {
            generator: DcganGenerator::initialize(config, &mut rng, device)?,
            discriminator: DcganDiscriminator::initialize(config, &mut rng, device)?,
            device: device.clone(),
            rng,
        })
    }

    /// Images with values uniform on `[-1, 1]`.
    pub(crate) fn images(&mut self, count: usize) -> Result<ImageBatch> {
        images(count, &mut self.rng, &self.device)
    }

    /// Such images with a hole of 20 x 20 pixels.
    pub(crate) fn corrupted(&mut self, count: usize) -> Result<CorruptedImages> {
        let mask = masks("square:20", 1, &mut self.rng)?;
        Ok(CorruptedImages::new(&self.images(count)?, &mask)?)
    }
}

/// Images with values uniform on `[-1, 1]`.
pub(crate) fn images(count: usize, rng: &mut Rng, device: &Device) -> Result<ImageBatch> {
    let dims = (count, 3, IMAGE_SIZE_PX, IMAGE_SIZE_PX);
    Ok(ImageBatch::new(rng.uniform(-1.0, 1.0, dims, device)?)?)
}

/// The CPU, and with the feature `cuda` the first CUDA device, or a message that there is none.
pub(crate) fn devices() -> Vec<Device> {
    static SAID: Once = Once::new();
    let mut devices = vec![Device::Cpu];
    if cfg!(feature = "cuda") {
        match DeviceChoice::Cuda(0).open() {
            Ok(device) => devices.push(device),
            Err(error) => SAID.call_once(|| eprintln!("skipped on CUDA: {error}")),
        }
    }
    devices
}

/// Images in a batch: more where a device has room for them.
pub(crate) fn batches(device: &Device) -> &'static [usize] {
    if device.is_cuda() {
        &DEVICE_BATCHES
    } else {
        &BATCHES
    }
}

/// Masks of a shape in its spelling, each drawn anew.
pub(crate) fn masks(shape: &str, count: usize, rng: &mut Rng) -> Result<Mask> {
    let shape: MaskShape = shape.parse()?;
    Ok(shape.build_batch(count, IMAGE_SIZE_PX, IMAGE_SIZE_PX, rng)?)
}

/// Whether this is `cargo bench`; `cargo test --benches` runs every benchmark once.
fn is_benchmark() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Says so, once, when candle's own threads would wait in a loop for the cores that are measured.
pub(crate) fn warn_of_idle_threads() {
    static SAID: Once = Once::new();
    if is_benchmark() && std::env::var_os("CANDLE_NUM_THREADS").is_none() {
        SAID.call_once(|| eprintln!("warning: set CANDLE_NUM_THREADS=1, as the command line does"));
    }
}
