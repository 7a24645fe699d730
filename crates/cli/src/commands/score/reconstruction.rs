use anyhow::Result;
use indicatif::ProgressBar;
use semantic_inpaint::metrics::{Summary, median};
use semantic_inpaint::{
    DcganModel, Device, Engine, Favor, ImageSet, Precision, SearchConfig, SearchObserver,
    SearchProgress, num_reconstruction_searches, reconstruction_psnr,
};
use serde::Serialize;

use super::Arguments;
use crate::output;
use crate::progress::{self, Display};

/// How near the generator comes to images.
#[derive(Debug, Serialize)]
pub(super) struct ReconstructionReport {
    restarts: usize,
    iterations: usize,
    /// What was asked for.
    precision: Precision,
    seed: u64,
    psnr_db: Summary,
    median_psnr_db: f64,
    images: Vec<ImageReport>,
}

#[derive(Debug, Serialize)]
struct ImageReport {
    name: String,
    psnr_db: f64,
}

/// The settings of the search, checked.
pub(super) fn settings(arguments: &Arguments) -> Result<SearchConfig> {
    let usual = SearchConfig::reconstruction();
    let config = SearchConfig {
        restarts: arguments.restarts.unwrap_or(usual.restarts),
        iterations: arguments.iterations.unwrap_or(usual.iterations),
        seed: arguments.seed,
        engine: Engine::Frozen {
            favor: Favor::Throughput,
            precision: arguments.precision,
        },
        ..usual
    };
    config.validate()?;
    Ok(config)
}

/// The report of the first `count` images of a set, made under a progress bar.
pub(super) fn of_first(
    count: usize,
    set: &ImageSet,
    model: &DcganModel,
    config: SearchConfig,
    device: &Device,
) -> Result<ReconstructionReport> {
    let images = set.first(count.min(set.count()))?;
    let searches = num_reconstruction_searches(images.count(), &config);
    let total = (searches * config.iterations) as u64;
    let mut watch = Watch(progress::bar("searching", total, Display::Terminal));
    let found = reconstruction_psnr(&model.generator, &images, config, device, &mut watch);
    watch.0.finish_and_clear();
    let found = found?;
    let named = images.names().iter().zip(&found);
    Ok(ReconstructionReport {
        restarts: config.restarts,
        iterations: config.iterations,
        precision: match config.engine {
            Engine::Frozen { precision, .. } => precision,
            _ => Precision::F32,
        },
        seed: config.seed,
        psnr_db: Summary::new(&found)?,
        median_psnr_db: median(&found),
        images: named
            .map(|(name, &psnr_db)| ImageReport {
                name: name.clone(),
                psnr_db,
            })
            .collect(),
    })
}

/// Counts the iterations of all searches.
struct Watch(ProgressBar);

impl SearchObserver for Watch {
    fn iterated(&mut self, _progress: &SearchProgress) {
        self.0.inc(1);
    }
}

impl ReconstructionReport {
    pub(super) fn print(&self) -> Result<()> {
        let Self {
            restarts,
            iterations,
            psnr_db,
            median_psnr_db,
            images,
            ..
        } = self;
        output::line(format_args!(
            "\nreconstruction by search: PSNR {psnr_db:.2} dB, median {median_psnr_db:.2} dB"
        ))?;
        output::line(format_args!(
            "  {} images, nothing missing; best of {restarts} restarts, {iterations} iterations; mean \
             with its 95 % interval",
            images.len()
        ))
    }
}
