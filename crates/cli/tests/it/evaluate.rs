use std::path::Path;
#[cfg(unix)]
use std::process::Stdio;
#[cfg(unix)]
use std::time::{Duration, Instant};

use serde_json::Value;

use semantic_inpaint::context_encoder::{Connection, ContextEncoderConfig, Output};
use semantic_inpaint::dcgan::DcganGenerator;
use semantic_inpaint::nn::weight_file::StoredPrecision;
use semantic_inpaint::{DcganModel, Device, Rng};

use crate::material::{
    MODEL, folder_with_model, save_encoder, save_tiny_encoder, textured, tiny_model,
};
use crate::program::{Ran, run};
#[cfg(unix)]
use crate::program::{program, signal};

/// A folder with a model, five photos in `images` and three others in `training`.
fn folder_with_photos() -> tempfile::TempDir {
    let folder = folder_with_model();
    for (name, first, count) in [("images", 1, 5), ("training", 20, 3)] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        for seed in first..first + count {
            let file = folder.path().join(format!("{name}/{seed}.png"));
            textured(40, 40, seed).save(file).unwrap();
        }
    }
    folder
}

fn evaluate(folder: &Path, arguments: &str) -> Ran {
    let shared = "evaluate --data images --masks square:8,blocks:2x2:20 --device cpu";
    run(folder, &format!("{shared} --models {MODEL} {arguments}"))
}

fn summary(folder: &Path, out: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(out).join("summary.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The table without its last columns, seconds and reasons of failures: seconds differ from run to run.
fn without_seconds(csv: &str) -> Vec<String> {
    let lines = csv.lines().map(|line| line.rsplitn(3, ',').nth(2).unwrap());
    lines.map(str::to_owned).collect()
}

#[test]
fn methods_and_masks_give_a_report_with_figures_and_every_number() {
    let folder = folder_with_photos();
    let methods = "--methods latent,harmonic,mean-image --training-set training --iterations 2";
    let ran = evaluate(folder.path(), &format!("{methods} --out report")).expect(0);
    assert!(
        ran.stdout.contains("| latent (poisson) |"),
        "{}",
        ran.stdout
    );
    let out = folder.path().join("report");
    let csv = std::fs::read_to_string(out.join("per_image.csv")).unwrap();
    // Header; masks, images, and three methods of which one has two results, and the true image.
    assert_eq!(csv.lines().count(), 1 + 2 * 5 * 5, "{csv}");
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("data:image/png;base64,") && !page.contains("src=\"figures"));
    let markdown = std::fs::read_to_string(out.join("report.md")).unwrap();
    for text in [
        "square:8",
        "blocks:2x2:20",
        "mean-image",
        "95 %",
        "![Latent space](figures/latent-space.png)",
        "the path of latent for 1.png with square:8, 3 points",
        "![Course of the search](figures/search-course.png)",
    ] {
        assert!(markdown.contains(text), "no {text}");
    }
    assert!(std::fs::read_dir(out.join("figures")).unwrap().count() >= 6);
    assert!(summary(folder.path(), "report").is_object());
}

#[test]
fn figures_of_the_search_are_the_same_after_a_stop() {
    let folder = folder_with_photos();
    let latent = "--methods latent --iterations 3";
    evaluate(folder.path(), &format!("{latent} --out report")).expect(0);
    let figures = || {
        ["latent-space", "search-course"].map(|name| {
            std::fs::read(folder.path().join(format!("report/figures/{name}.png"))).unwrap()
        })
    };
    let whole = figures();
    let lost = folder
        .path()
        .join("report/parts/blocks-2x2-20/latent/000000.csv");
    std::fs::remove_file(lost).unwrap();
    std::fs::remove_dir_all(folder.path().join("report/figures")).unwrap();
    evaluate(folder.path(), &format!("{latent} --out report")).expect(0);
    assert_eq!(figures(), whole);
}

#[test]
fn parts_of_a_model_with_other_weights_are_refused() {
    let folder = folder_with_photos();
    let latent = "--methods latent --iterations 1 --out report";
    evaluate(folder.path(), latent).expect(0);
    let model = tiny_model();
    let config = *model.generator.config();
    let other = DcganGenerator::initialize(config, &mut Rng::from_seed(2), &Device::Cpu);
    let other = DcganModel {
        generator: other.unwrap(),
        ..model
    };
    other
        .save(&folder.path().join(MODEL), StoredPrecision::F32)
        .unwrap();
    evaluate(folder.path(), latent).expect_error(&["report", "other"]);
}

#[test]
fn the_device_of_a_context_encoder_is_taken() {
    let folder = folder_with_photos();
    save_tiny_encoder(&folder.path().join("encoder.safetensors"));
    let command = "evaluate --data images --masks square:12 --methods context-encoder \
                   --context-encoder encoder.safetensors --device cpu --out report";
    let ran = run(folder.path(), command).expect(0);
    assert!(ran.stdout.contains("| context-encoder |"), "{}", ran.stdout);
    let markdown = std::fs::read_to_string(folder.path().join("report/report.md")).unwrap();
    assert!(
        !markdown.contains("early and final"),
        "a file has no earlier checkpoint"
    );
    assert!(!markdown.contains("The row context-encoder"), "{markdown}");
}

#[test]
fn a_run_that_keeps_checkpoints_shows_its_context_encoder_early_and_final() {
    let folder = folder_with_photos();
    let train = "train context-encoder --data images --size 32 --width 4 --bottleneck 8 --batch-size 4 \
                 --masks square:12 --steps 4 --checkpoint-every 2 --sample-every 2 --device cpu --out run";
    run(folder.path(), train).expect(0);
    let command = "evaluate --data images --masks square:8,square:12 --methods context-encoder \
                   --context-encoder run --device cpu --out report";
    run(folder.path(), command).expect(0);
    let markdown = std::fs::read_to_string(folder.path().join("report/report.md")).unwrap();
    for text in [
        "(figures/context-encoder-early-and-final.png)",
        "run with square:12 at the oldest checkpoint",
        "after 2 steps, and as it is measured, after 4",
        "The row context-encoder learned square:12; its fills of square:8 are",
    ] {
        assert!(markdown.contains(text), "no {text}: {markdown}");
    }
}

#[test]
fn what_is_done_is_not_done_again_and_other_settings_are_refused() {
    let folder = folder_with_photos();
    let table = |out: &str| {
        let path = folder.path().join(out).join("per_image.csv");
        without_seconds(&std::fs::read_to_string(path).unwrap())
    };
    let both = "--methods telea,latent --iterations 2";
    evaluate(folder.path(), &format!("{both} --out whole")).expect(0);
    let only = "evaluate --data images --framing center-crop --masks square:8 --methods latent";
    let model = format!("--models {MODEL} --iterations 2 --device cpu --out parts");
    run(folder.path(), &format!("{only} {model}")).expect(0);
    evaluate(
        folder.path(),
        &format!("{both} --framing center-crop --out parts"),
    )
    .expect(0);
    assert_eq!(table("parts"), table("whole"));
    evaluate(
        folder.path(),
        "--methods telea,latent --iterations 3 --out parts",
    )
    .expect_error(&["parts", "other"]);
    evaluate(folder.path(), &format!("{both} --seed 5 --out parts")).expect_error(&["parts"]);
}

#[test]
fn an_unreadable_image_is_reported_and_the_rest_is_measured() {
    let folder = folder_with_photos();
    std::fs::write(folder.path().join("images/3.png"), b"no picture").unwrap();
    let command = "evaluate --data images --masks square:8 --methods harmonic --out report";
    let refused = run(folder.path(), command);
    refused.expect_error(&["images", "1 of 5", "3.png", "tolerate more"]);
    let tolerated = command.replace("--out report", "--max-unreadable 0.2 --out tolerated");
    run(folder.path(), &tolerated).expect(3);
    for seed in 1005..2000 {
        let file = folder.path().join(format!("images/{seed}.png"));
        textured(16, 16, seed).save(file).unwrap();
    }
    let ran = run(folder.path(), command).expect(3);
    assert!(ran.stderr.contains("3.png"), "{}", ran.stderr);
    let report = |name: &str| {
        let file = folder.path().join("report").join(name);
        std::fs::read_to_string(file).unwrap()
    };
    assert!(report("report.md").contains("1 image is unreadable and left out: 3.png"));
    // Header, the fill and the true image.
    assert_eq!(report("per_image.csv").lines().count(), 1 + 2 * 999);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_done_and_the_same_command_ends_with_the_same_numbers() {
    let folder = folder_with_photos();
    let command = |out: &str| {
        format!(
            "evaluate --data images --masks square:8 --methods harmonic,latent --models {MODEL} \
             --iterations 5000 --device cpu --out {out}"
        )
    };
    let table = |out: &str| {
        let file = folder.path().join(out).join("per_image.csv");
        without_seconds(&std::fs::read_to_string(file).unwrap())
    };
    run(folder.path(), &command("whole")).expect(0);
    let child = program(folder.path())
        .args(command("stopped").split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The fills are done when the search begins.
    let done = folder
        .path()
        .join("stopped/parts/square-8/harmonic/000000.csv");
    let deadline = Instant::now() + Duration::from_secs(120);
    while !done.is_file() {
        assert!(Instant::now() < deadline, "{} never came", done.display());
        std::thread::sleep(Duration::from_millis(1));
    }
    signal(&child, "INT");
    let ran = Ran::from(child.wait_with_output().unwrap()).expect(130);
    assert!(
        ran.stderr.contains("the same command goes on from here"),
        "{ran:?}"
    );
    assert!(!folder.path().join("stopped/report.md").exists());
    assert!(
        !folder
            .path()
            .join("stopped/parts/square-8/latent/000000.csv")
            .exists()
    );
    let before = std::fs::metadata(&done).unwrap().modified().unwrap();
    run(folder.path(), &command("stopped")).expect(0);
    assert_eq!(table("stopped"), table("whole"));
    let after = std::fs::metadata(&done).unwrap().modified().unwrap();
    assert_eq!(before, after, "what was done is not done again");
}

#[test]
fn images_that_a_method_cannot_complete_are_named_and_the_rest_is_kept() {
    let folder = folder_with_photos();
    for seed in 6..13 {
        let file = folder.path().join(format!("images/{seed}.png"));
        textured(64, 64, seed).save(file).unwrap();
    }
    let config = ContextEncoderConfig {
        image_size_px: 64,
        base_channels: 4,
        connection: Connection::Bottleneck { len: 8 },
        output: Output::Patch { size_px: 32 },
        ..ContextEncoderConfig::default()
    };
    save_encoder(&folder.path().join("patch.safetensors"), config);
    // Blocks at random: those outside the network's patch are none of its holes.
    let command = "evaluate --data images --masks blocks:2x2:1 --methods context-encoder,telea \
                   --context-encoder patch.safetensors --device cpu --out report";
    let ran = run(folder.path(), command).expect(3);
    let csv = std::fs::read_to_string(folder.path().join("report/per_image.csv")).unwrap();
    let lines = |method: &str| {
        csv.lines()
            .filter(|line| line.contains(&format!(",{method},")))
            .count()
    };
    assert_eq!((lines("telea"), lines("true image")), (12, 12), "{csv}");
    // A row of scores or a row with the reason for each image.
    assert_eq!(lines("context-encoder"), 12, "{csv}");
    let num_failed = csv.lines().filter(|line| line.contains("patch")).count();
    assert!((1..12).contains(&num_failed), "{csv}");
    let warnings = ran
        .stderr
        .lines()
        .filter(|line| line.contains("context-encoder, blocks:2x2:1"));
    assert_eq!(warnings.count(), num_failed, "{}", ran.stderr);
    let markdown = std::fs::read_to_string(folder.path().join("report/report.md")).unwrap();
    assert!(
        markdown.contains("## Failures") && markdown.contains("| telea |"),
        "{markdown}"
    );
    // Told again when nothing is left to do.
    let again = run(folder.path(), command).expect(3);
    assert!(
        again
            .stderr
            .contains(&format!("{num_failed} completions failed")),
        "{again:?}"
    );
}

#[test]
fn tables_go_into_a_page_of_results() {
    let folder = folder_with_photos();
    let page = folder.path().join("results.md");
    let command = "--methods telea,latent --iterations 1 --presets paper,fast --page results.md";
    evaluate(folder.path(), &format!("{command} --out out/drawn")).expect_error(&["results.md"]);
    std::fs::write(&page, "# Results\n").unwrap();
    let missing = evaluate(folder.path(), &format!("{command} --out out/drawn"));
    missing.expect_error(&["results.md", "<!-- begin drawn -->"]);
    assert!(
        !folder.path().join("out").exists(),
        "found before anything is measured"
    );
    std::fs::write(
        &page,
        "# Results\n\n<!-- begin drawn -->\n<!-- end drawn -->\n",
    )
    .unwrap();
    evaluate(folder.path(), &format!("{command} --out out/drawn")).expect(0);
    let text = std::fs::read_to_string(&page).unwrap();
    for row in [
        "| telea |",
        "| latent paper (poisson) |",
        "| latent fast (overlay) |",
    ] {
        assert!(text.contains(row), "no {row}: {text}");
    }
    assert!(text.ends_with("<!-- end drawn -->\n") && !text.contains("figures/"));
}

#[test]
fn what_is_missing_or_ignored_is_named() {
    let folder = folder_with_photos();
    for (arguments, texts) in [
        (
            "--methods mean-image --out o",
            ["mean-image", "--training-set"],
        ),
        ("--methods telea --out o", ["--models", "leave out"]),
        (
            "--methods latent,context-encoder --out o",
            ["context-encoder", "--context-encoder"],
        ),
        (
            "--methods latent --training-set training --out o",
            ["--training-set", "leave out"],
        ),
    ] {
        evaluate(folder.path(), arguments).expect_error(&texts);
    }
}
