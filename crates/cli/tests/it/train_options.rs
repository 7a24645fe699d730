use std::path::Path;

use semantic_inpaint::data::{Flip, ReadOptions, ShuffledBatches};
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator, DiscriminatorNorm};
use semantic_inpaint::nn::Network as _;
use semantic_inpaint::tensor::Tensor;
use semantic_inpaint::train::{
    DiffAugment, GanTrainer, GradientPenalty, Objective, RunDirectory, TrainConfig,
};
use semantic_inpaint::{DcganConfig, DcganModel, Device, Framing, ImageSet, ImageSource, Rng};

use crate::program::run;
#[cfg(unix)]
use crate::program::{program, signal};
#[cfg(unix)]
use crate::train::SETTINGS;
use crate::train::{folder_with_data, model, train};

const OPTIONS: &str = "--objective hinge --r1-weight 2 --r1-every 2 --discriminator-norm spectral \
                       --augment color,translation,cutout --averaging-warmup 4 \
                       --generator-learning-rate 0.0001 --discriminator-learning-rate 0.0004";

/// Three steps of the library with `OPTIONS`.
fn trained_by_library(folder: &Path) -> GanTrainer<DcganGenerator, DcganDiscriminator> {
    let source = ImageSource::open(folder.join("images")).unwrap();
    let options = ReadOptions::new(Framing::CenterCrop, 32);
    let set = ImageSet::read(&source, &options, &|_| {}).unwrap();
    let batches = ShuffledBatches::new(set, 4, 3, Flip::Horizontal).unwrap();
    let networks = DcganConfig {
        latent_len: 8,
        generator_channels: 4,
        discriminator_channels: 4,
        image_size_px: 32,
        discriminator_norm: DiscriminatorNorm::Spectral,
        ..DcganConfig::default()
    };
    let (rng, cpu) = (&mut Rng::from_seed(3), &Device::Cpu);
    let generator = DcganGenerator::initialize(networks, rng, cpu).unwrap();
    let discriminator = DcganDiscriminator::initialize(networks, rng, cpu).unwrap();
    let mut settings = TrainConfig {
        steps: 3,
        batch_size: 4,
        seed: 3,
        objective: Objective::Hinge,
        gradient_penalty: GradientPenalty {
            weight: 2.0,
            every: 2,
        },
        augmentation: DiffAugment::ALL,
        averaging_warmup: 4,
        ..TrainConfig::default()
    };
    settings.generator.learning_rate = 1e-4;
    settings.discriminator.learning_rate = 4e-4;
    let mut trainer = GanTrainer::new(generator, discriminator, settings).unwrap();
    for step in 0..3 {
        trainer.step(&batches.batch(step, cpu).unwrap()).unwrap();
    }
    trainer
}

#[test]
fn options_are_those_of_the_library_and_the_model_is_plain() {
    let folder = folder_with_data();
    train(folder.path(), &format!("--steps 3 --out run {OPTIONS}")).expect(0);
    let trainer = trained_by_library(folder.path());
    let cpu = &Device::Cpu;
    let written = DcganModel::load(&folder.path().join("run/model.safetensors"), cpu).unwrap();
    let discriminator = written.discriminator.unwrap();
    let norm = discriminator.config().discriminator_norm;
    assert_eq!(norm, DiscriminatorNorm::Absent);
    let plain = trainer.discriminator().without_spectral_norm().unwrap();
    let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for (name, tensor, _) in plain.params().iter() {
        let written = discriminator.params().tensor(name).unwrap();
        assert_eq!(values(written), values(tensor), "{name}");
    }
    for (name, tensor, _) in trainer.averaged_generator().params().iter() {
        let written = written.generator.params().tensor(name).unwrap();
        assert_eq!(values(written), values(tensor), "{name}");
    }
    let command = "inpaint images/00.png --mask square:10 --model run/model.safetensors \
                   --iterations 2";
    run(folder.path(), command).expect(0);
}

#[test]
fn a_resumed_run_with_every_option_ends_with_the_same_bytes() {
    let folder = folder_with_data();
    train(folder.path(), &format!("--steps 6 --out whole {OPTIONS}")).expect(0);
    train(folder.path(), &format!("--steps 3 --out parts {OPTIONS}")).expect(0);
    run(folder.path(), "train dcgan --resume --out parts --steps 6").expect(0);
    assert_eq!(model(folder.path(), "parts"), model(folder.path(), "whole"));
}

#[test]
fn words_that_name_no_option_are_refused_with_those_that_do() {
    let folder = folder_with_data();
    for (option, text) in [
        ("--objective gan", "non-saturating, hinge or wasserstein"),
        ("--augment flip", "color,translation,cutout"),
        ("--discriminator-norm layer", "batch, spectral or none"),
    ] {
        let ran = train(folder.path(), &format!("--out run {option}")).expect(2);
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
        assert!(!folder.path().join("run").exists());
    }
}

#[test]
fn a_settings_file_from_before_these_options_trains_as_before() {
    let folder = folder_with_data();
    train(folder.path(), "--steps 2 --out new").expect(0);
    let written = std::fs::read_to_string(folder.path().join("new/config.toml")).unwrap();
    let mut config: toml::Table = toml::from_str(&written).unwrap();
    let table = |value: Option<&mut toml::Value>, unknown: &[&str]| {
        let table = value.unwrap().as_table_mut().unwrap();
        for key in unknown {
            assert!(table.remove(*key).is_some(), "{key} is not in config.toml");
        }
    };
    table(config.get_mut("model"), &["discriminator_norm"]);
    let options = [
        "objective",
        "gradient_penalty",
        "augmentation",
        "averaging_warmup",
        "stability",
    ];
    table(config.get_mut("train"), &options);
    std::fs::write(folder.path().join("old.toml"), config.to_string()).unwrap();
    run(folder.path(), "train dcgan --config old.toml --out old").expect(0);
    assert_eq!(model(folder.path(), "old"), model(folder.path(), "new"));
}

#[test]
fn a_run_that_diverges_returns_and_says_so() {
    let folder = folder_with_data();
    let wild = "--steps 4 --discriminator-learning-rate 1e25 --rate-factor 1e-29";
    train(folder.path(), &format!("{wild} --out stopped")).expect_error(&["training diverged"]);
    let ran = train(folder.path(), &format!("{wild} --max-returns 1 --out run")).expect(0);
    let warning = "going on from step 0 with step sizes times";
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
    let events = std::fs::read_to_string(folder.path().join("run/events.jsonl")).unwrap();
    let returned = events.lines().find(|line| line.contains("\"returned\""));
    assert!(returned.unwrap().contains("\"fault\":\"not-finite\""));
    let hopeless =
        "--steps 4 --learning-rate 1e25 --rate-factor 0.5 --max-returns 2 --out hopeless";
    train(folder.path(), hopeless).expect_error(&["2 returns", "lower learning rate"]);
}

#[test]
fn classes_and_a_cache_of_sets_are_settings_of_a_run() {
    let folder = folder_with_data();
    for class in ["cats", "dogs"] {
        let target = folder.path().join("images").join(class);
        std::fs::create_dir(&target).unwrap();
        for index in 0..5 {
            let name = format!("{index:02}.png");
            std::fs::copy(folder.path().join("images").join(&name), target.join(name)).unwrap();
        }
    }
    let options = "--steps 1 --classes dogs --cache sets --score-samples 0";
    let first = train(folder.path(), &format!("{options} --out first")).expect(0);
    assert!(first.stderr.contains("wrote"), "{first:?}");
    let again = train(folder.path(), &format!("{options} --out again")).expect(0);
    assert!(again.stderr.contains("found"), "{again:?}");
    assert!(model(folder.path(), "first") == model(folder.path(), "again"));
    let all = train(folder.path(), "--steps 1 --score-samples 0 --out all").expect(0);
    assert!(!all.stderr.contains("wrote"), "{all:?}");
    assert!(model(folder.path(), "all") != model(folder.path(), "first"));

    let config = std::fs::read_to_string(folder.path().join("first/config.toml")).unwrap();
    let config: toml::Table = toml::from_str(&config).unwrap();
    assert_eq!(config["data"]["classes"][0].as_str(), Some("dogs"));
    assert!(Path::new(config["data"]["cache"].as_str().unwrap()).is_absolute());
    train(folder.path(), "--steps 1 --classes birds --out none").expect_error(&["birds"]);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_twenty_times_ends_with_the_same_bytes() {
    let folder = folder_with_data();
    let settings = format!("--checkpoint-every 1 --sample-every 50 {OPTIONS}");
    let settings = SETTINGS
        .replace("--sample-every 2 --checkpoint-every 2", &settings)
        .replace("--device cpu", "");
    let start = |options: &str| {
        let command = format!("train dcgan {options}");
        program(folder.path())
            .args(command.split_whitespace())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut rng = Rng::from_seed(9);
    let mut child = start(&format!("{settings} --steps 100000 --out killed"));
    let checkpoints = folder.path().join("killed/checkpoints");
    while !checkpoints.join("last").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    for _ in 0..20 {
        std::thread::sleep(std::time::Duration::from_millis(150 + rng.next_u64() % 250));
        signal(&child, "KILL");
        child.wait().unwrap();
        let run = RunDirectory::open(&folder.path().join("killed")).unwrap();
        let (_, checkpoint) = run.last_checkpoint().unwrap();
        assert!(checkpoint.join("state.json").is_file());
        child = start("--resume --out killed");
    }
    signal(&child, "KILL");
    child.wait().unwrap();
    let run_directory = RunDirectory::open(&folder.path().join("killed")).unwrap();
    let steps = run_directory.last_checkpoint().unwrap().0 + 1;
    let resume = format!("train dcgan --resume --out killed --steps {steps}");
    run(folder.path(), &resume).expect(0);
    let whole = format!("train dcgan {settings} --steps {steps} --out whole");
    run(folder.path(), &whole).expect(0);
    assert!(model(folder.path(), "killed") == model(folder.path(), "whole"));
    let names = std::fs::read_dir(checkpoints).unwrap();
    for name in names.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        let is_role = ["last", "best"].contains(&&*name);
        assert!(is_role || name.starts_with("step-"), "{name}");
    }
}

#[test]
fn a_precision_that_the_processor_lacks_is_said_and_the_run_is_one_in_single_precision() {
    let folder = folder_with_data();
    train(folder.path(), "--steps 2 --score-samples 0 --out single").expect(0);
    let options = "--steps 2 --score-samples 0 --precision tf32 --out other";
    let ran = train(folder.path(), options).expect(0);
    assert!(ran.stderr.contains("precision: f32"), "{ran:?}");
    let config = std::fs::read_to_string(folder.path().join("other/config.toml")).unwrap();
    assert!(config.contains("precision = \"tf32\""), "{config}");
    let weights = |run: &str| {
        let path = folder.path().join(run).join("model.safetensors");
        let model = DcganModel::load(&path, &Device::Cpu).unwrap();
        model.generator.params().to_tensors().unwrap()
    };
    let (single, other) = (weights("single"), weights("other"));
    for (name, tensor) in &single {
        let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(values(tensor), values(&other[name]), "{name}");
    }
}
