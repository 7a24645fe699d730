use std::ops::ControlFlow;

use anyhow::Result;
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::tensor::ops::MatrixFactors;
use semantic_inpaint::tensor::{DType, Tensor};
use semantic_inpaint::train::{GanTrainer, TrainConfig};
use semantic_inpaint::{
    CorruptedImages, DcganConfig, Device, Engine, ImageBatch, LatentSearch, MaskShape, Precision,
    Rng, SearchConfig, SearchObserver, SearchProgress,
};

use super::case::{COPIED, Case, Work, product_size};
use super::clock::Clock;

/// More iterations than a clock lets a search make.
const NO_END: usize = 1_000_000_000;
/// Iterations on a device between two readings of the objectives.
const READ_EVERY: usize = 10;
/// Rows and columns of the blocks of a product's factors, whose sides it divides.
const BLOCK: usize = 1024;
const SEED: u64 = 1;

/// Something that iterates until its clock has enough.
pub(super) trait Workload {
    /// Ticks the clock after every iteration.
    fn run(&mut self, clock: &mut Clock<'_>) -> Result<()>;
}

/// Sizes of the networks and where they run.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) config: DcganConfig,
    pub(super) device: Device,
}

impl Setting {
    /// A case with everything it needs in memory.
    pub(super) fn prepare(&self, case: &Case) -> Result<Box<dyn Workload>> {
        let rng = &mut Rng::from_seed(SEED);
        Ok(match case.work {
            Work::Product(precision) => Box::new(self.product(precision, rng)?),
            Work::Copy => Box::new(Copying {
                from: Tensor::zeros(COPIED, DType::F32, &self.device)?,
                device: self.device.clone(),
            }),
            Work::Search(variant) => Box::new(self.search(case, variant.configure, rng)?),
            Work::Graph => Box::new(self.search(case, plain, rng)?),
            Work::Training(precision) => {
                let (generator, discriminator) = self.networks(rng)?;
                let config = TrainConfig {
                    batch_size: case.batch,
                    precision,
                    ..TrainConfig::default()
                };
                Box::new(Training {
                    trainer: GanTrainer::new(generator, discriminator, config)?,
                    real: self.images(case.batch, rng)?,
                })
            }
        })
    }

    fn search(
        &self,
        case: &Case,
        configure: fn(SearchConfig) -> SearchConfig,
        rng: &mut Rng,
    ) -> Result<Search> {
        let (generator, discriminator) = self.networks(rng)?;
        let config = configure(search_config());
        Ok(Search {
            read_every: if self.device.is_cuda() { READ_EVERY } else { 1 },
            search: LatentSearch::new(&generator, Some(&discriminator), config)?,
            corrupted: self.corrupted(case.batch, rng)?,
        })
    }

    fn product(&self, precision: Precision, rng: &mut Rng) -> Result<Product> {
        let [rows, cols, inner] = product_size(&self.device);
        Ok(Product {
            factors: MatrixFactors::new(
                &self.matrix(rows, inner, rng)?,
                &self.matrix(inner, cols, rng)?,
                precision,
            )?,
            device: self.device.clone(),
        })
    }

    /// A matrix of whole blocks, all the same: numbers are drawn on the host, which takes time.
    fn matrix(&self, rows: usize, cols: usize, rng: &mut Rng) -> Result<Tensor> {
        let block = rng.uniform(-1.0, 1.0, (BLOCK, BLOCK), &self.device)?;
        Ok(block.repeat((rows / BLOCK, cols / BLOCK))?)
    }

    fn networks(&self, rng: &mut Rng) -> Result<(DcganGenerator, DcganDiscriminator)> {
        Ok((
            DcganGenerator::initialize(self.config, rng, &self.device)?,
            DcganDiscriminator::initialize(self.config, rng, &self.device)?,
        ))
    }

    fn images(&self, count: usize, rng: &mut Rng) -> Result<ImageBatch> {
        let shape = self.config.image_shape();
        let dims = (count, shape.channels, shape.height, shape.width);
        Ok(ImageBatch::new(rng.uniform(
            -1.0,
            1.0,
            dims,
            &self.device,
        )?)?)
    }

    /// Images of noise without their centers, which have a tenth of the area as in `square:20` at
    /// 64x64.
    fn corrupted(&self, count: usize, rng: &mut Rng) -> Result<CorruptedImages> {
        let size_px = self.config.image_size_px;
        let hole = MaskShape::Square {
            size_px: 5 * size_px / 16,
        };
        let mask = hole.build(size_px, size_px, rng)?;
        Ok(CorruptedImages::new(&self.images(count, rng)?, &mask)?)
    }
}

fn search_config() -> SearchConfig {
    SearchConfig {
        iterations: NO_END,
        ..SearchConfig::paper()
    }
}

fn plain(config: SearchConfig) -> SearchConfig {
    SearchConfig {
        engine: Engine::Plain,
        ..config
    }
}

struct Product {
    factors: MatrixFactors,
    device: Device,
}

impl Workload for Product {
    fn run(&mut self, clock: &mut Clock<'_>) -> Result<()> {
        loop {
            self.factors.multiply()?;
            self.device.synchronize()?;
            if clock.tick().is_break() {
                return Ok(());
            }
        }
    }
}

struct Copying {
    from: Tensor,
    device: Device,
}

impl Workload for Copying {
    fn run(&mut self, clock: &mut Clock<'_>) -> Result<()> {
        loop {
            self.from.copy()?;
            self.device.synchronize()?;
            if clock.tick().is_break() {
                return Ok(());
            }
        }
    }
}

struct Search {
    read_every: usize,
    search: LatentSearch<DcganGenerator, DcganDiscriminator>,
    corrupted: CorruptedImages,
}

impl Workload for Search {
    fn run(&mut self, clock: &mut Clock<'_>) -> Result<()> {
        let mut ticker = Ticker {
            clock,
            every: self.read_every,
            flow: ControlFlow::Continue(()),
        };
        self.search.search(&self.corrupted, &mut ticker)?;
        Ok(())
    }
}

/// Ticks a clock from within a search, whose iterations alone are timed, not its start and end.
///
/// On a device, where iterations are started without waiting for them, it waits for every tenth, as often
/// as a search of 1500 iterations does by itself.
struct Ticker<'a, 'b> {
    clock: &'a mut Clock<'b>,
    every: usize,
    flow: ControlFlow<()>,
}

impl SearchObserver for Ticker<'_, '_> {
    fn iterated(&mut self, progress: &SearchProgress) {
        if progress.iteration.is_multiple_of(self.every) {
            self.flow = self.clock.tick_many(self.every as u64);
        }
    }

    fn wants_objectives(&mut self, iteration: usize) -> bool {
        iteration.is_multiple_of(self.every)
    }

    fn wants_stop(&mut self) -> bool {
        self.flow.is_break()
    }
}

struct Training {
    trainer: GanTrainer<DcganGenerator, DcganDiscriminator>,
    real: ImageBatch,
}

impl Workload for Training {
    fn run(&mut self, clock: &mut Clock<'_>) -> Result<()> {
        loop {
            // The report of a step holds its losses, so the step is over.
            self.trainer.step(&self.real)?;
            if clock.tick().is_break() {
                return Ok(());
            }
        }
    }
}
