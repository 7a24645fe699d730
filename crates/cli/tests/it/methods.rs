use std::path::Path;

use semantic_inpaint::{MethodName, Photo, Requirement, read_photo};
use serde_json::Value;

use crate::material::{MODEL, drawn_mask, folder_with_model, save_tiny_encoder, textured};
use crate::program::{Ran, run};

const ENCODER: &str = "encoder.safetensors";
const SIZE: (usize, usize) = (48, 70);
const HOLE: (usize, usize, usize, usize) = (9, 20, 14, 17);

/// A folder with a model, a folder `images` of two photos, their `mask.png` and training images.
fn folder_with_photos() -> tempfile::TempDir {
    let folder = folder_with_model();
    for (name, first, size) in [("images", 1, SIZE), ("training", 20, (50, 40))] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        for seed in first..first + 2 {
            let file = folder.path().join(format!("{name}/{seed}.png"));
            textured(size.0, size.1, seed).save(file).unwrap();
        }
    }
    save_tiny_encoder(&folder.path().join(ENCODER));
    let mask = drawn_mask(SIZE.0, SIZE.1, HOLE);
    mask.save(folder.path().join("mask.png")).unwrap();
    folder
}

/// `inpaint` by a method with what it needs.
fn inpaint(folder: &Path, method: MethodName, arguments: &str) -> Ran {
    let needed = match method.requirement() {
        Requirement::Model => format!("--model {MODEL} --iterations 2 --device cpu"),
        Requirement::TrainingSet => "--training-set training".to_owned(),
        Requirement::ContextEncoder => format!("--context-encoder {ENCODER}"),
        _ => String::new(),
    };
    run(
        folder,
        &format!("inpaint --method {method} {needed} {arguments}"),
    )
}

fn is_hole(at: usize) -> bool {
    let (row, col) = (at / 3 / SIZE.1, at / 3 % SIZE.1);
    let (top, left, rows, cols) = HOLE;
    (top..top + rows).contains(&row) && (left..left + cols).contains(&col)
}

#[test]
fn the_built_in_context_encoder_needs_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("photo.png");
    textured(64, 64, 1).save(photo).unwrap();
    let command = "inpaint photo.png --method context-encoder --mask square:20 --out";
    let ran = run(folder.path(), &format!("{command} a.png")).expect(0);
    let warning = "learned square:20 and not square:10";
    assert!(!ran.stderr.contains("learned"), "{ran:?}");
    let other = "inpaint photo.png --method context-encoder --mask square:10 --out other.png";
    let ran = run(folder.path(), other).expect(0);
    assert!(ran.stderr.contains(warning), "{ran:?}");
    let named = format!("{command} b.png --context-encoder celeba");
    run(folder.path(), &named).expect(0);
    let [unnamed, named] =
        ["a.png", "b.png"].map(|file| read_photo(folder.path().join(file)).unwrap());
    assert_eq!(unnamed.rgb(), named.rgb());
    let elsewhere = format!("{command} c.png --context-encoder dtd");
    run(folder.path(), &elsewhere).expect_error(&["`dtd`", "train context-encoder"]);
}

#[test]
fn every_method_completes_a_folder_and_sees_nothing_of_the_holes() {
    let folder = folder_with_photos();
    let originals = [1, 2].map(|seed| textured(SIZE.0, SIZE.1, seed));
    let completed = |method: MethodName, out: &str| -> Vec<Photo> {
        let arguments = format!("images --mask file:mask.png --json --out {out}");
        let ran = inpaint(folder.path(), method, &arguments).expect(0);
        let reports = ran.stdout.lines().map(|line| {
            let report: Value = serde_json::from_str(line).unwrap();
            assert_eq!(report["method"], method.as_str());
            assert_eq!(report["hole_pixels"], HOLE.2 * HOLE.3);
            let has_search = method.requirement() == Requirement::Model;
            assert_eq!(report["context_loss"].is_number(), has_search, "{report}");
            assert_eq!(report["model"].is_string(), has_search, "{report}");
            assert!(read_photo(folder.path().join(report["comparison"].as_str().unwrap())).is_ok());
            read_photo(folder.path().join(report["completed"].as_str().unwrap())).unwrap()
        });
        reports.collect()
    };
    for &method in MethodName::all() {
        for (seed, photo) in [1, 2].into_iter().zip(&originals) {
            photo
                .save(folder.path().join(format!("images/{seed}.png")))
                .unwrap();
        }
        let first = completed(method, &format!("{method}-1"));
        assert_eq!(first.len(), 2, "{method}");
        for ((seed, original), completed) in [1, 2].into_iter().zip(&originals).zip(&first) {
            let mut noisy = original.clone();
            let values = noisy.rgb_mut().iter_mut().enumerate();
            for (at, value) in values.filter(|(at, _)| is_hole(*at)) {
                *value = (at * at * 97 % 256) as u8;
            }
            let pairs = completed.rgb().iter().zip(noisy.rgb()).enumerate();
            let (hole, known): (Vec<_>, Vec<_>) = pairs.partition(|(at, _)| is_hole(*at));
            assert!(
                known.iter().all(|(_, (after, before))| after == before),
                "{method}"
            );
            assert!(
                hole.iter().any(|(_, (after, before))| after != before),
                "{method}"
            );
            noisy
                .save(folder.path().join(format!("images/{seed}.png")))
                .unwrap();
        }
        assert_eq!(completed(method, &format!("{method}-2")), first, "{method}");
    }
}

#[test]
fn methods_say_in_words_what_they_did() {
    let folder = folder_with_photos();
    let arguments = "images/1.png --mask square:20 --out done.png --comparison seen.jpg";
    let ran = inpaint(folder.path(), MethodName::Harmonic, arguments).expect(0);
    assert!(ran.stdout.contains("harmonic on 48x48 pixels"), "{ran:?}");
    assert!(ran.stderr.contains("filled 1 photo in"), "{ran:?}");
    assert!(!ran.stderr.contains("iterations"), "{ran:?}");
    assert!(read_photo(folder.path().join("seen.jpg")).is_ok());
    let ran = inpaint(folder.path(), MethodName::MeanImage, arguments).expect(0);
    assert!(ran.stdout.contains("mean-image on 64x64 pixels"), "{ran:?}");
}

/// The folder with a deep hole for the first photo and a shallow one for the second, in `masks`.
fn folder_with_holes_of_two_depths() -> tempfile::TempDir {
    let folder = folder_with_photos();
    std::fs::create_dir(folder.path().join("masks")).unwrap();
    for (name, hole) in [("1.png", HOLE), ("2.png", (9, 20, 14, 2))] {
        let mask = drawn_mask(SIZE.0, SIZE.1, hole);
        mask.save(folder.path().join("masks").join(name)).unwrap();
    }
    folder
}

#[test]
fn auto_gives_each_photo_to_the_method_for_its_hole_and_says_why() {
    let folder = folder_with_holes_of_two_depths();
    let arguments = "images --mask file:masks --out auto";
    let ran = inpaint(folder.path(), MethodName::Auto, arguments).expect(0);
    // A window of 38 px round the hole of 14 x 17, for a model of 32 px.
    for text in [
        "hole 2.15 px deep at 32 px, more than 1.2: latent",
        "hole 0.5 px deep at 32 px, at most 1.2: biharmonic",
        "2 iterations: objective",
        "biharmonic on 48x",
    ] {
        assert!(ran.stdout.contains(text), "no `{text}`: {ran:?}");
    }
    for text in ["search: 2 iterations for 1 photo", "filled 1 photo in"] {
        assert!(ran.stderr.contains(text), "no `{text}`: {ran:?}");
    }
    for (method, photo) in [(MethodName::Latent, 1), (MethodName::Biharmonic, 2)] {
        let arguments = format!("images/{photo}.png --mask file:masks --out alone-{photo}");
        inpaint(folder.path(), method, &arguments).expect(0);
        let read = |out: &str| {
            let file = folder.path().join(format!("{out}/{photo}.completed.png"));
            read_photo(file).unwrap()
        };
        assert_eq!(read("auto"), read(&format!("alone-{photo}")), "{method}");
    }
}

#[test]
fn auto_reports_its_choice_and_ranks_what_it_searched_alone() {
    let folder = folder_with_holes_of_two_depths();
    let arguments = "images --mask file:masks --out o --json --restarts 2 --completions 2";
    let ran = inpaint(folder.path(), MethodName::Auto, arguments).expect(0);
    let reports: Vec<Value> = (ran.stdout.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(reports.len(), 2);
    for report in reports {
        let is_deep = report["image"] == "images/1.png";
        let (method, depth) = if is_deep {
            ("latent", 609.0 / 238.0 * 32.0 / 38.0)
        } else {
            ("biharmonic", 0.5)
        };
        let choice = &report["choice"];
        assert_eq!(
            (&report["method"], &choice["method"]),
            (&"auto".into(), &method.into())
        );
        assert!(
            (choice["depth_px"].as_f64().unwrap() - depth).abs() < 1e-9,
            "{report}"
        );
        assert_eq!(choice["size_px"], 32);
        assert_eq!(report["completions"].is_array(), is_deep, "{report}");
        assert_eq!(report["disagreement"].is_string(), is_deep, "{report}");
    }
    assert!(!folder.path().join("o/2.disagreement.png").exists());
    let shallow = "images/2.png --mask file:masks --out a.png --trajectory a.gif";
    let ran = inpaint(folder.path(), MethodName::Auto, shallow);
    ran.expect_error(&["auto fills this hole by biharmonic", "--method latent"]);
    let deep = "images/1.png --mask file:masks --out a.png --trajectory a.gif";
    inpaint(folder.path(), MethodName::Auto, deep).expect(0);
    assert!(folder.path().join("a.gif").exists());
}

#[test]
fn slow_methods_work_on_fewer_pixels_of_a_large_photo() {
    let folder = folder_with_model();
    textured(300, 420, 3)
        .save(folder.path().join("a.png"))
        .unwrap();
    let mask = drawn_mask(300, 420, (30, 40, 150, 100));
    mask.save(folder.path().join("mask.png")).unwrap();
    let arguments = "a.png --mask file:mask.png --json --out done.png --seed 3";
    let ran = inpaint(folder.path(), MethodName::TotalVariation, arguments).expect(0);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["window"]["side"], &report["seed"]),
        (&300.into(), &3.into())
    );
    assert_eq!(
        (&report["working_height"], &report["working_width"]),
        (&256.into(), &256.into())
    );
}

#[test]
fn prepared_training_sets_bring_their_own_size_and_framing() {
    let folder = folder_with_photos();
    let prepare = "prepare --data training --framing squash --size 32 --out set.safetensors";
    run(folder.path(), prepare).expect(0);
    let inpaint = |more: &str| {
        let arguments = "inpaint images --mask square:10 --json --method nearest-image";
        run(
            folder.path(),
            &format!("{arguments} --training-set set.safetensors {more}"),
        )
    };
    for more in ["", "--framing squash"] {
        let ran = inpaint(more).expect(0);
        let report: Value = serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&report["working_height"], &report["window"]["side"]),
            (&32.into(), &48.into())
        );
        assert_eq!(report["training_set"], "set.safetensors");
    }
    inpaint("--framing center-crop").expect_error(&["set.safetensors", "leave out --framing"]);
}

#[test]
fn options_that_a_method_ignores_are_refused_by_name() {
    let folder = folder_with_photos();
    let refused = |arguments: &str, texts: &[&str]| {
        let arguments = format!("inpaint images/1.png --mask square:10 {arguments}");
        run(folder.path(), &arguments).expect_error(texts);
    };
    for option in [
        "--iterations 3",
        "--restarts 2",
        "--preset paper",
        "--prior-weight 0",
        "--context-weights uniform",
        "--context-distance squared",
        "--window 5",
        "--precision f32",
        "--favor latency",
        "--blend overlay",
        "--model celeba",
        "--device cpu",
        "--training-set training",
    ] {
        let name = option.split(' ').next().unwrap();
        refused(
            &format!("--method telea {option}"),
            &["telea makes no use of", name],
        );
    }
    let two = "--method mean-image --training-set training --window 5 --blend overlay";
    refused(two, &["--window, --blend"]);
    refused(
        "--method latent --training-set training",
        &["latent", "--training-set"],
    );
    refused(
        "--method telea --trajectory a.gif",
        &["--trajectory", "telea has none"],
    );
    for method in ["nearest-image", "mean-image"] {
        refused(
            &format!("--method {method}"),
            &[method, "name them with --training-set"],
        );
    }
    let replaced = "--method mean-image --training-set training/20.png --out training/20.png";
    refused(replaced, &["would be overwritten"]);
    let unknown = "inpaint images/1.png --mask square:10 --method patchmatch";
    let ran = run(folder.path(), unknown).expect(2);
    assert!(ran.stderr.contains("total-variation"), "{}", ran.stderr);
}

#[test]
fn help_lists_every_method_with_what_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), "inpaint --help").expect(0).stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for method in MethodName::all() {
        let line = format!("- {method}: {}", method.description());
        assert!(help.contains(&line), "no `{line}` in {help}");
    }
}
