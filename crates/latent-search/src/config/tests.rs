use super::*;

#[test]
fn presets_are_valid_and_round_trip() {
    let published = [Preset::Paper, Preset::Authors];
    for preset in published.into_iter().chain([Preset::Fast, Preset::Best]) {
        let is_published = published.contains(&preset);
        for config in [preset.config(), preset.config_with_encoder()] {
            config.validate().unwrap();
            assert_eq!(config.schedule == LatentSchedule::Constant, is_published);
        }
        let encoded = preset.config_with_encoder().start;
        assert!(matches!(encoded, LatentStart::Encoder { .. }));
        assert_eq!(preset.to_string().parse::<Preset>().unwrap(), preset);
    }
    assert!("slow".parse::<Preset>().is_err());
    SearchConfig::reconstruction().validate().unwrap();
}

#[test]
fn names_of_weights_and_distances_round_trip() {
    let several = ContextWeights::Windows("7,15".parse().unwrap());
    for weights in [ContextWeights::Window, several, ContextWeights::Uniform] {
        assert_eq!(
            weights.to_string().parse::<ContextWeights>().unwrap(),
            weights
        );
    }
    for distance in [ContextDistance::Absolute, ContextDistance::Squared] {
        assert_eq!(
            distance.to_string().parse::<ContextDistance>().unwrap(),
            distance
        );
    }
    let message = "l2".parse::<ContextDistance>().unwrap_err().to_string();
    assert!(message.contains("absolute or squared"), "{message}");
    assert!("multi".parse::<ContextWeights>().is_err());
    for text in ["windows:", "windows:7,x", "windows:3,5,7,9,11"] {
        let message = text.parse::<ContextWeights>().unwrap_err().to_string();
        assert!(message.contains("windows"), "{message}");
    }
}

#[test]
fn weights_cover_the_known_pixels_that_their_choice_names() {
    let mask = Mask::from_missing(32, 32, |row, col| row < 4 && col < 4).unwrap();
    let paper = SearchConfig::paper();
    let positive = |config: SearchConfig| {
        let weights = config.weigh(&mask).unwrap();
        weights
            .values()
            .iter()
            .filter(|&&weight| weight > 0.0)
            .count()
    };
    // Three rows of known pixels on each inner side of the corner.
    assert_eq!(positive(paper), 7 * 7 - 4 * 4);
    let uniform = SearchConfig {
        weights: ContextWeights::Uniform,
        window: 8,
        ..paper
    };
    assert_eq!(positive(uniform), 32 * 32 - 4 * 4);
    let several = |sizes: &str| SearchConfig {
        weights: ContextWeights::Windows(sizes.parse().unwrap()),
        window: 8,
        ..paper
    };
    assert_eq!(positive(several("5,3,7")), 7 * 7 - 4 * 4);
    assert_eq!(several("5,3,7").widest_window(), 7);
    assert!(several("7,8").weigh(&mask).is_err());
    let even = SearchConfig { window: 8, ..paper };
    assert!(even.weigh(&mask).is_err());
}

#[test]
fn settings_outside_their_range_are_named() {
    let paper = SearchConfig::paper();
    let broken = [
        (
            SearchConfig {
                iterations: 0,
                ..paper
            },
            "iterations",
        ),
        (
            SearchConfig {
                restarts: 0,
                ..paper
            },
            "restarts",
        ),
        (
            SearchConfig {
                prior_weight: f64::NAN,
                ..paper
            },
            "prior weight",
        ),
        (
            SearchConfig {
                prior_weight: -1.0,
                ..paper
            },
            "prior weight",
        ),
        (
            SearchConfig {
                gradient_weight: -0.5,
                ..paper
            },
            "gradient weight",
        ),
        (
            SearchConfig {
                latent_weight: f64::INFINITY,
                ..paper
            },
            "latent weight",
        ),
        (
            SearchConfig {
                optimizer: LatentOptimizer::Adam { learning_rate: 0.0 },
                ..paper
            },
            "learning rate",
        ),
        (
            SearchConfig {
                optimizer: LatentOptimizer::Lbfgs {
                    history: 0,
                    learning_rate: 0.1,
                },
                ..paper
            },
            "history",
        ),
        (
            SearchConfig {
                stop_when: Some(Convergence {
                    iterations: 0,
                    improvement: 0.1,
                }),
                ..paper
            },
            "iterations without improvement",
        ),
        (
            SearchConfig {
                stop_when: Some(Convergence {
                    iterations: 10,
                    improvement: 1.0,
                }),
                ..paper
            },
            "improvement",
        ),
        (
            SearchConfig {
                constraint: LatentConstraint::Clip { bound: -1.0 },
                ..paper
            },
            "bound",
        ),
        (
            SearchConfig {
                halve_every: Some(0),
                ..paper
            },
            "halvings",
        ),
        (
            SearchConfig {
                answer: SearchAnswer::Mean { of: 2 },
                ..paper
            },
            "answer",
        ),
        (
            SearchConfig {
                start: LatentStart::Nearest { candidates: 3 },
                restarts: 4,
                ..paper
            },
            "candidates",
        ),
        (
            SearchConfig {
                start: LatentStart::Nearest {
                    candidates: MAX_CANDIDATES + 1,
                },
                ..paper
            },
            "candidates",
        ),
        (
            SearchConfig {
                restarts: MAX_RESTARTS + 1,
                ..paper
            },
            "restarts",
        ),
    ];
    for (config, name) in broken {
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn an_answer_with_a_guess_needs_an_encoder_and_a_share() {
    let best = SearchConfig::best_with_encoder();
    let refusal = |config: SearchConfig| config.validate().unwrap_err().to_string();
    for guess_share in [-0.1, 1.1, f64::NAN] {
        let answer = SearchAnswer::MeanAndGuess { of: 8, guess_share };
        assert!(refusal(SearchConfig { answer, ..best }).contains("share of the guess"));
    }
    let start = LatentStart::Prior;
    assert!(refusal(SearchConfig { start, ..best }).contains("must be encoder, got prior"));
    let answer = "mean:9:guess:0.5".parse().unwrap();
    assert!(refusal(SearchConfig { answer, ..best }).contains("answer"));
}
