use semantic_inpaint::{Hole, ImageSet, Mask, MaskShape, Rng, read_photo, read_rgba};
use serde_json::Value;

use crate::material::{MODEL, folder_of_photos, folder_with_model};
use crate::program::run;

#[test]
fn a_drawn_mask_reads_back_as_the_shape_in_every_color() {
    let folder = tempfile::tempdir().unwrap();
    for hole in [Hole::White, Hole::Black, Hole::Alpha] {
        let command = format!("mask blocks:3x2:9 --size 40x50 --seed 5 --hole {hole} --out m.png");
        let ran = run(folder.path(), &command).expect(0);
        assert!(ran.stdout.contains("54 pixels missing"), "{ran:?}");
        let drawn = read_rgba(folder.path().join("m.png")).unwrap();
        let read = Mask::from_rgba(&drawn.pixels, drawn.height, drawn.width, hole).unwrap();
        let shape: MaskShape = "blocks:3x2:9".parse().unwrap();
        assert_eq!(read, shape.build(40, 50, &mut Rng::from_seed(5)).unwrap());
        let command = format!("mask file:m.png --hole {hole}");
        assert!(
            run(folder.path(), &command)
                .expect(0)
                .stdout
                .contains("54 pixels missing")
        );
    }
}

#[test]
fn importance_weights_become_a_picture_and_a_sum() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(
        folder.path(),
        "mask circle:20 --weights w.png --window 7 --json",
    )
    .expect(0);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["missing"], 316);
    let sum = report["weights"]["sum"].as_f64().unwrap();
    assert!((sum - 53.061).abs() < 1e-3, "{sum}");
    let picture = read_photo(folder.path().join("w.png")).unwrap();
    assert_eq!(picture.rgb().iter().max(), Some(&255));
    assert_eq!(picture.rgb()[3 * (32 * 64 + 32)], 0);
}

#[test]
fn masks_that_cannot_be_drawn_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "mask square:65 --out m.png").expect_error(&["square:65", "at most 64"]);
    run(folder.path(), "mask square:9 --out nowhere/m.png").expect_error(&["nowhere/m.png"]);
    run(folder.path(), "mask square:9 --weights w.png --window 6").expect_error(&["odd"]);
    run(folder.path(), "mask square:9 --size 0x5").expect(2);
    run(folder.path(), "mask file:m.png --size 9").expect_error(&["leave out --size"]);
}

#[test]
fn samples_are_a_function_of_the_seed() {
    let folder = folder_with_model();
    let bytes = |seed: u64, out: &str| {
        let command =
            format!("sample --model {MODEL} --count 5 --columns 3 --seed {seed} --out {out}");
        run(folder.path(), &command).expect(0);
        std::fs::read(folder.path().join(out)).unwrap()
    };
    let first = bytes(1, "1.png");
    assert_eq!(bytes(1, "2.png"), first);
    assert_ne!(bytes(2, "3.png"), first);
    let grid = read_photo(folder.path().join("1.png")).unwrap();
    assert_eq!((grid.height(), grid.width()), (2 * 32 + 2, 3 * 32 + 4));
    run(
        folder.path(),
        &format!("sample --model {MODEL} --count 5 --each each"),
    )
    .expect(0);
    assert_eq!(
        std::fs::read_dir(folder.path().join("each"))
            .unwrap()
            .count(),
        5
    );
}

#[test]
fn a_prepared_set_holds_the_framed_images() {
    let folder = tempfile::tempdir().unwrap();
    folder_of_photos(folder.path(), 6, 40);
    let command =
        "prepare --data images --framing squash --size 32 --limit 5 --out set.safetensors";
    let ran = run(folder.path(), command).expect(0);
    assert!(ran.stdout.contains("5 images of 32x32"), "{ran:?}");
    let set = ImageSet::load(folder.path().join("set.safetensors")).unwrap();
    assert_eq!((set.count(), set.size_px()), (5, 32));
    let ran = run(folder.path(), "info set.safetensors --json").expect(0);
    let facts: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&facts["kind"], &facts["images"]),
        (&"prepared set".into(), &5.into())
    );
}

#[test]
fn unreadable_images_of_a_set_are_named_and_too_many_refused() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder_of_photos(folder.path(), 120, 8);
    std::fs::write(images.join("07.png"), "no picture").unwrap();
    let command = "prepare --data images --size 8 --out set.safetensors";
    let ran = run(folder.path(), command).expect(3);
    assert!(ran.stderr.contains("skipped 07.png"), "{ran:?}");
    assert!(ran.stdout.contains("119 images"), "{ran:?}");
    for name in ["08.png", "09.png"] {
        std::fs::write(images.join(name), "no picture").unwrap();
    }
    let before = std::fs::read(folder.path().join("set.safetensors")).unwrap();
    run(folder.path(), command).expect_error(&["3 of 120 images are unreadable", "07.png"]);
    assert_eq!(
        std::fs::read(folder.path().join("set.safetensors")).unwrap(),
        before
    );
}

#[test]
fn sets_that_cannot_be_prepared_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    folder_of_photos(folder.path(), 3, 40);
    std::fs::write(folder.path().join("broken.zip"), "PK no archive").unwrap();
    for (options, texts) in [
        (
            "--data missing --out s.safetensors",
            ["missing", "check the path"],
        ),
        (
            "--data broken.zip --out s.safetensors",
            ["broken.zip", "download it again"],
        ),
        (
            "--data images --out nowhere/s.safetensors",
            ["nowhere/s.safetensors", "written"],
        ),
        (
            "--data images --framing crop108 --out s.safetensors",
            ["crop108", "center-crop"],
        ),
    ] {
        run(folder.path(), &format!("prepare {options}")).expect_error(&texts);
    }
}
