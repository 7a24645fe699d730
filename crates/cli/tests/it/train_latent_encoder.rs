use std::path::Path;

use semantic_inpaint::Device;
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::train::History;
use serde_json::Value;

use crate::material::{MODEL, folder_of_photos, folder_with_model};
use crate::program::{Ran, run};
use crate::train::model;

const SETTINGS: &str = "--data images --model tiny.safetensors --width 4 --batch-size 4 --seed 3 \
                        --masks square:12,pixels:0.5 --sample-every 2 --checkpoint-every 2 --device cpu";

/// A generator of 32x32 images, and images of which 23 and 27 are of the validation part.
fn folder_with_data() -> tempfile::TempDir {
    let folder = folder_with_model();
    folder_of_photos(folder.path(), 30, 32);
    folder
}

fn train(folder: &Path, options: &str) -> Ran {
    run(
        folder,
        &format!("train latent-encoder {SETTINGS} {options}"),
    )
}

#[test]
fn a_run_leaves_an_encoder_of_its_generator_and_info_tells_of_it() {
    let folder = folder_with_data();
    let ran = train(folder.path(), "--steps 3 --out run --dataset-name dots").expect(0);
    assert!(ran.stdout.contains("made 3 steps"), "{ran:?}");
    let file = folder.path().join("run/model.safetensors");
    let written = LatentEncoderModel::load(&file, &Device::Cpu).unwrap();
    let config = written.encoder.config();
    assert_eq!(
        (
            config.latent_len,
            config.image_size_px,
            config.base_channels
        ),
        (8, 32, 4)
    );
    assert_eq!((written.card.steps, &*written.card.dataset), (3, "dots"));
    let facts = run(folder.path(), "info run/model.safetensors --json").expect(0);
    let facts: Value = serde_json::from_str(&facts.stdout).unwrap();
    assert_eq!(facts["kind"], "latent encoder model");
    assert_eq!(facts["masks"][1], "pixels:0.5");
}

#[test]
fn a_resumed_run_ends_with_the_same_bytes_and_knows_its_best() {
    let folder = folder_with_data();
    let options = "--score-images 5";
    train(folder.path(), &format!("{options} --steps 6 --out whole")).expect(0);
    train(folder.path(), &format!("{options} --steps 3 --out parts")).expect(0);
    let resume = "train latent-encoder --resume --out parts --steps 6";
    run(folder.path(), resume).expect(0);
    assert!(model(folder.path(), "parts") == model(folder.path(), "whole"));
    let history = History::read(&folder.path().join("parts/events.jsonl")).unwrap();
    assert!(history.scores()["hole_psnr_db"].len() >= 3);
    assert!(folder.path().join("parts/best.safetensors").is_file());
}

#[test]
fn what_cannot_be_trained_is_refused_with_the_remedy() {
    let folder = folder_with_data();
    let refused = |options: &str, words: &[&str]| {
        let command =
            format!("train latent-encoder --data images --batch-size 4 --out run {options}");
        run(folder.path(), &command).expect_error(words);
    };
    refused("--model nowhere", &["nowhere", "celeba"]);
    refused(
        &format!("--model {MODEL} --masks square:40"),
        &["square:40", "32"],
    );
    refused(
        &format!("--model {MODEL} --hole-weight 0"),
        &["weight of the hole", "positive"],
    );
    refused(
        &format!("--model {MODEL} --score-images 3 --split train"),
        &["--score-images", "leave out --split"],
    );
    refused(&format!("--model {MODEL} --width 0"), &["encoder width"]);
    assert!(!folder.path().join("run").exists());
}

/// An encoder for the model of [`folder_with_data`], barely trained.
fn with_encoder(folder: &Path) {
    train(folder, "--steps 2 --out run").expect(0);
    std::fs::copy(
        folder.join("run/model.safetensors"),
        folder.join("encoder.safetensors"),
    )
    .unwrap();
}

#[test]
fn an_encoder_starts_the_searches_of_photos_and_of_evaluations() {
    let folder = folder_with_data();
    with_encoder(folder.path());
    let inpaint = |options: &str| {
        let command = format!(
            "inpaint images/00.png --model {MODEL} --mask square:12 --device cpu --json {options}"
        );
        let ran = run(folder.path(), &command).expect(0);
        serde_json::from_str::<Value>(&ran.stdout).unwrap()
    };
    for preset in ["paper", "fast", "best"] {
        let options = format!("--preset {preset} --iterations 3");
        let encoded = inpaint(&format!("{options} --latent-encoder run --out a.png"));
        let drawn = inpaint(&format!("{options} --out b.png"));
        assert_ne!(encoded["objective"], drawn["objective"], "{preset}");
    }
    let evaluate = format!(
        "evaluate --data images --models {MODEL} --masks square:12 --methods latent --iterations 2 \
         --count 3 --latent-encoder encoder.safetensors --out report"
    );
    run(folder.path(), &evaluate).expect(0);
    let summary = std::fs::read_to_string(folder.path().join("report/report.md")).unwrap();
    assert!(summary.contains("DcganEncoderConfig"), "{summary}");
}

#[test]
fn an_encoder_that_is_missing_or_does_not_fit_is_refused_with_the_remedy() {
    let folder = folder_with_data();
    with_encoder(folder.path());
    let refused = |options: &str, words: &[&str]| {
        let command = format!("inpaint images/00.png --mask square:12 --device cpu {options}");
        run(folder.path(), &command).expect_error(words);
    };
    let model = format!("--model {MODEL}");
    refused(
        &format!("{model} --start encoder"),
        &["--latent-encoder", "train latent-encoder"],
    );
    refused(
        &format!("{model} --start prior --latent-encoder run"),
        &["--start encoder"],
    );
    refused(
        &format!("{model} --answer mean:1:guess:0.5"),
        &["must be encoder"],
    );
    refused(
        "--latent-encoder run",
        &["train an encoder for this generator"],
    );
    refused(
        &format!("{model} --latent-encoder {MODEL}"),
        &["a `dcgan`, not a `latent-encoder`"],
    );
    refused(
        "--method telea --latent-encoder run",
        &["telea", "--latent-encoder"],
    );
}
