use serde_json::Value;

use crate::material::{MODEL, folder_of_photos, folder_with_model, textured};
use crate::program::{Ran, run};

const SEARCH: &str = "--iterations 4 --device cpu";

/// A folder with a model, a photo `a.png` and 24 more in `images`.
fn folder() -> tempfile::TempDir {
    let folder = folder_with_model();
    folder_of_photos(folder.path(), 24, 32);
    textured(32, 32, 1)
        .save(folder.path().join("a.png"))
        .unwrap();
    folder
}

fn calibrate(folder: &tempfile::TempDir, options: &str) -> Ran {
    let shared = format!("--data images --model {MODEL} {SEARCH} --masks square:8,square:12");
    run(folder.path(), &format!("calibrate {shared} {options}"))
}

fn confidence(folder: &tempfile::TempDir, options: &str) -> Value {
    let shared = format!("a.png --mask square:10 --model {MODEL} {SEARCH} --json");
    let ran = run(folder.path(), &format!("inpaint {shared} {options}")).expect(0);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    report["confidence"].clone()
}

#[test]
fn a_calibration_says_what_to_expect_of_its_own_settings_alone() {
    let folder = folder();
    let ran = calibrate(&folder, "--out own.json").expect(0);
    assert!(ran.stdout.contains("square:12: 24 fills"), "{}", ran.stdout);
    assert!(ran.stdout.contains("in the interval"), "{}", ran.stdout);
    let told = confidence(&folder, "--calibration own.json");
    let number = |key: &str| told[key].as_f64().unwrap();
    assert!(number("expected_low_db") <= number("expected_psnr_db"));
    assert!(number("expected_psnr_db") <= number("expected_high_db"));
    assert!(number("ring_error") > 0.0 && told["disagreement"].is_null());
    // The seed and the engine make no difference, everything else does.
    let seeded = confidence(
        &folder,
        "--calibration own.json --seed 7 --favor throughput",
    );
    assert!(seeded["expected_psnr_db"].is_f64());
    for others in [
        "",
        "--calibration own.json --window 9",
        "--calibration own.json --restarts 2",
        "--calibration own.json --prior-weight 0",
    ] {
        let told = confidence(&folder, others);
        assert!(told["expected_psnr_db"].is_null(), "{others}");
        assert!(told["ring_error"].is_f64(), "{others}");
    }
    assert!(confidence(&folder, "--restarts 2")["disagreement"].is_f64());

    let text = |options: &str| {
        let shared = format!("a.png --mask square:10 --model {MODEL} {SEARCH} {options}");
        run(folder.path(), &format!("inpaint {shared}"))
            .expect(0)
            .stdout
    };
    assert!(text("--calibration own.json").contains("expected PSNR in the hole"));
    assert!(text("").contains("no calibration"));
}

#[test]
fn calibrations_of_several_settings_share_a_file() {
    let folder = folder();
    calibrate(&folder, "--out all.json").expect(0);
    calibrate(&folder, "--out all.json --restarts 2").expect(0);
    calibrate(&folder, "--out all.json --restarts 2 --seed 5").expect(0);
    let text = std::fs::read_to_string(folder.path().join("all.json")).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(all.len(), 2, "{text}");
    for (one, restarts) in all.iter().zip([1, 2]) {
        assert_eq!(one["search"]["restarts"], restarts);
        assert_eq!(one["calibration"]["num_samples"], 48);
        let provenance = one["provenance"].as_str().unwrap();
        assert!(
            provenance.contains("masks square:8,square:12"),
            "{provenance}"
        );
    }
    assert!(
        confidence(&folder, "--calibration all.json --restarts 2")["expected_psnr_db"].is_f64()
    );
}

#[test]
fn the_report_of_an_evaluation_tells_how_confidence_agrees_with_the_truth() {
    let folder = folder();
    calibrate(&folder, "--out own.json").expect(0);
    let arguments = format!(
        "evaluate --data images --models {MODEL} {SEARCH} --methods latent,harmonic --masks square:10 \
         --calibration own.json --out report"
    );
    run(folder.path(), &arguments).expect(0);
    let read =
        |name: &str| std::fs::read_to_string(folder.path().join("report").join(name)).unwrap();
    let csv = read("per_image.csv");
    let head: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let place = |name: &str| head.iter().position(|column| *column == name).unwrap();
    let [method, uncertainty, expected] =
        ["method", "uncertainty", "expected_hole_psnr_db"].map(place);
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let is_search = cells[method].starts_with("latent");
        assert_eq!(
            cells[uncertainty].parse::<f64>().is_ok(),
            is_search,
            "{line}"
        );
        // What was learned of one way of blending says nothing of the other.
        let is_calibrated = cells[method] == "latent (poisson)";
        assert_eq!(
            cells[expected].parse::<f64>().is_ok(),
            is_calibrated,
            "{line}"
        );
    }
    assert!(read("report.md").contains("## How sure the methods were"));
    let summary: Value = serde_json::from_str(&read("summary.json")).unwrap();
    let completions = summary["masks"][0]["completions"].as_array().unwrap();
    let of = |label: &str| completions.iter().find(|it| it["label"] == label).unwrap();
    assert!(of("latent (poisson)")["confidence"]["rank_correlation"].is_f64());
    assert!(of("harmonic")["confidence"].is_null());
}

#[test]
fn what_no_calibration_can_be_made_of_is_refused() {
    let folder = folder();
    let few = calibrate(&folder, "--count 5 --out few.json").expect(1);
    assert!(few.stderr.contains("raise --count"), "{}", few.stderr);
    std::fs::write(folder.path().join("broken.json"), "{}").unwrap();
    for (arguments, reason) in [
        ("calibrate --data images --out broken.json", "broken.json"),
        (
            "inpaint a.png --mask square:10 --calibration broken.json",
            "broken.json",
        ),
        (
            "inpaint a.png --mask square:10 --calibration none.json",
            "none.json",
        ),
        (
            "inpaint a.png --mask square:10 --method harmonic --calibration none.json",
            "--calibration",
        ),
    ] {
        let ran = run(folder.path(), arguments).expect(1);
        assert!(ran.stderr.contains(reason), "{arguments}: {}", ran.stderr);
        assert!(!folder.path().join("out/a.completed.png").exists());
    }
}
