use semantic_inpaint_nn::AdamConfig;
use semantic_inpaint_train::{DiffAugment, Objective, TrainConfig};

type Change = fn(&mut TrainConfig);

#[test]
fn defaults_are_valid_and_survive_toml() {
    let settings = TrainConfig::default();
    settings.validate().unwrap();
    let text = toml::to_string(&settings).unwrap();
    assert_eq!(toml::from_str::<TrainConfig>(&text).unwrap(), settings);
    assert_eq!(toml::from_str::<TrainConfig>("").unwrap(), settings);
}

#[test]
fn part_of_the_settings_can_be_given_and_unknown_ones_are_refused() {
    let settings: TrainConfig =
        toml::from_str("steps = 7\n[generator]\nlearning_rate = 1e-3\n").unwrap();
    assert_eq!(settings.steps, 7);
    let defaults = AdamConfig::default();
    assert_eq!(settings.generator.learning_rate, 1e-3);
    assert_eq!(settings.generator.beta1, defaults.beta1);
    assert_eq!(settings.discriminator, defaults);
    let message = toml::from_str::<TrainConfig>("stepz = 7").unwrap_err();
    assert!(message.to_string().contains("stepz"));
}

#[test]
fn options_are_words_and_tables() {
    let settings: TrainConfig = toml::from_str(
        "objective = \"wasserstein\"\naugmentation = \"cutout,color\"\naveraging_warmup = 50\n\
         [gradient_penalty]\nweight = 10.0\n[stability]\nmax_returns = 3\n",
    )
    .unwrap();
    settings.validate().unwrap();
    assert_eq!(settings.objective, Objective::Wasserstein);
    assert_eq!(settings.augmentation.to_string(), "color,cutout");
    let penalty = settings.gradient_penalty;
    assert_eq!((penalty.weight, penalty.every), (10.0, 16));
    assert_eq!(settings.stability.max_returns, 3);
    assert_eq!(TrainConfig::default().augmentation, DiffAugment::NONE);
    for (text, what) in [
        ("objective = \"gan\"", "non-saturating"),
        ("augmentation = \"flip\"", "color,translation,cutout"),
        ("[stability]\nreturns = 1", "returns"),
        ("[gradient_penalty]\ngamma = 1", "gamma"),
    ] {
        let message = toml::from_str::<TrainConfig>(text).unwrap_err().to_string();
        assert!(message.contains(what), "{message}");
    }
}

#[test]
fn every_setting_outside_its_range_is_refused_by_name() {
    let changes: [(&str, Change); 17] = [
        ("steps", |s| s.steps = 0),
        ("batch size", |s| s.batch_size = 0),
        ("sample count", |s| s.sample_count = 0),
        ("steps between samples", |s| s.sample_every = 0),
        ("steps between checkpoints", |s| s.checkpoint_every = 0),
        ("number of checkpoints to keep", |s| s.keep_checkpoints = 0),
        ("steps between log lines", |s| s.log_every = 0),
        ("label smoothing", |s| s.label_smoothing = -0.1),
        ("label smoothing", |s| s.label_smoothing = 0.5),
        ("label smoothing", |s| s.label_smoothing = f64::NAN),
        ("averaging decay", |s| s.averaging_decay = 1.0),
        ("averaging decay", |s| s.averaging_decay = f64::NAN),
        ("learning rate", |s| s.generator.learning_rate = 0.0),
        ("learning rate", |s| s.discriminator.learning_rate = -1.0),
        ("beta1", |s| s.generator.beta1 = 1.0),
        ("beta2", |s| s.discriminator.beta2 = f64::NAN),
        ("epsilon", |s| s.generator.epsilon = f64::INFINITY),
    ];
    assert_refused(&changes);
}

#[test]
fn every_option_outside_its_range_is_refused_by_name() {
    let changes: [(&str, Change); 15] = [
        ("weight of the gradient penalty", |s| {
            s.gradient_penalty.weight = -1.0;
        }),
        ("weight of the gradient penalty", |s| {
            s.gradient_penalty.weight = f64::NAN;
        }),
        ("weight of the gradient penalty", |s| {
            s.objective = Objective::Wasserstein;
        }),
        ("steps between gradient penalties", |s| {
            s.gradient_penalty.every = 0;
        }),
        ("label smoothing", |s| {
            (s.objective, s.label_smoothing) = (Objective::Hinge, 0.1);
        }),
        ("rate factor", |s| s.stability.rate_factor = 0.0),
        ("rate factor", |s| s.stability.rate_factor = 1.0),
        ("rate factor", |s| s.stability.rate_factor = f64::NAN),
        ("collapse ratio", |s| s.stability.collapse_ratio = -0.1),
        ("collapse ratio", |s| s.stability.collapse_ratio = 1.0),
        ("collapse ratio", |s| s.stability.collapse_ratio = f64::NAN),
        ("saturation logit", |s| s.stability.saturation_logit = 0.0),
        ("saturation logit", |s| {
            s.stability.saturation_logit = f64::NAN;
        }),
        ("saturation logit", |s| {
            s.stability.saturation_logit = f64::INFINITY;
        }),
        ("saturation steps", |s| s.stability.saturation_steps = 0),
    ];
    assert_refused(&changes);
}

fn assert_refused(changes: &[(&str, Change)]) {
    for (name, change) in changes {
        let mut settings = TrainConfig::default();
        change(&mut settings);
        let message = settings.validate().unwrap_err().to_string();
        assert!(message.starts_with(name), "{name}: {message}");
    }
}
