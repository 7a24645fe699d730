use std::path::Path;

use semantic_inpaint::read_photo;
use serde_json::Value;

use crate::material::{MODEL, folder_of_photos, folder_with_model};
use crate::program::{Ran, run};

fn score(folder: &Path, options: &str) -> Ran {
    run(folder, &format!("score --model {MODEL} {options}"))
}

fn json(folder: &Path, options: &str) -> Value {
    let ran = score(folder, &format!("{options} --json")).expect(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

fn folder_with_images(count: usize) -> tempfile::TempDir {
    let folder = folder_with_model();
    folder_of_photos(folder.path(), count, 32);
    folder
}

#[test]
fn a_model_is_scored_beside_two_halves_of_the_data() {
    let folder = folder_with_images(24);
    let report = json(folder.path(), "--data images --samples 10");
    assert_eq!(
        (&report["samples"], &report["images"]),
        (&10.into(), &24.into())
    );
    let distance = |what: &str| {
        let levels = report[what]["levels"].as_array().unwrap();
        assert_eq!((levels.len(), &levels[0]["height"]), (2, &32.into()));
        report[what]["mean"].as_f64().unwrap()
    };
    let (samples, halves) = (
        distance("sliced_wasserstein"),
        distance("sliced_wasserstein_of_halves"),
    );
    assert!(samples > halves && halves > 0.0, "{samples} {halves}");
    let duplicates = &report["duplicates"];
    assert_eq!(duplicates["samples"]["count"], 10);
    assert!(duplicates["real"]["share"].as_f64().unwrap() >= 0.1);
    let memorization = &report["memorization"];
    assert!(memorization["training_images"].as_u64().unwrap() > 15);
    assert!(memorization["ratio"].as_f64().unwrap() > 0.0);
}

#[test]
fn scores_are_a_function_of_the_seed() {
    let folder = folder_with_images(12);
    let first = json(folder.path(), "--data images --samples 6 --seed 1");
    assert_eq!(
        json(folder.path(), "--data images --samples 6 --seed 1"),
        first
    );
    let second = json(folder.path(), "--data images --samples 6 --seed 2");
    assert_ne!(first["sliced_wasserstein"], second["sliced_wasserstein"]);
}

#[test]
fn samples_as_data_are_at_the_distance_of_halves_and_copies_are_found() {
    let folder = folder_with_images(12);
    let command = format!("sample --model {MODEL} --count 40 --each drawn --seed 3");
    run(folder.path(), &command).expect(0);
    let report = json(folder.path(), "--data drawn --samples 20 --seed 8");
    let mean = |what: &str| report[what]["mean"].as_f64().unwrap();
    let (samples, halves) = (
        mean("sliced_wasserstein"),
        mean("sliced_wasserstein_of_halves"),
    );
    assert!(
        samples < 2.0 * halves && halves < 2.0 * samples,
        "{samples} {halves}"
    );

    // The same seed draws the same images: all samples are training images.
    let report = json(
        folder.path(),
        "--data images --training drawn --samples 6 --seed 3",
    );
    let memorization = &report["memorization"];
    assert_eq!(memorization["samples"], 0.0);
    assert_eq!(memorization["copies"], 1.0);
    assert_eq!(memorization["training_images"], 40);
    assert_eq!(memorization["held_out_images"], 6);
}

#[test]
fn the_tables_hold_the_numbers_of_the_json() {
    let folder = folder_with_images(24);
    let report = json(folder.path(), "--data images --samples 10");
    let ran = score(folder.path(), "--data images --samples 10").expect(0);
    let mean = report["sliced_wasserstein"]["mean"].as_f64().unwrap();
    for text in [
        format!("{mean:.2}"),
        "32x32".into(),
        "two halves of data".into(),
        "near-duplicates".into(),
        "nearest training image".into(),
    ] {
        assert!(ran.stdout.contains(&text), "no {text} in {}", ran.stdout);
    }
}

#[test]
fn fewer_images_make_fewer_samples_and_a_warning() {
    let folder = folder_with_images(9);
    let ran = score(folder.path(), "--data images --json").expect(0);
    assert!(
        ran.stderr.contains("comparing 4 samples instead of 1000"),
        "{ran:?}"
    );
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["samples"], 4);
}

#[test]
fn a_set_of_one_part_says_that_copies_were_not_looked_for() {
    let folder = folder_with_images(30);
    let prepare = "prepare --data images --size 32 --split train --out train.safetensors";
    run(folder.path(), prepare).expect(0);
    let ran = score(folder.path(), "--data train.safetensors --samples 6").expect(0);
    assert!(ran.stdout.contains("give --training"), "{ran:?}");
    let report = json(folder.path(), "--data train.safetensors --samples 6");
    assert_eq!(report["memorization"], Value::Null);
}

#[test]
fn the_framing_is_the_models_unless_it_is_given() {
    let folder = folder_with_images(1);
    let images = folder.path().join("images");
    // Photos that are cut in the middle become black, squashed ones do not.
    let mut photo = semantic_inpaint::Photo::filled(32, 96, [255; 3]);
    let middle = semantic_inpaint::Photo::filled(32, 32, [0; 3]);
    photo.paste(&middle, 0, 32).unwrap();
    for index in 0..6 {
        photo.save(images.join(format!("{index:02}.png"))).unwrap();
    }
    assert!(read_photo(images.join("00.png")).is_ok());
    let distance = |options: &str| json(folder.path(), options)["duplicates"].clone();
    let default = distance("--data images --samples 3");
    assert_eq!(
        distance("--data images --samples 3 --framing center-crop"),
        default
    );
    let ran = score(folder.path(), "--data images --samples 3 --framing crop108");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("crop108"), "{}", ran.stderr);
}

#[test]
fn classes_and_random_squares_are_scored_as_they_are_trained_on() {
    let folder = folder_with_images(8);
    let images = folder.path().join("images");
    for index in 0..8 {
        let class = ["wood", "wool"][index % 2];
        let name = |text: String| images.join(text);
        std::fs::rename(
            name(format!("{index:02}.png")),
            name(format!("{class}_{index}.png")),
        )
        .unwrap();
    }
    let count = |options: &str| {
        let options = format!("--data images --samples 2 {options}");
        json(folder.path(), &options)["images"].clone()
    };
    assert_eq!(count(""), 8);
    assert_eq!(count("--classes wool"), 4);
    assert_eq!(count("--classes wool --framing random-crops:3"), 12);
    score(folder.path(), "--data images --classes stone").expect_error(&["stone", "wood, wool"]);
}

#[test]
fn data_that_cannot_be_scored_is_refused() {
    let folder = folder_with_images(3);
    score(folder.path(), "--data images").expect_error(&["images", "at least 4"]);
    score(folder.path(), "--data missing").expect_error(&["missing", "check the path"]);
    score(folder.path(), "--data images --samples 1").expect(2);
    score(folder.path(), "").expect(2);
    run(folder.path(), "score --model other --data images").expect_error(&["other", "celeba"]);
    std::fs::write(folder.path().join("broken.zip"), "PK no archive").unwrap();
    score(folder.path(), "--data broken.zip").expect_error(&["broken.zip", "download it again"]);
    folder_of_photos_named(folder.path(), "more", 8);
    score(folder.path(), "--data more --training missing").expect_error(&["missing"]);
    score(folder.path(), "--data more --split validation").expect_error(&["more", "another split"]);
}

fn folder_of_photos_named(folder: &Path, name: &str, count: usize) {
    let scratch = tempfile::tempdir().unwrap();
    let images = folder_of_photos(scratch.path(), count, 32);
    std::fs::create_dir(folder.join(name)).unwrap();
    for entry in std::fs::read_dir(images).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.join(name).join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn the_ceiling_of_the_first_images_is_told_on_demand() {
    let folder = folder_with_images(12);
    let none = json(folder.path(), "--data images --samples 4");
    assert_eq!(none["reconstruction"], Value::Null);
    let options = "--data images --samples 4 --reconstruct 3 --restarts 2 --iterations 5";
    let report = json(folder.path(), options)["reconstruction"].clone();
    let images = report["images"].as_array().unwrap();
    let names: Vec<&str> = images
        .iter()
        .map(|image| image["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["00.png", "01.png", "02.png"]);
    let psnr: Vec<f64> = images
        .iter()
        .map(|image| image["psnr_db"].as_f64().unwrap())
        .collect();
    assert!(
        psnr.iter().all(|psnr| (5.0..40.0).contains(psnr)),
        "{psnr:?}"
    );
    let mean = psnr.iter().sum::<f64>() / 3.0;
    assert!((report["psnr_db"]["mean"].as_f64().unwrap() - mean).abs() < 1e-9);
    assert!(report["psnr_db"]["half_width"].as_f64().unwrap() > 0.0);
    assert!(psnr.contains(&report["median_psnr_db"].as_f64().unwrap()));
    assert_eq!(
        (&report["restarts"], &report["iterations"]),
        (&2.into(), &5.into())
    );

    let ran = score(folder.path(), options).expect(0);
    assert!(ran.stdout.contains(&format!("PSNR {mean:.2}")), "{ran:?}");
    let rough = json(folder.path(), &format!("{options} --precision bf16"));
    let rough = rough["reconstruction"]["psnr_db"]["mean"].as_f64().unwrap();
    assert!((rough - mean).abs() < 0.2, "{rough} {mean}");
    score(folder.path(), "--data images --reconstruct 2 --restarts 0").expect_error(&["restarts"]);
}
