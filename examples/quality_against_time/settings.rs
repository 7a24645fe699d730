//! Settings that were published, as far as they can be said in our words, and our presets.

use semantic_inpaint::latent_search::{
    ContextDistance, ContextReduction, ContextWeights, LatentConstraint, LatentOptimizer,
    LatentStart, PriorLoss, SearchAnswer,
};
use semantic_inpaint::{Blend, Preset, SearchConfig};

/// Our presets, with an encoder if there is one, and settings of others, by name.
///
/// Where a program differs from what a [`SearchConfig`] can say, its comment tells how.
pub(crate) fn all(has_encoder: bool) -> Vec<(&'static str, SearchConfig)> {
    let of_preset = |preset: Preset| match has_encoder {
        true => preset.config_with_encoder(),
        false => preset.config(),
    };
    let mut all = vec![
        ("paper", SearchConfig::paper()),
        ("fast", of_preset(Preset::Fast)),
        ("best", of_preset(Preset::Best)),
    ];
    all.extend(of_the_method());
    all.extend(of_compressed_sensing());
    all
}

/// Programs of the same method: a context loss beside a discriminator.
fn of_the_method() -> Vec<(&'static str, SearchConfig)> {
    let authors = SearchConfig::authors();
    let adam = |learning_rate| LatentOptimizer::Adam { learning_rate };
    let nesterov = |learning_rate| LatentOptimizer::Nesterov {
        learning_rate,
        momentum: 0.9,
    };
    vec![
        // The authors' code of 2018.
        (
            "moodoki 2018",
            SearchConfig {
                window: 15,
                ..authors
            },
        ),
        // Their first release, whose importance weights were inverted; these are not.
        (
            "moodoki 2017",
            SearchConfig {
                iterations: 1000,
                optimizer: nesterov(0.01),
                prior_weight: 0.1,
                ..authors
            },
        ),
        (
            "bamos",
            SearchConfig {
                iterations: 1000,
                optimizer: adam(0.01),
                start: LatentStart::Prior,
                prior_weight: 0.1,
                weights: ContextWeights::Uniform,
                ..authors
            },
        ),
        // Its rate falls by 5 % every 100 iterations; this one does not.
        (
            "ChengBinJin",
            SearchConfig {
                iterations: 1500,
                optimizer: nesterov(0.01),
                prior_weight: 3.0,
                ..authors
            },
        ),
        (
            "KrnTneja",
            SearchConfig {
                iterations: 1500,
                optimizer: adam(0.001),
                constraint: LatentConstraint::Free,
                prior_weight: 0.003,
                distance: ContextDistance::Squared,
                window: 25,
                ..authors
            },
        ),
    ]
}

/// Programs that meet known pixels by their squared error and have no discriminator.
fn of_compressed_sensing() -> Vec<(&'static str, SearchConfig)> {
    let squared = SearchConfig {
        start: LatentStart::Normal,
        constraint: LatentConstraint::Free,
        prior_weight: 0.0,
        distance: ContextDistance::Squared,
        weights: ContextWeights::Uniform,
        blend: Blend::Overlay,
        answer: SearchAnswer::Best,
        ..SearchConfig::paper()
    };
    let adam = |learning_rate| LatentOptimizer::Adam { learning_rate };
    vec![
        // 0.001 ||z||^2 beside a mean is the weight 0.2 for a latent of 100 coordinates.
        (
            "csgm",
            SearchConfig {
                iterations: 500,
                optimizer: adam(0.1),
                restarts: 2,
                latent_weight: 0.2,
                ..squared
            },
        ),
        // Twenty outer iterations of twenty inner ones; its start has a tenth of the deviation, and the weight of
        // its latent term is not named.
        (
            "GlowIP",
            SearchConfig {
                iterations: 400,
                optimizer: LatentOptimizer::Lbfgs {
                    history: 10,
                    learning_rate: 0.1,
                },
                reduction: ContextReduction::Sum,
                ..squared
            },
        ),
        // Without the fit of the generator's weights that follows.
        (
            "IAGAN",
            SearchConfig {
                iterations: 1800,
                optimizer: adam(0.1),
                restarts: 5,
                ..squared
            },
        ),
        // Its Adam has the first decay 0.5.
        (
            "reverse-GAN",
            SearchConfig {
                iterations: 10_000,
                optimizer: adam(0.01),
                start: LatentStart::Prior,
                constraint: LatentConstraint::StochasticClip { bound: 1.0 },
                prior_loss: PriorLoss::LogOneMinusD,
                ..squared
            },
        ),
    ]
}
