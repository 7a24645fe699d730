use std::path::Path;

use semantic_inpaint::{Mask, read_photo};
use serde_json::Value;

use crate::material::{MODEL, folder_of_photos, folder_with_model, textured};
use crate::program::{Ran, run};

/// A folder with a model and a photo `a.png` of 32x32.
fn folder_with_photo() -> tempfile::TempDir {
    let folder = folder_with_model();
    textured(32, 32, 1)
        .save(folder.path().join("a.png"))
        .unwrap();
    folder
}

fn inpaint(folder: &Path, arguments: &str) -> Ran {
    let shared = format!("--mask square:10 --model {MODEL} --device cpu");
    run(folder, &format!("inpaint {shared} {arguments}"))
}

fn reports(ran: &Ran) -> Vec<Value> {
    let lines = ran.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_latents_own_prior_and_l_bfgs_reach_the_search() {
    let folder = folder_with_photo();
    let objective = |options: &str| {
        let ran = inpaint(
            folder.path(),
            &format!("a.png --iterations 20 --json {options}"),
        );
        let report = &reports(&ran.expect(0))[0];
        report["objective"].as_f64().unwrap()
    };
    let paper = objective("");
    assert_eq!(objective("--latent-weight 0"), paper);
    assert!(objective("--latent-weight 1") > paper);
    let lbfgs = objective("--optimizer lbfgs:5");
    assert_eq!(objective("--optimizer lbfgs:5:0.1"), lbfgs);
    assert_ne!(lbfgs, paper);
    assert_ne!(objective("--optimizer lbfgs:5:0.4"), lbfgs);
}

#[test]
fn mirroring_objectives_and_the_match_of_the_border_reach_the_search() {
    let folder = folder_with_photo();
    let found = |options: &str| {
        let arguments =
            format!("a.png --iterations 12 --restarts 2 --blend overlay --json {options}");
        let report = reports(&inpaint(folder.path(), &arguments).expect(0)).remove(0);
        let photo = read_photo(folder.path().join("out/a.completed.png")).unwrap();
        (report["objective"].as_f64().unwrap(), photo)
    };
    let (paper, photo) = found("");
    assert_eq!(
        found("--mirror none --gradient-weight 0"),
        (paper, photo.clone())
    );
    assert_eq!(found("--context-weights windows:7").0, paper);
    for options in [
        "--mirror alternate",
        "--gradient-weight 0.5",
        "--context-weights windows:7,15",
    ] {
        assert_ne!(found(options).0, paper, "{options}");
    }
    for options in ["--match-border offset", "--match-border gain-offset"] {
        let (objective, matched) = found(options);
        assert_eq!(objective, paper);
        assert_ne!(matched, photo, "{options}");
    }
    let lone = inpaint(folder.path(), "a.png --mirror alternate").expect(1);
    assert!(lone.stderr.contains("at least 2"), "{}", lone.stderr);
}

#[test]
fn a_photo_that_no_longer_improves_is_done_while_others_go_on() {
    let folder = folder_with_model();
    folder_of_photos(folder.path(), 4, 32);
    let arguments = "--iterations 600 --schedule cosine --stop-when 20:0.05";
    let ran = inpaint(folder.path(), &format!("images --json {arguments}")).expect(0);
    let together = reports(&ran);
    for (index, report) in together.iter().enumerate() {
        let iterations = report["iterations"].as_u64().unwrap();
        assert!(iterations < 600 && iterations.is_multiple_of(20));
        assert_eq!(report["ended_by"], "convergence");
        assert_eq!(report["stopped"], false);
        let alone = inpaint(
            folder.path(),
            &format!("images/{index:02}.png --json {arguments}"),
        );
        let alone = reports(&alone.expect(0)).remove(0);
        for key in ["iterations", "objective", "ended_by"] {
            assert_eq!(alone[key], report[key], "{key} of photo {index}");
        }
    }
    let text = inpaint(folder.path(), &format!("images/00.png {arguments}")).expect(0);
    assert!(text.stdout.contains("(converged)"), "{}", text.stdout);
}

#[test]
fn a_budget_ends_a_search_with_the_best_so_far() {
    let folder = folder_with_photo();
    let endless = "a.png --iterations 100000000 --schedule cosine --budget 300ms";
    let report = reports(&inpaint(folder.path(), &format!("{endless} --json")).expect(0)).remove(0);
    assert_eq!(report["ended_by"], "budget");
    assert_eq!(report["stopped"], true);
    assert!(report["iterations"].as_u64().unwrap() < 100_000_000);
    let text = inpaint(folder.path(), endless).expect(0).stdout;
    assert!(text.contains("the time was over"), "{text}");
    let completed = read_photo(folder.path().join("out/a.completed.png")).unwrap();
    assert_ne!(completed, textured(32, 32, 1));
    let enough = "a.png --iterations 3 --budget 1h --json";
    let report = reports(&inpaint(folder.path(), enough).expect(0)).remove(0);
    assert_eq!(report["iterations"], 3);
    assert_eq!(
        (&report["ended_by"], &report["stopped"]),
        (&Value::Null, &false.into())
    );
}

#[test]
fn completions_are_written_in_their_order_with_a_map_of_where_they_disagree() {
    let folder = folder_with_photo();
    let ran = inpaint(
        folder.path(),
        "a.png --iterations 4 --restarts 4 --completions 3 --json",
    );
    let report = reports(&ran.expect(0)).remove(0);
    let ranked = report["completions"].as_array().unwrap();
    let objectives: Vec<f64> = ranked
        .iter()
        .map(|completion| completion["objective"].as_f64().unwrap())
        .collect();
    assert_eq!(objectives.len(), 3);
    assert_eq!(objectives[0], report["objective"].as_f64().unwrap());
    assert!(objectives.windows(2).all(|pair| pair[0] <= pair[1]));

    let read = |name: &str| read_photo(folder.path().join("out").join(name)).unwrap();
    let original = textured(32, 32, 1);
    let hole = |row: usize, col: usize| (11..21).contains(&row) && (11..21).contains(&col);
    let mask = Mask::from_missing(32, 32, hole).unwrap();
    let completions = [1, 2, 3].map(|rank| read(&format!("a.completion-{rank}.png")));
    assert_eq!(completions[0], read("a.completed.png"));
    assert_ne!(completions[0], completions[1]);
    let map = read("a.disagreement.png");
    for (pixel, is_known) in mask.known(0).iter().enumerate() {
        let place = 3 * pixel..3 * pixel + 3;
        if *is_known {
            for completion in &completions {
                assert_eq!(
                    completion.rgb()[place.clone()],
                    original.rgb()[place.clone()]
                );
            }
            assert_eq!(map.rgb()[place], [0; 3]);
        }
    }
    let text = inpaint(
        folder.path(),
        "a.png --iterations 2 --restarts 2 --completions 2 --out b.png",
    );
    let text = text.expect(0).stdout;
    for name in ["b.png", "b.completion-2.png", "b.disagreement.png"] {
        assert!(text.contains(&format!("wrote {name}")), "{text}");
        assert!(folder.path().join(name).is_file());
    }
}

#[test]
fn values_out_of_range_are_refused_with_option_and_remedy() {
    let folder = folder_with_photo();
    for (options, texts) in [
        ("--completions 2", ["--completions 2", "--restarts 2"]),
        (
            "--completions 2 --restarts 3 --halve-every 1 --iterations 9",
            ["--halve-every", "--restarts"],
        ),
        ("--method telea --budget 1s", ["--budget", "leave out"]),
        (
            "--method telea --completions 1",
            ["--completions", "leave out"],
        ),
        (
            "--method telea --stop-when 5:0.1 --latent-weight 1",
            ["--stop-when", "--latent-weight"],
        ),
    ] {
        let model = if options.contains("telea") {
            String::new()
        } else {
            format!("--model {MODEL} --device cpu")
        };
        let command = format!("inpaint a.png --mask square:10 {model} --out b.png {options}");
        run(folder.path(), &command).expect_error(&texts);
    }
    for (options, texts) in [
        ("--latent-weight -1", ["--latent-weight", "at least 0"]),
        ("--prior-weight x", ["--prior-weight", "at least 0"]),
        ("--optimizer lbfgs:0", ["--optimizer", "at least 1"]),
        (
            "--optimizer lbfgs:5:-1",
            ["--optimizer", "a positive number"],
        ),
        ("--stop-when 0:0.1", ["--stop-when", "at least 1"]),
        ("--stop-when 10:1.5", ["--stop-when", "below 1"]),
        ("--stop-when 100", ["--stop-when", "ITERATIONS:SHARE"]),
        ("--budget 5", ["--budget", "500ms"]),
        ("--budget 0s", ["--budget", "500ms"]),
        ("--budget soon", ["--budget", "500ms"]),
        ("--completions 0", ["--completions", "1.."]),
        ("--optimizer lbfgs", ["--optimizer", "lbfgs:HISTORY"]),
    ] {
        let ran = inpaint(folder.path(), &format!("a.png --out b.png {options}")).expect(2);
        assert!(
            texts.iter().all(|text| ran.stderr.contains(text)),
            "{}",
            ran.stderr
        );
    }
    assert!(!folder.path().join("b.png").exists());
}

#[test]
fn our_presets_start_at_the_guess_of_the_built_in_encoder_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    textured(64, 64, 1)
        .save(folder.path().join("a.png"))
        .unwrap();
    let completed = |options: &str| {
        let command = format!(
            "inpaint a.png --mask square:10 --iterations 2 --restarts 2 --device cpu --out b.png {options}"
        );
        run(folder.path(), &command).expect(0);
        read_photo(folder.path().join("b.png")).unwrap()
    };
    let mean = "--answer mean:2";
    for preset in ["fast", "best"] {
        let guessed = completed(&format!("--preset {preset} {mean}"));
        let without = completed(&format!("--preset {preset} {mean} --latent-encoder none"));
        assert_ne!(guessed, without, "{preset}");
        let started = completed(&format!("--preset {preset} {mean} --start prior"));
        let drawn = format!("--preset {preset} {mean} --start prior --latent-encoder none");
        assert_eq!(started, completed(&drawn), "{preset}");
    }
    let paper = completed("--preset paper");
    assert_eq!(paper, completed("--preset paper --latent-encoder none"));
    assert_ne!(paper, completed("--preset paper --start encoder"));
    let none = "inpaint a.png --mask square:10 --start encoder --latent-encoder none";
    run(folder.path(), none).expect_error(&["--start encoder", "--latent-encoder"]);
}

#[test]
fn the_help_names_every_option_of_the_search() {
    let folder = tempfile::tempdir().unwrap();
    let help = |command: &str| {
        run(folder.path(), &format!("{command} --help"))
            .expect(0)
            .stdout
    };
    let (inpaint, evaluate) = (help("inpaint"), help("evaluate"));
    for option in [
        "--latent-weight",
        "--stop-when",
        "--optimizer",
        "--mirror",
        "--gradient-weight",
        "--match-border",
        "windows:7,15,31",
    ] {
        assert!(
            inpaint.contains(option) && evaluate.contains(option),
            "{option}"
        );
    }
    for option in ["--budget", "--completions"] {
        assert!(inpaint.contains(option), "{option}");
    }
}
