use std::path::Path;

use semantic_inpaint::{Mask, Photo, read_photo};
use serde_json::Value;

use crate::material::{MODEL, drawn_mask, folder_of_photos, folder_with_model, textured};
use crate::program::{Ran, run};
#[cfg(unix)]
use crate::program::{signal, start_until};

fn inpaint(folder: &Path, arguments: &str) -> Ran {
    run(
        folder,
        &format!("inpaint {arguments} --model {MODEL} --iterations 3 --device cpu"),
    )
}

/// Counts hole pixels that changed, after checking that no other did.
fn num_changed(original: &Photo, completed: &Photo, mask: &Mask) -> usize {
    assert_eq!(original.alpha().is_some(), completed.alpha().is_some());
    let pixels = original.to_rgba().into_iter().zip(completed.to_rgba());
    pixels
        .zip(mask.known(0))
        .filter(|((before, after), is_known)| {
            assert!(!**is_known || before == after);
            before != after
        })
        .count()
}

#[test]
fn a_photo_becomes_a_folder_with_result_and_comparison() {
    let folder = folder_with_model();
    let photo = textured(32, 32, 1);
    photo.save(folder.path().join("face.png")).unwrap();
    let ran = inpaint(folder.path(), "face.png --mask square:10 --out out").expect(0);
    assert!(ran.stdout.contains("100 of 1024 pixels missing"), "{ran:?}");
    assert!(ran.stderr.contains("iterations/s"), "{ran:?}");
    let completed = read_photo(folder.path().join("out/face.completed.png")).unwrap();
    let hole = |row: usize, col: usize| (11..21).contains(&row) && (11..21).contains(&col);
    let mask = Mask::from_missing(32, 32, hole).unwrap();
    assert!(num_changed(&photo, &completed, &mask) > 50);
    let comparison = read_photo(folder.path().join("out/face.comparison.png")).unwrap();
    assert_eq!(
        (comparison.height(), comparison.width()),
        (256, 3 * 256 + 16)
    );
}

#[test]
fn a_photo_in_company_equals_the_photo_alone_whatever_is_favored() {
    let folder = folder_with_model();
    std::fs::create_dir(folder.path().join("faces")).unwrap();
    for seed in 1..=3 {
        textured(32, 32, seed)
            .save(folder.path().join(format!("faces/{seed}.png")))
            .unwrap();
    }
    let completed = |input: &str, favor: &str, out: &str| {
        let arguments = format!("{input} --mask square:10 --favor {favor} --out {out}");
        inpaint(folder.path(), &arguments).expect(0);
        std::fs::read(folder.path().join(out).join("2.completed.png")).unwrap()
    };
    for favor in ["latency", "throughput"] {
        let alone = completed("faces/2.png", favor, &format!("alone-{favor}"));
        assert_eq!(completed("faces", favor, &format!("all-{favor}")), alone);
    }
    let refused = inpaint(folder.path(), "faces --mask square:10 --favor speed").expect(2);
    assert!(
        refused.stderr.contains("latency or throughput"),
        "{}",
        refused.stderr
    );
}

#[test]
fn the_precision_that_was_used_is_named() {
    let folder = folder_with_model();
    textured(32, 32, 1)
        .save(folder.path().join("face.png"))
        .unwrap();
    let said = |precision: &str| {
        let arguments = format!("face.png --mask square:10 --out out --precision {precision}");
        inpaint(folder.path(), &arguments).expect(0).stderr
    };
    assert!(said("f32").contains("precision: f32\n"));
    let bf16 = said("bf16");
    let used = bf16.contains("precision: bf16, the last tenth in f32\n");
    assert!(used || bf16.contains("precision: f32: no bf16"), "{bf16}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let folder = folder_with_model();
    textured(40, 50, 2)
        .save(folder.path().join("a.png"))
        .unwrap();
    let bytes = |seed: u64, out: &str| {
        let arguments = format!("a.png --mask strokes --seed {seed} --out {out}");
        inpaint(folder.path(), &arguments).expect(0);
        std::fs::read(folder.path().join(out)).unwrap()
    };
    let first = bytes(4, "1.png");
    assert_eq!(bytes(4, "2.png"), first);
    assert_ne!(bytes(5, "3.png"), first);
}

#[test]
fn what_the_hole_hides_has_no_influence() {
    let folder = folder_with_model();
    let mask = drawn_mask(50, 70, (10, 20, 17, 19));
    mask.save(folder.path().join("mask.png")).unwrap();
    let photo = textured(50, 70, 3);
    let mut noisy = photo.clone();
    for (index, (value, hole)) in noisy.rgb_mut().iter_mut().zip(mask.rgb()).enumerate() {
        *value = if *hole == 255 {
            (index * 97 % 256) as u8
        } else {
            *value
        };
    }
    assert_ne!(photo, noisy);
    for blend in ["overlay", "poisson"] {
        let bytes = |photo: &Photo, out: &str| {
            photo.save(folder.path().join("photo.png")).unwrap();
            let arguments = format!("photo.png --mask file:mask.png --blend {blend} --out {out}");
            inpaint(folder.path(), &arguments).expect(0);
            std::fs::read(folder.path().join(out)).unwrap()
        };
        assert_eq!(bytes(&photo, "1.png"), bytes(&noisy, "2.png"), "{blend}");
    }
}

#[test]
fn known_bytes_stay_in_photos_of_any_size_alpha_included() {
    let folder = folder_with_model();
    for (height, width) in [(218, 178), (33, 300), (20, 20)] {
        let alpha = (0..height * width)
            .map(|index| (index % 256) as u8)
            .collect();
        let photo = textured(height, width, 4).with_alpha(alpha).unwrap();
        photo.save(folder.path().join("photo.png")).unwrap();
        let drawn = drawn_mask(height, width, (3, 5, 12, 9));
        drawn.save(folder.path().join("mask.png")).unwrap();
        inpaint(
            folder.path(),
            "photo.png --mask file:mask.png --out done.png",
        )
        .expect(0);
        let hole = |row: usize, col: usize| (3..15).contains(&row) && (5..14).contains(&col);
        let mask = Mask::from_missing(height, width, hole).unwrap();
        let completed = read_photo(folder.path().join("done.png")).unwrap();
        assert!(num_changed(&photo, &completed, &mask) > 50);
    }
}

#[test]
fn json_is_one_object_per_photo_with_paths_and_losses() {
    let folder = folder_with_model();
    folder_of_photos(folder.path(), 3, 32);
    let ran = inpaint(folder.path(), "images --mask circle:12 --json --seed 9").expect(0);
    let reports: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(reports.len(), 3);
    for (index, report) in reports.iter().enumerate() {
        assert_eq!(report["image"], format!("images/{index:02}.png"));
        assert!(
            folder
                .path()
                .join(report["completed"].as_str().unwrap())
                .is_file()
        );
        assert!(
            folder
                .path()
                .join(report["comparison"].as_str().unwrap())
                .is_file()
        );
        assert!(report["context_loss"].as_f64().unwrap() > 0.0);
        assert!(report["prior_loss"].is_number() && report["objective"].is_number());
        assert_eq!(report["hole_pixels"], 112);
        assert_eq!(report["window"]["side"], 32);
        assert_eq!(
            (&report["seed"], &report["iterations"]),
            (&9.into(), &3.into())
        );
        assert_eq!(
            (&report["preset"], &report["model"]),
            (&"paper".into(), &MODEL.into())
        );
    }
}

#[test]
fn a_batch_gives_what_its_photos_give_alone() {
    let folder = folder_with_model();
    folder_of_photos(folder.path(), 3, 40);
    inpaint(folder.path(), "images --mask square:10 --out together").expect(0);
    for name in ["00", "01", "02"] {
        inpaint(
            folder.path(),
            &format!("images/{name}.png --mask square:10 --out alone"),
        )
        .expect(0);
        let file = format!("{name}.completed.png");
        let together = read_photo(folder.path().join("together").join(&file)).unwrap();
        let alone = read_photo(folder.path().join("alone").join(&file)).unwrap();
        for (a, b) in together.rgb().iter().zip(alone.rgb()) {
            assert!(a.abs_diff(*b) <= 1, "{name}");
        }
    }
}

#[test]
fn folders_keep_their_subfolders_and_masks_pair_by_stem() {
    let folder = folder_with_model();
    let images = folder_of_photos(folder.path(), 2, 40);
    std::fs::create_dir(images.join("more")).unwrap();
    textured(30, 45, 8).save(images.join("more/x.png")).unwrap();
    let masks = folder.path().join("masks");
    std::fs::create_dir(&masks).unwrap();
    for (name, size) in [("00", (40, 40)), ("01", (40, 40)), ("x", (30, 45))] {
        let mask = drawn_mask(size.0, size.1, (5, 6, 7, 8));
        mask.save(masks.join(format!("{name}.png"))).unwrap();
    }
    inpaint(folder.path(), "images --mask file:masks --out done").expect(0);
    for name in ["00", "01", "more/x"] {
        assert!(
            folder
                .path()
                .join(format!("done/{name}.completed.png"))
                .is_file(),
            "{name}"
        );
    }
}

#[test]
fn results_of_an_earlier_run_are_no_inputs() {
    let folder = folder_with_model();
    let images = folder_of_photos(folder.path(), 2, 32);
    for _ in 0..2 {
        inpaint(folder.path(), "images --mask square:10 --out images/done").expect(0);
    }
    assert_eq!(std::fs::read_dir(images.join("done")).unwrap().count(), 4);
}

#[test]
fn one_unreadable_photo_of_a_folder_is_named_and_skipped() {
    let folder = folder_with_model();
    let images = folder_of_photos(folder.path(), 2, 32);
    std::fs::write(images.join("broken.png"), "no picture").unwrap();
    let ran = inpaint(folder.path(), "images --mask square:10 --out done").expect(3);
    assert!(ran.stderr.contains("skipped: images/broken.png"), "{ran:?}");
    assert!(ran.stderr.contains("1 of 3 photos were skipped"), "{ran:?}");
    assert_eq!(
        std::fs::read_dir(folder.path().join("done"))
            .unwrap()
            .count(),
        4
    );
}

#[test]
fn a_search_can_be_watched_as_an_animation() {
    let folder = folder_with_model();
    textured(64, 64, 5)
        .save(folder.path().join("a.png"))
        .unwrap();
    inpaint(
        folder.path(),
        "a.png --mask half:left --out b.png --comparison c.jpg --trajectory t.gif",
    )
    .expect(0);
    let gif = std::fs::read(folder.path().join("t.gif")).unwrap();
    assert!(gif.starts_with(b"GIF89a"));
    // Iterations 0 to 3 and the result: a graphic control block for each frame.
    let num_frames = gif
        .windows(3)
        .filter(|bytes| *bytes == [0x21, 0xF9, 4])
        .count();
    assert_eq!(num_frames, 5);
    assert!(read_photo(folder.path().join("c.jpg")).is_ok());
}

#[test]
fn presets_and_options_reach_the_search() {
    let folder = folder_with_model();
    textured(32, 32, 6)
        .save(folder.path().join("a.png"))
        .unwrap();
    let report = |options: &str| -> Value {
        let arguments = format!("a.png --mask square:10 --json --out out {options}");
        let ran = inpaint(folder.path(), &arguments).expect(0);
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let paper = report("");
    for options in [
        "--preset authors",
        "--prior-weight 0.5",
        "--window 3",
        "--context-weights uniform",
        "--context-distance squared",
        "--seed 7",
    ] {
        assert_ne!(
            report(options)["objective"],
            paper["objective"],
            "{options}"
        );
    }
    let restarted = report("--restarts 20")["objective"].as_f64().unwrap();
    assert!(restarted <= paper["objective"].as_f64().unwrap());
    for same in [
        "--method latent",
        "--context-weights window --context-distance absolute",
    ] {
        assert_eq!(report(same)["objective"], paper["objective"], "{same}");
    }
    let uniform = report("--context-weights uniform");
    let wide = report("--context-weights uniform --window 3");
    assert_eq!(uniform["objective"], wide["objective"]);
}

#[test]
fn a_lossy_output_comes_with_a_warning() {
    let folder = folder_with_model();
    textured(32, 32, 6)
        .save(folder.path().join("a.png"))
        .unwrap();
    let ran = inpaint(folder.path(), "a.png --mask square:10 --out b.jpg").expect(0);
    assert!(ran.stderr.contains("warning: JPEG"), "{ran:?}");
}

#[test]
fn the_built_in_model_needs_no_file() {
    let folder = tempfile::tempdir().unwrap();
    textured(64, 64, 7)
        .save(folder.path().join("a.png"))
        .unwrap();
    run(
        folder.path(),
        "inpaint a.png --mask square:20 --iterations 2",
    )
    .expect(0);
    assert!(folder.path().join("out/a.completed.png").is_file());
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_best_result_so_far() {
    let folder = folder_with_model();
    textured(32, 32, 1)
        .save(folder.path().join("a.png"))
        .unwrap();
    let arguments = format!(
        "inpaint a.png --mask square:10 --model {MODEL} --iterations 100000000 --out b.png"
    );
    let child = start_until(folder.path(), &arguments, "searching");
    std::thread::sleep(std::time::Duration::from_millis(200));
    signal(&child, "INT");
    let ran = child.wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(130));
    assert!(String::from_utf8(ran.stdout).unwrap().contains("(stopped)"));
    let completed = read_photo(folder.path().join("b.png")).unwrap();
    assert_ne!(completed, textured(32, 32, 1));
}
