use std::path::Path;

use semantic_inpaint::data::{Flip, ReadOptions, ShuffledBatches};
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::nn::Network as _;
use semantic_inpaint::train::{GanTrainer, History, TrainConfig};
use semantic_inpaint::{
    DcganConfig, DcganModel, Device, Framing, ImageSet, ImageSource, Rng, read_photo,
};
use serde_json::Value;

use crate::material::folder_of_photos;
use crate::program::{Ran, program, run};
#[cfg(unix)]
use crate::program::{signal, start_until};

pub(crate) const SETTINGS: &str = "--data images --size 32 --width 4 --latent-len 8 --batch-size 4 --seed 3 \
                        --sample-every 2 --checkpoint-every 2 --device cpu";

pub(crate) fn folder_with_data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    folder_of_photos(folder.path(), 10, 32);
    folder
}

pub(crate) fn train(folder: &Path, options: &str) -> Ran {
    run(folder, &format!("train dcgan {SETTINGS} {options}"))
}

pub(crate) fn model(folder: &Path, run: &str) -> Vec<u8> {
    std::fs::read(folder.join(run).join("model.safetensors")).unwrap()
}

#[test]
fn a_run_leaves_settings_events_samples_checkpoints_and_a_model() {
    let folder = folder_with_data();
    let ran = train(
        folder.path(),
        "--steps 5 --out run --keep-checkpoints 2 --score-samples 0 --dataset-name dots --licence CC0",
    )
    .expect(0);
    assert!(ran.stdout.contains("made 5 steps"), "{ran:?}");
    let out = folder.path().join("run");
    for file in [
        "samples/real.png",
        "samples/step-000000.png",
        "samples/step-000005.png",
    ] {
        assert!(read_photo(out.join(file)).is_ok(), "{file}");
    }
    assert!(!out.join("checkpoints/step-000002").exists());
    assert!(out.join("checkpoints/step-000004").is_dir());
    assert!(out.join("checkpoints/step-000005").is_dir());

    let config: toml::Table =
        toml::from_str(&std::fs::read_to_string(out.join("config.toml")).unwrap()).unwrap();
    assert_eq!(config["model"]["image_size_px"].as_integer(), Some(32));
    assert_eq!(config["train"]["generator"]["beta1"].as_float(), Some(0.5));
    assert_eq!(config["data"]["framing"].as_str(), Some("center-crop"));
    let environment = std::fs::read_to_string(out.join("environment.json")).unwrap();
    let environment: Value = serde_json::from_str(&environment).unwrap();
    assert_eq!(environment["device"], "cpu");
    assert_eq!(environment["command"][1], "train");

    let model = DcganModel::load(&out.join("model.safetensors"), &Device::Cpu).unwrap();
    assert_eq!((model.card.steps, &*model.card.dataset), (5, "dots"));
    assert_eq!(model.card.licence, "CC0");
    let facts = run(folder.path(), "info run --json").expect(0);
    let facts: Value = serde_json::from_str(&facts.stdout).unwrap();
    assert_eq!(facts["last_checkpoint"]["step"], 5);
    let command = "inpaint images/00.png --mask square:10 --model run/model.safetensors \
                   --iterations 2";
    run(folder.path(), command).expect(0);
}

#[test]
fn a_run_leaves_curves_an_event_file_and_the_best_model_by_score() {
    let folder = folder_with_data();
    train(folder.path(), "--steps 6 --out run --learning-rate 0.01").expect(0);
    let out = folder.path().join("run");
    for file in ["curves/training.png", "curves/scores.png"] {
        assert!(
            read_photo(out.join(file)).unwrap().height() >= 300,
            "{file}"
        );
    }
    let events = std::fs::read_dir(out.join("tensorboard")).unwrap().next();
    let bytes = std::fs::read(events.unwrap().unwrap().path()).unwrap();
    let count = |text: &str| {
        let windows = bytes.windows(text.len());
        windows.filter(|window| *window == text.as_bytes()).count()
    };
    assert_eq!(count("score/sliced_wasserstein_of_halves"), 3);
    // The samples of steps 0, 2, 4 and 6, and the real images.
    assert_eq!(count("samples"), 4);
    assert_eq!(count("IHDR"), 5);

    let history = History::read(&out.join("events.jsonl")).unwrap();
    let (step, lowest) = history.lowest("sliced_wasserstein").unwrap();
    let card = |file: &str| {
        DcganModel::load(&out.join(file), &Device::Cpu)
            .unwrap()
            .card
    };
    let facts = run(folder.path(), "info run --json").expect(0);
    let facts: Value = serde_json::from_str(&facts.stdout).unwrap();
    assert_eq!(facts["best_checkpoint"]["step"], step);
    assert_eq!(
        facts["best_checkpoint"]["scores"]["sliced_wasserstein"],
        lowest
    );
    assert_eq!(facts["last_checkpoint"]["step"], 6);
    assert!(facts["last_checkpoint"]["scores"]["near_duplicates"].is_number());
    let best = card("best.safetensors");
    assert_eq!(
        (best.steps, best.metrics["sliced_wasserstein"]),
        (step, lowest)
    );
    let last = history.scores()["sliced_wasserstein"].last().copied();
    let newest = card("model.safetensors");
    assert_eq!(last, Some((6, newest.metrics["sliced_wasserstein"])));
    // What `score` says of the model, with the seed of the run and all of its images.
    let command =
        "score --model run/model.safetensors --data images --framing center-crop --seed 3";
    let report = run(folder.path(), &format!("{command} --samples 5 --json")).expect(0);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(
        report["sliced_wasserstein"]["mean"],
        newest.metrics["sliced_wasserstein"]
    );
}

#[test]
fn a_resumed_run_knows_its_best_score_and_scores_can_be_left_out() {
    let folder = folder_with_data();
    train(folder.path(), "--steps 6 --out whole --learning-rate 0.01").expect(0);
    train(folder.path(), "--steps 4 --out parts --learning-rate 0.01").expect(0);
    // As after a kill between a checkpoint and the models beside it.
    std::fs::remove_file(folder.path().join("parts/best.safetensors")).unwrap();
    run(folder.path(), "train dcgan --resume --out parts --steps 6").expect(0);
    let best = |run: &str| std::fs::read(folder.path().join(run).join("best.safetensors")).unwrap();
    assert!(best("whole") == best("parts"));
    train(folder.path(), "--steps 2 --out plain --score-samples 0").expect(0);
    let plain = folder.path().join("plain");
    assert!(!plain.join("best.safetensors").exists() && !plain.join("curves/scores.png").exists());
    assert!(plain.join("curves/training.png").exists());
}

#[test]
fn the_best_model_can_be_the_one_that_comes_nearest_to_held_out_images() {
    let folder = tempfile::tempdir().unwrap();
    folder_of_photos(folder.path(), 40, 32);
    let options = "--score-reconstruct 2 --score-samples 0 --learning-rate 0.01 --steps 6";
    train(folder.path(), &format!("{options} --out run")).expect(0);
    let out = folder.path().join("run");
    let history = History::read(&out.join("events.jsonl")).unwrap();
    let psnr = &history.scores()["reconstruction_psnr_db"];
    assert_eq!(psnr.len(), 3);
    let (step, highest) = psnr
        .iter()
        .fold((0, f64::NEG_INFINITY), |best, &(step, psnr)| {
            if psnr > best.1 { (step, psnr) } else { best }
        });
    let best = DcganModel::load(&out.join("best.safetensors"), &Device::Cpu).unwrap();
    let metrics = &best.card.metrics;
    assert_eq!(
        (best.card.steps, metrics["reconstruction_psnr_db"]),
        (step, highest)
    );
    // With samples scored as well, they are told and do not decide.
    train(folder.path(), "--score-reconstruct 1 --steps 2 --out both").expect(0);
    let best =
        DcganModel::load(&folder.path().join("both/best.safetensors"), &Device::Cpu).unwrap();
    let metrics = &best.card.metrics;
    assert!(metrics["reconstruction_psnr_db"] > 0.0 && metrics["sliced_wasserstein"] > 0.0);
}

#[test]
fn the_command_trains_what_the_library_trains() {
    let folder = folder_with_data();
    train(folder.path(), "--steps 3 --out run --label-smoothing 0.1").expect(0);
    let source = ImageSource::open(folder.path().join("images")).unwrap();
    let options = ReadOptions::new(Framing::CenterCrop, 32);
    let set = ImageSet::read(&source, &options, &|_| {}).unwrap();
    let batches = ShuffledBatches::new(set, 4, 3, Flip::Horizontal).unwrap();
    let config = DcganConfig {
        latent_len: 8,
        generator_channels: 4,
        discriminator_channels: 4,
        image_size_px: 32,
        ..DcganConfig::default()
    };
    let (rng, cpu) = (&mut Rng::from_seed(3), &Device::Cpu);
    let generator = DcganGenerator::initialize(config, rng, cpu).unwrap();
    let discriminator = DcganDiscriminator::initialize(config, rng, cpu).unwrap();
    let settings = TrainConfig {
        steps: 3,
        batch_size: 4,
        seed: 3,
        label_smoothing: 0.1,
        ..TrainConfig::default()
    };
    let mut trainer = GanTrainer::new(generator, discriminator, settings).unwrap();
    for step in 0..3 {
        trainer.step(&batches.batch(step, cpu).unwrap()).unwrap();
    }
    let written = DcganModel::load(&folder.path().join("run/model.safetensors"), cpu).unwrap();
    for (name, tensor, _) in trainer.averaged_generator().params().iter() {
        let values = |tensor: &semantic_inpaint::tensor::Tensor| {
            tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let written = written.generator.params().tensor(name).unwrap();
        assert_eq!(values(written), values(tensor), "{name}");
    }
}

#[test]
fn a_resumed_run_ends_with_the_same_bytes() {
    let folder = folder_with_data();
    train(folder.path(), "--steps 6 --out whole").expect(0);
    train(folder.path(), "--steps 3 --out parts").expect(0);
    run(folder.path(), "train dcgan --resume --out parts --steps 6").expect(0);
    assert_eq!(model(folder.path(), "parts"), model(folder.path(), "whole"));
    let events = |run: &str| {
        let text = std::fs::read_to_string(folder.path().join(run).join("events.jsonl")).unwrap();
        text.lines()
            .filter(|line| line.contains("checkpoint"))
            .count()
    };
    assert_eq!((events("whole"), events("parts")), (3, 4));
    let ran = run(folder.path(), "train dcgan --resume --out parts").expect(0);
    assert!(ran.stdout.contains("all 6 steps are made"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_a_checkpoint_and_a_killed_run_resumes_from_its_last() {
    let folder = folder_with_data();
    let start = |run: &str| {
        let command = format!("train dcgan {SETTINGS} --steps 100000 --out {run}");
        let child = start_until(folder.path(), &command, "step 1 of");
        let last = folder.path().join(run).join("checkpoints/last");
        while !last.exists() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        child
    };
    let mut finals = Vec::new();
    for (run_name, name, code) in [("stopped", "INT", Some(130)), ("killed", "KILL", None)] {
        let child = start(run_name);
        signal(&child, name);
        let ran = child.wait_with_output().unwrap();
        assert_eq!(ran.status.code(), code);
        if name == "INT" {
            let stdout = String::from_utf8(ran.stdout).unwrap();
            assert!(stdout.contains("--resume --out stopped"), "{stdout}");
        }
        finals.push(folder.path().join(run_name));
    }
    let last = |run: &Path| {
        let run = semantic_inpaint::train::RunDirectory::open(run).unwrap();
        run.last_checkpoint().unwrap().0
    };
    // Both go on to the same step, and end with the same bytes as a run that was left alone.
    let steps = finals.iter().map(|run| last(run)).max().unwrap() + 2;
    for run_name in ["stopped", "killed"] {
        let command = format!("train dcgan --resume --out {run_name} --steps {steps}");
        run(folder.path(), &command).expect(0);
    }
    train(folder.path(), &format!("--steps {steps} --out whole")).expect(0);
    let whole = model(folder.path(), "whole");
    assert!(model(folder.path(), "stopped") == whole && model(folder.path(), "killed") == whole);
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_in_the_middle_of_a_checkpoint_loses_nothing() {
    let folder = folder_with_data();
    train(folder.path(), "--steps 2 --out run").expect(0);
    let before = model(folder.path(), "run");
    // No file may grow beyond 8 KiB: writing the weights fails, small files do not.
    let program = program(folder.path());
    let limited = "trap '' XFSZ; ulimit -f 8; exec \"$0\" train dcgan --resume --out run --steps 6";
    let output = std::process::Command::new("bash")
        .args(["-c", limited])
        .arg(program.get_program())
        .current_dir(folder.path())
        .output()
        .unwrap();
    Ran::from(output).expect_error(&["run", "the checkpoint of step 2 is kept"]);
    assert_eq!(model(folder.path(), "run"), before);
    run(folder.path(), "train dcgan --resume --out run --steps 6").expect(0);
    train(folder.path(), "--steps 6 --out whole").expect(0);
    assert_eq!(model(folder.path(), "run"), model(folder.path(), "whole"));
}

#[test]
fn settings_come_from_a_file_and_the_command_line_comes_first() {
    let folder = folder_with_data();
    let text = "[train]\nsteps = 1\nbatch_size = 2\n[train.generator]\nlearning_rate = 0.001\n\
                [data]\nsource = \"images\"\nflip = \"none\"\n[model]\nimage_size_px = 32\n\
                generator_channels = 2\ndiscriminator_channels = 2\n";
    std::fs::write(folder.path().join("own.toml"), text).unwrap();
    run(
        folder.path(),
        "train dcgan --config own.toml --batch-size 3 --out run",
    )
    .expect(0);
    let written = std::fs::read_to_string(folder.path().join("run/config.toml")).unwrap();
    let config: toml::Table = toml::from_str(&written).unwrap();
    assert_eq!(config["train"]["batch_size"].as_integer(), Some(3));
    assert_eq!(
        config["train"]["generator"]["learning_rate"].as_float(),
        Some(0.001)
    );
    assert_eq!(config["data"]["flip"].as_str(), Some("none"));
    std::fs::write(folder.path().join("bad.toml"), "[train]\nstep = 1\n").unwrap();
    run(folder.path(), "train dcgan --config bad.toml --out other")
        .expect_error(&["bad.toml, line 2", "`step`"]);
}

#[test]
fn runs_that_cannot_be_made_leave_nothing_behind() {
    let folder = folder_with_data();
    for (options, text) in [
        ("--size 48", "32, 64 or 128"),
        ("--batch-size 11", "at least 11 images"),
        ("--batch-size 0", "batch size"),
        ("--learning-rate -1", "learning rate"),
        ("--label-smoothing 0.7", "label smoothing"),
        ("--steps 0", "steps"),
        ("--score-reconstruct 5 --split train", "--score-reconstruct"),
        ("--objective wasserstein", "weight of the gradient penalty"),
        ("--r1-weight -1", "weight of the gradient penalty"),
        ("--r1-every 0", "steps between gradient penalties"),
        ("--objective hinge --label-smoothing 0.1", "label smoothing"),
        ("--discriminator-learning-rate 0", "learning rate"),
        ("--rate-factor 1", "rate factor"),
        ("--collapse-ratio 0", "collapse ratio"),
        ("--saturation-logit -2", "saturation logit"),
        ("--saturation-steps 0", "saturation steps"),
        ("--data missing", "missing"),
        ("--width 0", "width"),
        ("--framing crop108 --size 64", "crop108"),
    ] {
        let command = "train dcgan --data images --batch-size 4 --size 32 --out new";
        let mut words: Vec<&str> = command.split(' ').collect();
        // An option may be given once only, so a bad one takes the place of the good one.
        for pair in options.split(' ').collect::<Vec<_>>().chunks(2) {
            match words.iter().position(|word| *word == pair[0]) {
                Some(at) => words[at + 1] = pair[1],
                None => words.extend(pair),
            }
        }
        run(folder.path(), &words.join(" ")).expect_error(&[text]);
        assert!(!folder.path().join("new").exists(), "{options}");
    }
    run(folder.path(), "train dcgan --out new").expect_error(&["--data"]);
}

#[test]
fn earlier_runs_are_not_overwritten_and_resume_takes_their_settings() {
    let folder = folder_with_data();
    train(folder.path(), "--steps 2 --out run").expect(0);
    let before = model(folder.path(), "run");
    train(folder.path(), "--steps 4 --out run").expect_error(&["run already holds a run"]);
    assert_eq!(model(folder.path(), "run"), before);
    run(folder.path(), "train dcgan --resume --out run --seed 5")
        .expect_error(&["leave out all others"]);
    run(folder.path(), "train dcgan --resume --out images").expect_error(&["no run to resume"]);
    std::fs::write(folder.path().join("file"), "x").unwrap();
    train(folder.path(), "--steps 2 --out file").expect_error(&["file"]);
}

#[test]
fn a_damaged_checkpoint_is_named() {
    let folder = folder_with_data();
    train(folder.path(), "--steps 2 --out run").expect(0);
    let file = folder
        .path()
        .join("run/checkpoints/step-000002/generator.safetensors");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    run(folder.path(), "train dcgan --resume --out run --steps 4")
        .expect_error(&["generator.safetensors"]);
}
