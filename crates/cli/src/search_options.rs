use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::latent_search::{
    ContextDistance, ContextWeights, Convergence, LatentOptimizer, LatentSchedule, LatentStart,
    Mirroring, SearchAnswer,
};
use semantic_inpaint::{
    BorderMatch, Engine, Favor, Precision, Preset, SearchCalibration, SearchConfig,
};

use crate::encoder_choice::EncoderChoice;
use crate::model_choice::ModelChoice;

/// A preset of the search and what differs from it.
#[derive(Debug, Args)]
#[command(next_help_heading = Self::HEADING)]
pub(crate) struct SearchOptions {
    /// Settings: as published, paper (Yeh et al. 2017) or authors (their code), or our own: fast (many photos
    /// in little time), best (lowest error); both are better with --latent-encoder [default: paper]
    #[arg(long)]
    preset: Option<Preset>,
    /// Updates of the latent
    #[arg(long)]
    iterations: Option<usize>,
    /// Starting points per photo; the result with the lowest loss on the known pixels is kept
    #[arg(long)]
    restarts: Option<usize>,
    /// Which starting points work on the mirrored photo: none, or alternate (every second, mirrored back in the
    /// answer)
    #[arg(long)]
    mirror: Option<Mirroring>,
    /// Iterations after which, again and again, the worse half of a photo's starting points is given up
    #[arg(long, value_name = "ITERATIONS")]
    halve_every: Option<usize>,
    /// Be done with a photo when so many iterations have lowered its loss by no more than this share, 100:0.01
    /// say [default: make all iterations]
    #[arg(long, value_name = "ITERATIONS:SHARE")]
    stop_when: Option<Convergence>,
    /// Where a search starts: prior (a draw), normal, nearest:COUNT (the best of so many draws by the
    /// known pixels), or encoder[:SPREAD] (what --latent-encoder guesses, further starts with that share of
    /// a draw) [default: the preset's, or encoder where one is named]
    #[arg(long)]
    start: Option<LatentStart>,
    /// Which image is the answer: best (of the starting point with the lowest loss), mean:COUNT (the mean
    /// of the best so many, softer and nearer on average) or mean:COUNT:guess:SHARE (that share of it the
    /// image that --latent-encoder guesses)
    #[arg(long)]
    answer: Option<SearchAnswer>,
    /// How the latent moves: adam:RATE, nesterov:RATE:MOMENTUM or lbfgs:HISTORY[:RATE] (limited-memory BFGS; the
    /// rate, 0.1 unless it is given, is that of its first step)
    #[arg(long)]
    optimizer: Option<LatentOptimizer>,
    /// How its step size changes: constant or cosine (falling to 0)
    #[arg(long)]
    schedule: Option<LatentSchedule>,
    /// Weight of the prior loss, lambda
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT", value_parser = weight)]
    prior_weight: Option<f64>,
    /// Weight of the latent's own prior, mu: of ||z||^2 / 2 for each coordinate, which keeps latents near 0
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT", value_parser = weight)]
    latent_weight: Option<f64>,
    /// How much each known pixel counts: window (by the missing pixels in a window round it, the
    /// importance weights), windows:7,15,31 (the mean over several windows) or uniform (all alike)
    #[arg(long, value_name = "WEIGHTS")]
    context_weights: Option<ContextWeights>,
    /// How far generated pixels are from known ones: absolute or squared
    #[arg(long, value_name = "DISTANCE")]
    context_distance: Option<ContextDistance>,
    /// Weight of the differences of neighboring pixels in the context loss, beside the pixels' own
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT", value_parser = weight)]
    gradient_weight: Option<f64>,
    /// Side of the neighborhood of the importance weights in pixels, odd
    #[arg(long, value_name = "PIXELS")]
    window: Option<usize>,
    /// How the generated image is brought to the color of the known pixels round the hole before it is blended:
    /// none, offset (a number for each channel) or gain-offset (contrast too) [default: the preset's, none]
    #[arg(long, value_name = "MATCH")]
    match_border: Option<BorderMatch>,
    /// What the networks multiply: f32; bf16, which is faster on processors that have it and ends the search in
    /// f32; or tf32, on CUDA devices
    #[arg(long)]
    precision: Option<Precision>,
    /// What to be fast at: latency, for one photo or two, or throughput, for more (a photo's result
    /// differs in its last bits, and does not depend on the photos beside it) [default: latency]
    #[arg(long)]
    favor: Option<Favor>,
    /// A trained encoder of the model's latents, for --start encoder: a model file, the folder of a run, or none
    /// [default: the built-in one of a built-in model, for the presets fast and best and for --start encoder]
    #[arg(long, value_name = "FILE|RUN|none")]
    latent_encoder: Option<EncoderChoice>,
    /// What to expect of fills: a file that `calibrate` wrote for the model and the settings, asked before what
    /// is built in
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
}

impl SearchOptions {
    /// Above these options in the help.
    pub(crate) const HEADING: &str = "Options of the search (methods latent and auto)";

    /// The settings of the search that differ from a preset, with an encoder or without one, checked.
    pub(crate) fn config(
        &self,
        preset: Preset,
        encoder: Option<&LatentEncoderModel>,
        seed: Option<u64>,
    ) -> Result<SearchConfig> {
        let preset = match encoder {
            Some(_) => preset.config_with_encoder(),
            None => preset.config(),
        };
        let search = SearchConfig {
            iterations: self.iterations.unwrap_or(preset.iterations),
            restarts: self.restarts.unwrap_or(preset.restarts),
            mirror: self.mirror.unwrap_or(preset.mirror),
            halve_every: self.halve_every.or(preset.halve_every),
            stop_when: self.stop_when.or(preset.stop_when),
            start: self.start(preset.start, encoder)?,
            answer: self.answer.unwrap_or(preset.answer),
            optimizer: self.optimizer.unwrap_or(preset.optimizer),
            schedule: self.schedule.unwrap_or(preset.schedule),
            prior_weight: self.prior_weight.unwrap_or(preset.prior_weight),
            latent_weight: self.latent_weight.unwrap_or(preset.latent_weight),
            weights: self.context_weights.unwrap_or(preset.weights),
            distance: self.context_distance.unwrap_or(preset.distance),
            gradient_weight: self.gradient_weight.unwrap_or(preset.gradient_weight),
            border: self.match_border.unwrap_or(preset.border),
            window: self.window.unwrap_or(preset.window),
            seed: seed.unwrap_or(preset.seed),
            engine: self.engine(),
            ..preset
        };
        search.validate()?;
        Ok(search)
    }

    /// Where the search starts, which must fit the encoder.
    fn start(
        &self,
        usual: LatentStart,
        encoder: Option<&LatentEncoderModel>,
    ) -> Result<LatentStart> {
        let given = self.start.unwrap_or(usual);
        match (given, encoder) {
            (LatentStart::Encoder { .. }, None) => bail!(
                "--start {given} needs an encoder of the model's latents: name it with --latent-encoder \
                 (`semantic-inpaint train latent-encoder` trains it)"
            ),
            (LatentStart::Encoder { .. }, _) | (_, None) => Ok(given),
            (_, Some(_)) => bail!("--latent-encoder is for --start encoder, not --start {given}"),
        }
    }

    /// The encoder that was named, or else that of a built-in model where the search makes use of it.
    pub(crate) fn encoder(&self, preset: Preset, model: &ModelChoice) -> EncoderChoice {
        let is_of_use = match self.start {
            Some(start) => matches!(start, LatentStart::Encoder { .. }),
            None => preset.is_for_an_encoder(),
        };
        match (&self.latent_encoder, model) {
            (Some(named), _) => named.clone(),
            (None, ModelChoice::Pretrained(model)) if is_of_use => EncoderChoice::BuiltIn(*model),
            (None, _) => EncoderChoice::None,
        }
    }

    /// The calibrations that were named.
    pub(crate) fn calibrations(&self) -> Result<Vec<SearchCalibration>> {
        let path = self.calibration.as_ref();
        let read = path.map(|path| SearchCalibration::read(path)).transpose()?;
        Ok(read.unwrap_or_default())
    }

    fn engine(&self) -> Engine {
        Engine::Frozen {
            favor: self.favor.unwrap_or_default(),
            precision: self.precision.unwrap_or_default(),
        }
    }

    /// The precision that was asked for, if any.
    pub(crate) fn precision(&self) -> Option<Precision> {
        self.precision
    }

    pub(crate) fn preset(&self) -> Preset {
        self.preset.unwrap_or(Preset::Paper)
    }

    /// The options that were given.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let options = [
            ("--preset", self.preset.is_some()),
            ("--iterations", self.iterations.is_some()),
            ("--restarts", self.restarts.is_some()),
            ("--mirror", self.mirror.is_some()),
            ("--halve-every", self.halve_every.is_some()),
            ("--stop-when", self.stop_when.is_some()),
            ("--start", self.start.is_some()),
            ("--answer", self.answer.is_some()),
            ("--optimizer", self.optimizer.is_some()),
            ("--schedule", self.schedule.is_some()),
            ("--prior-weight", self.prior_weight.is_some()),
            ("--latent-weight", self.latent_weight.is_some()),
            ("--context-weights", self.context_weights.is_some()),
            ("--context-distance", self.context_distance.is_some()),
            ("--gradient-weight", self.gradient_weight.is_some()),
            ("--match-border", self.match_border.is_some()),
            ("--window", self.window.is_some()),
            ("--precision", self.precision.is_some()),
            ("--favor", self.favor.is_some()),
            ("--latent-encoder", self.latent_encoder.is_some()),
            ("--calibration", self.calibration.is_some()),
        ];
        let given = options.into_iter().filter(|(_, is_given)| *is_given);
        given.map(|(name, _)| name).collect()
    }
}

/// A weight of a loss.
fn weight(text: &str) -> std::result::Result<f64, String> {
    let weight = text.parse().ok();
    let weight = weight.filter(|weight: &f64| weight.is_finite() && *weight >= 0.0);
    weight.ok_or_else(|| "a weight is a number of at least 0: give 0 to leave its loss out".into())
}
