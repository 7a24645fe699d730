use anyhow::Result;
use clap::{Args, ValueEnum};
use semantic_inpaint::latent_search::{ContextDistance, ContextWeights};
use semantic_inpaint::{Blend, Engine, Favor, Precision, Preset, SearchConfig};

/// How holes are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Method {
    /// The best method that the model allows: latent
    Auto,
    /// Search of the generator's latent space
    Latent,
}

/// A preset and what differs from it.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// How the hole is filled
    #[arg(long, value_enum, default_value_t = Method::Auto)]
    method: Method,
    /// Settings as published: paper (Yeh et al. 2017) or authors (their code)
    #[arg(long, default_value = "paper")]
    preset: Preset,
    /// Updates of the latent
    #[arg(long)]
    iterations: Option<usize>,
    /// Starting points per photo; the result with the lowest loss on the known pixels is kept
    #[arg(long)]
    restarts: Option<usize>,
    /// Weight of the prior loss, lambda
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT")]
    prior_weight: Option<f64>,
    /// How much each known pixel counts: window (by the missing pixels in a window round it, the
    /// importance weights) or uniform (all alike)
    #[arg(long, value_name = "WEIGHTS")]
    context_weights: Option<ContextWeights>,
    /// How far generated pixels are from known ones: absolute or squared
    #[arg(long, value_name = "DISTANCE")]
    context_distance: Option<ContextDistance>,
    /// Side of the neighborhood of the importance weights in pixels, odd
    #[arg(long, value_name = "PIXELS")]
    window: Option<usize>,
    /// What the networks multiply: f32, or bf16, which is faster on processors that have it and ends the
    /// search in f32
    #[arg(long)]
    precision: Option<Precision>,
    /// What to be fast at: latency, for one photo or two, or throughput, for more (a photo's result
    /// differs in its last bits, and does not depend on the photos beside it)
    #[arg(long, default_value_t)]
    favor: Favor,
    /// How the image is merged into the photo: overlay or poisson
    #[arg(long)]
    blend: Option<Blend>,
    /// Seed of the starting points and of shapes drawn at random
    #[arg(long)]
    seed: Option<u64>,
}

impl Settings {
    /// The settings of the search, checked.
    pub(super) fn search(&self) -> Result<SearchConfig> {
        let preset = self.preset.config();
        let search = SearchConfig {
            iterations: self.iterations.unwrap_or(preset.iterations),
            restarts: self.restarts.unwrap_or(preset.restarts),
            prior_weight: self.prior_weight.unwrap_or(preset.prior_weight),
            weights: self.context_weights.unwrap_or(preset.weights),
            distance: self.context_distance.unwrap_or(preset.distance),
            window: self.window.unwrap_or(preset.window),
            blend: self.blend.unwrap_or(preset.blend),
            seed: self.seed.unwrap_or(preset.seed),
            engine: self.engine(),
            ..preset
        };
        search.validate()?;
        Ok(search)
    }

    fn engine(&self) -> Engine {
        Engine::Frozen {
            favor: self.favor,
            precision: self.precision.unwrap_or_default(),
        }
    }

    /// The precision that was asked for, if any.
    pub(super) fn precision(&self) -> Option<Precision> {
        self.precision
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed.unwrap_or(self.preset.config().seed)
    }

    pub(super) fn preset(&self) -> Preset {
        self.preset
    }

    /// The name of the method that is used.
    pub(super) fn method(&self) -> &'static str {
        match self.method {
            Method::Auto | Method::Latent => "latent",
        }
    }
}
