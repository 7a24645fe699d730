use std::path::Path;

use semantic_inpaint::context_encoder::{
    Connection, ContextEncoder, ContextEncoderConfig, ContextEncoderModel, ContextEncoderTrainer,
    ContextEncoderTraining, MaskChannel, Output,
};
use semantic_inpaint::data::{Flip, ReadOptions, ShuffledBatches};
use semantic_inpaint::dcgan::DcganDiscriminator;
use semantic_inpaint::nn::Network as _;
use semantic_inpaint::train::{History, TrainConfig, Trainer as _};
use semantic_inpaint::{DcganConfig, Device, Framing, ImageSet, ImageSource, Rng, read_photo};
use serde_json::Value;

use crate::material::{MODEL, folder_of_photos, folder_with_model};
use crate::program::{Ran, run};
use crate::train::model;

const SETTINGS: &str = "--data images --size 32 --width 4 --bottleneck 8 --batch-size 4 --seed 3 \
                        --sample-every 2 --checkpoint-every 2 --device cpu";

/// Two of the images, 23 and 27, are of the validation part.
fn folder_with_data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    folder_of_photos(folder.path(), 30, 32);
    folder
}

fn train(folder: &Path, options: &str) -> Ran {
    run(
        folder,
        &format!("train context-encoder {SETTINGS} {options}"),
    )
}

fn load(folder: &Path, file: &str) -> ContextEncoderModel {
    ContextEncoderModel::load(&folder.join(file), &Device::Cpu).unwrap()
}

#[test]
fn a_run_leaves_settings_events_samples_checkpoints_and_a_model() {
    let folder = folder_with_data();
    let options = "--masks square:12 --steps 5 --out run --dataset-name dots --licence CC0";
    let ran = train(folder.path(), options).expect(0);
    assert!(ran.stdout.contains("made 5 steps"), "{ran:?}");
    let out = folder.path().join("run");
    for file in [
        "samples/real.png",
        "samples/step-000000.png",
        "samples/step-000005.png",
        "curves/training.png",
    ] {
        assert!(read_photo(out.join(file)).is_ok(), "{file}");
    }
    assert!(out.join("checkpoints/step-000005").is_dir() && out.join("tensorboard").is_dir());
    assert!(!out.join("best.safetensors").exists());
    // Sixteen images, hole and completion beside each, two images in a row.
    let samples = read_photo(out.join("samples/step-000005.png")).unwrap();
    assert_eq!(
        (samples.height(), samples.width()),
        (8 * 34 - 2, 6 * 34 - 2)
    );

    let config: toml::Table =
        toml::from_str(&std::fs::read_to_string(out.join("config.toml")).unwrap()).unwrap();
    assert_eq!(config["masks"][0].as_str(), Some("square:12"));
    assert_eq!(
        config["train"]["generator"]["learning_rate"].as_float(),
        Some(2e-3)
    );
    let history = History::read(&out.join("events.jsonl")).unwrap();
    assert!(history.steps().contains_key("reconstruction_loss"));

    let model = load(folder.path(), "run/model.safetensors");
    assert_eq!((model.card.steps, &*model.card.dataset), (5, "dots"));
    let set = set_of(folder.path());
    assert_eq!(model.network.config().fill, set.mean_color());
    let facts = run(folder.path(), "info run/model.safetensors --json").expect(0);
    let facts: Value = serde_json::from_str(&facts.stdout).unwrap();
    assert_eq!(facts["kind"], "Context Encoder model");
    assert_eq!(facts["masks"][0], "square:12");
    assert_eq!(facts["config"]["connection"], "bottleneck:8");
    run(folder.path(), "info run").expect(0);
}

fn set_of(folder: &Path) -> ImageSet {
    let source = ImageSource::open(folder.join("images")).unwrap();
    let options = ReadOptions::new(Framing::CenterCrop, 32);
    ImageSet::read(&source, &options, &|_| {}).unwrap()
}

#[test]
fn the_command_trains_what_the_library_trains() {
    let folder = folder_with_data();
    let options = "--masks square:12,pixels:0.5 --mask-channel with --connection channel-wise \
                   --overlap 2 --overlap-weight 5 --far-weight 0.5 --adversarial-weight 0.01 \
                   --learning-rate 0.0001 --steps 3 --out run";
    let command =
        format!("train context-encoder {SETTINGS} {options}").replace("--bottleneck 8", "");
    run(folder.path(), &command).expect(0);
    let set = set_of(folder.path());
    let config = ContextEncoderConfig {
        image_size_px: 32,
        base_channels: 4,
        connection: Connection::ChannelWise,
        mask_channel: MaskChannel::With,
        fill: set.mean_color(),
        ..ContextEncoderConfig::default()
    };
    let judge = DcganConfig {
        image_size_px: 32,
        discriminator_channels: 4,
        ..DcganConfig::default()
    };
    let masks = ["square:12", "pixels:0.5"].map(|text| text.parse().unwrap());
    let mut training = ContextEncoderTraining::new(masks.to_vec());
    training.loss.overlap_px = 2;
    training.loss.overlap_weight = 5.0;
    training.loss.far_weight = 0.5;
    training.loss.adversarial_weight = 0.01;
    training.train = TrainConfig {
        batch_size: 4,
        seed: 3,
        ..training.train
    };
    training.train.generator.learning_rate = 1e-3;
    training.train.discriminator.learning_rate = 1e-4;
    let (rng, cpu) = (&mut Rng::from_seed(3), &Device::Cpu);
    let network = ContextEncoder::initialize(config, rng, cpu).unwrap();
    let judge = DcganDiscriminator::initialize(judge, rng, cpu).unwrap();
    let samples = set.batch(&[0], cpu).unwrap();
    let mut trainer = ContextEncoderTrainer::new(network, judge, training, &samples).unwrap();
    let batches = ShuffledBatches::new(set, 4, 3, Flip::Horizontal).unwrap();
    for step in 0..3 {
        trainer.step(&batches.batch(step, cpu).unwrap()).unwrap();
    }
    let written = load(folder.path(), "run/model.safetensors");
    for (name, tensor, _) in trainer.averaged_network().params().iter() {
        let values = |tensor: &semantic_inpaint::tensor::Tensor| {
            tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let written = written.network.params().tensor(name).unwrap();
        assert_eq!(values(written), values(tensor), "{name}");
    }
}

#[test]
fn a_resumed_run_ends_with_the_same_bytes_and_knows_its_best() {
    let folder = folder_with_data();
    let options = "--masks square:12,half:random --mask-channel with --score-images 5";
    train(folder.path(), &format!("{options} --steps 6 --out whole")).expect(0);
    train(folder.path(), &format!("{options} --steps 3 --out parts")).expect(0);
    let resume = "train context-encoder --resume --out parts";
    run(folder.path(), &format!("{resume} --steps 6")).expect(0);
    assert!(model(folder.path(), "parts") == model(folder.path(), "whole"));
    let best = |run: &str| std::fs::read(folder.path().join(run).join("best.safetensors")).unwrap();
    assert!(best("parts") == best("whole"));
    let card = load(folder.path(), "whole/best.safetensors").card;
    let history = History::read(&folder.path().join("whole/events.jsonl")).unwrap();
    let highest = history.scores()["hole_psnr_db"]
        .iter()
        .map(|(_, psnr)| *psnr)
        .fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(card.metrics["hole_psnr_db"], highest);
    assert!(card.metrics["hole_l1"] > 0.0);
    // The validation part colors nothing.
    let set = set_of(folder.path())
        .split(semantic_inpaint::data::Split::Train)
        .unwrap();
    let network = load(folder.path(), "whole/model.safetensors").network;
    assert_eq!(network.config().fill, set.mean_color());

    let ran = run(folder.path(), resume).expect(0);
    assert!(ran.stdout.contains("all 6 steps are made"), "{ran:?}");
    run(folder.path(), &format!("{resume} --seed 5")).expect_error(&["leave out all others"]);
    run(folder.path(), "train dcgan --resume --out parts").expect_error(&["unknown field"]);
}

#[test]
fn the_output_is_the_patch_around_a_centered_hole_and_the_whole_image_for_others() {
    let folder = tempfile::tempdir().unwrap();
    folder_of_photos(folder.path(), 6, 64);
    let command = "train context-encoder --data images --width 2 --connection bottleneck:4 \
                   --batch-size 2 --steps 1 --device cpu";
    let of = |options: &str, name: &str| {
        run(folder.path(), &format!("{command} {options} --out {name}")).expect(0);
        let model = load(folder.path(), &format!("{name}/model.safetensors"));
        model.network.config().output
    };
    assert_eq!(
        of("--masks square:20", "patch"),
        Output::Patch { size_px: 32 }
    );
    assert_eq!(
        of("--masks square:20 --output whole", "whole"),
        Output::Whole
    );
    assert_eq!(of("--masks square:20 --overlap 7", "wide"), Output::Whole);
    assert_eq!(of("--masks half:left,square:20", "half"), Output::Whole);
    let refused = format!("{command} --masks half:left --output patch --out new");
    run(folder.path(), &refused).expect_error(&["--output whole"]);
}

#[test]
fn runs_that_cannot_be_made_leave_nothing_behind() {
    let folder = folder_with_data();
    for (options, text) in [
        ("--masks square:40", "square:40"),
        (
            "--masks square:12 --overlap-weight -1",
            "weight of the overlap",
        ),
        (
            "--masks square:12 --adversarial-weight 1",
            "adversarial weight",
        ),
        ("--masks square:12 --learning-rate -1", "learning rate"),
        ("--masks square:12 --steps 0", "steps"),
        (
            "--masks square:12 --discriminator-channels 0",
            "discriminator width",
        ),
        (
            "--masks square:12 --score-images 5 --split train",
            "--score-images",
        ),
        ("", "--masks"),
    ] {
        train(folder.path(), &format!("{options} --out new")).expect_error(&[text]);
        assert!(!folder.path().join("new").exists(), "{options}");
    }
    let other = "train context-encoder --data images --masks square:12 --out new";
    for (options, text) in [
        ("--size 48", "32, 64 or 128"),
        ("--size 32 --width 0", "width of the network"),
        ("--size 32 --bottleneck 0", "length of the bottleneck"),
        ("--size 32 --batch-size 1", "batch size"),
        ("--size 32 --batch-size 31", "at least 31 images"),
    ] {
        run(folder.path(), &format!("{other} {options}")).expect_error(&[text]);
        assert!(!folder.path().join("new").exists(), "{options}");
    }
    for (option, text) in [
        ("--masks square", "square"),
        ("--mask-channel maybe", "with or without"),
        ("--output half", "whole or patch"),
        ("--connection full", "bottleneck:LENGTH or channel-wise"),
        ("--connection channel-wise", "--bottleneck"),
    ] {
        let ran = train(folder.path(), &format!("--out new {option}")).expect(2);
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
    }
}

#[test]
fn models_of_other_kinds_are_told_apart() {
    let folder = folder_with_model();
    folder_of_photos(folder.path(), 4, 32);
    train(folder.path(), "--masks square:12 --steps 1 --out run").expect(0);
    let facts = run(folder.path(), &format!("info {MODEL} --json")).expect(0);
    assert!(facts.stdout.contains("DCGAN model"));
    run(
        folder.path(),
        "sample --model run/model.safetensors --out out.png",
    )
    .expect_error(&["`context-encoder`, not a `dcgan`"]);
}
