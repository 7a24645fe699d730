use std::path::Path;

use semantic_inpaint::nn::Network as _;
use semantic_inpaint::nn::weight_file::{self, StoredPrecision};
use semantic_inpaint::{DcganConfig, Photo, PretrainedModel, read_photo};

use crate::material::{
    CMYK_JPEG, MODEL, drawn_mask, folder_of_photos, folder_with_model, png_bytes, raw_png,
    textured, tiny_model,
};
use crate::program::{Ran, run};

fn inpaint(folder: &Path, arguments: &str) -> Ran {
    run(
        folder,
        &format!("inpaint {arguments} --model {MODEL} --iterations 1 --device cpu"),
    )
}

/// A folder with a model and a photo `a.png` of 40x40.
fn folder_with_photo() -> tempfile::TempDir {
    let folder = folder_with_model();
    textured(40, 40, 1)
        .save(folder.path().join("a.png"))
        .unwrap();
    folder
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).unwrap();
}

#[test]
fn files_that_are_no_whole_images_are_named_with_the_remedy() {
    let folder = folder_with_model();
    let png = png_bytes(&textured(40, 40, 1));
    write(folder.path(), "empty.png", &[]);
    write(folder.path(), "truncated.png", &png[..png.len() / 2]);
    write(folder.path(), "text.png", b"this is no picture at all");
    for (name, reason) in [
        ("missing.png", "check the path"),
        ("empty.png", "the file is empty"),
        ("truncated.png", "truncated"),
        ("text.png", "use PNG, JPEG"),
    ] {
        let arguments = format!("{name} --mask square:10 --out done.png");
        inpaint(folder.path(), &arguments).expect_error(&[name, reason]);
        assert!(!folder.path().join("done.png").exists());
        // The same file as a mask.
        textured(40, 40, 1)
            .save(folder.path().join("a.png"))
            .unwrap();
        let arguments = format!("a.png --mask file:{name} --out done.png");
        inpaint(folder.path(), &arguments).expect_error(&[name]);
    }
}

#[test]
fn gray_alpha_sixteen_bit_and_cmyk_images_are_converted() {
    let folder = folder_with_model();
    let side = 16;
    let levels = |channels: usize| -> Vec<u8> {
        (0..side * side * channels)
            .map(|index| (index * 7 % 256) as u8)
            .collect()
    };
    for (name, bytes) in [
        ("gray.png", raw_png(16, 8, 0, &levels(1))),
        ("gray-alpha.png", raw_png(16, 8, 4, &levels(2))),
        ("rgb16.png", raw_png(16, 16, 2, &levels(6))),
        ("gray16.png", raw_png(16, 16, 0, &levels(2))),
        ("cmyk.jpg", CMYK_JPEG.to_vec()),
    ] {
        write(folder.path(), name, &bytes);
        let arguments = format!("{name} --mask half:left --blend overlay --out done.png");
        inpaint(folder.path(), &arguments).expect(0);
        let photo = read_photo(folder.path().join(name)).unwrap();
        let completed = read_photo(folder.path().join("done.png")).unwrap();
        let known = |photo: &Photo| -> Vec<[u8; 4]> {
            let pixels = photo.to_rgba();
            let rows = pixels.chunks(photo.width());
            rows.flat_map(|row| row[photo.width() / 2..].to_vec())
                .collect()
        };
        assert_eq!(known(&photo), known(&completed), "{name}");
    }
}

#[test]
fn a_photo_of_one_pixel_is_refused() {
    let folder = folder_with_model();
    Photo::filled(1, 1, [9; 3])
        .save(folder.path().join("dot.png"))
        .unwrap();
    inpaint(folder.path(), "dot.png --mask square:10 --out b.png")
        .expect_error(&["dot.png (1x1)", "of 1 pixels are missing"]);
    inpaint(folder.path(), "dot.png --mask file:dot.png --out b.png").expect_error(&["dot.png"]);
}

#[test]
fn a_photo_of_24_million_pixels_is_completed() {
    let folder = folder_with_model();
    let (height, width) = (4000, 6000);
    let photo = Photo::filled(height, width, [120, 90, 60]);
    photo.save(folder.path().join("large.png")).unwrap();
    let mask = drawn_mask(height, width, (1000, 5000, 300, 200));
    mask.save(folder.path().join("mask.png")).unwrap();
    inpaint(
        folder.path(),
        "large.png --mask file:mask.png --blend overlay --out done.png",
    )
    .expect(0);
    let completed = read_photo(folder.path().join("done.png")).unwrap();
    let pixels = completed.rgb().chunks(3).enumerate();
    let num_changed = pixels.filter(|(_, pixel)| **pixel != [120, 90, 60]).count();
    assert!((1..=300 * 200).contains(&num_changed), "{num_changed}");
    let first_row = 3 * 1000 * width;
    assert!(completed.rgb()[..first_row] == photo.rgb()[..first_row]);
}

#[test]
fn masks_that_do_not_fit_are_refused_with_counts_and_hints() {
    let folder = folder_with_photo();
    let save = |photo: Photo, name: &str| photo.save(folder.path().join(name)).unwrap();
    save(drawn_mask(40, 41, (1, 1, 5, 5)), "wide.png");
    save(Photo::filled(40, 40, [0; 3]), "black.png");
    save(Photo::filled(40, 40, [255; 3]), "white.png");
    for (mask, texts) in [
        ("wide.png", ["40x41", "40x40"]),
        ("black.png", ["0 of 1600", "--hole black"]),
        ("white.png", ["1600 of 1600", "--hole"]),
    ] {
        let arguments = format!("a.png --mask file:{mask} --out b.png");
        inpaint(folder.path(), &arguments).expect_error(&[&[mask], &texts[..]].concat());
    }
    inpaint(folder.path(), "a.png --mask square:33 --out b.png").expect_error(&["at most 32"]);
    inpaint(folder.path(), "a.png --mask file:nowhere.png --out b.png")
        .expect_error(&["nowhere.png", "no such mask"]);
    std::fs::create_dir(folder.path().join("masks")).unwrap();
    inpaint(folder.path(), "a.png --mask file:masks --out b.png")
        .expect_error(&["no mask named a"]);
    assert!(!folder.path().join("b.png").exists());
}

#[test]
fn a_mask_that_is_mostly_hole_hints_at_inverted_colors() {
    let folder = folder_with_photo();
    let mut mask = Photo::filled(40, 40, [255; 3]);
    mask.paste(&Photo::filled(9, 9, [0; 3]), 3, 3).unwrap();
    mask.save(folder.path().join("inverted.png")).unwrap();
    let command = "a.png --mask file:inverted.png --out b.png";
    let ran = inpaint(folder.path(), command).expect(0);
    assert!(ran.stderr.contains("--hole black"), "{ran:?}");
    let ran = inpaint(folder.path(), &format!("{command} --hole black")).expect(0);
    assert!(!ran.stderr.contains("warning"), "{ran:?}");
}

#[test]
fn weights_that_are_no_model_are_named_with_what_was_found() {
    let folder = folder_with_photo();
    let whole = std::fs::read(folder.path().join(MODEL)).unwrap();
    write(
        folder.path(),
        "truncated.safetensors",
        &whole[..whole.len() - 9],
    );
    let hostile = [u64::MAX.to_le_bytes().as_slice(), b"{\"a\":1}"].concat();
    write(folder.path(), "hostile.safetensors", &hostile);
    write(folder.path(), "empty.safetensors", &[]);
    write(folder.path(), "pickle.pth", b"\x80\x02cposix\nsystem\n.");
    foreign_shapes(&folder.path().join("shapes.safetensors"));
    for (name, texts) in [
        ("truncated.safetensors", vec!["truncated.safetensors"]),
        ("hostile.safetensors", vec!["hostile.safetensors"]),
        ("empty.safetensors", vec!["empty.safetensors"]),
        ("pickle.pth", vec!["pickle.pth", "pickle"]),
        (
            "shapes.safetensors",
            vec!["expected shape [100, 256, 4, 4]", "found [8, 16, 4, 4]"],
        ),
        ("missing", vec!["missing", "celeba"]),
    ] {
        let command = format!("inpaint a.png --mask square:10 --model {name} --out b.png");
        run(folder.path(), &command).expect_error(&texts);
    }
    assert!(!folder.path().join("b.png").exists());
}

/// A model file whose metadata tells of other sizes than its tensors have.
fn foreign_shapes(path: &Path) {
    let tensors = tiny_model().generator.params().to_tensors().unwrap();
    let named = |(name, tensor)| (format!("generator.{name}"), tensor);
    let config = DcganConfig {
        image_size_px: 32,
        ..DcganConfig::default()
    };
    let metadata = serde_json::json!({"format": 1, "kind": "dcgan", "config": config});
    weight_file::save(
        path,
        &tensors.into_iter().map(named).collect(),
        &metadata.to_string(),
        StoredPrecision::F32,
    )
    .unwrap();
}

#[test]
fn a_model_without_discriminator_says_how_to_search_without_prior_loss() {
    let folder = folder_with_photo();
    let mut model = tiny_model();
    model.discriminator = None;
    let path = folder.path().join(MODEL);
    model.save(&path, StoredPrecision::F32).unwrap();
    let command = "a.png --mask square:10 --out b.png";
    inpaint(folder.path(), command).expect_error(&["prior weight"]);
    inpaint(folder.path(), &format!("{command} --prior-weight 0")).expect(0);
}

#[test]
fn outputs_that_cannot_be_written_are_refused_before_the_search() {
    let folder = folder_with_photo();
    write(folder.path(), "file", b"x");
    for out in ["file", "file/b.png", "file/out", "nowhere/b.png", "b.gif"] {
        let command = format!(
            "inpaint a.png --mask square:10 --model {MODEL} --iterations 100000000 --out {out}"
        );
        run(folder.path(), &command).expect_error(&[out]);
    }
    for option in [
        "--trajectory t.png",
        "--trajectory nowhere/t.gif",
        "--comparison c.txt",
    ] {
        let command = format!("a.png --mask square:10 --out b.png {option}");
        inpaint(folder.path(), &command).expect_error(&[option.split_once(' ').unwrap().1]);
    }
    assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"x");
}

#[test]
fn inputs_are_never_overwritten() {
    let folder = folder_with_photo();
    drawn_mask(40, 40, (3, 3, 9, 9))
        .save(folder.path().join("mask.png"))
        .unwrap();
    let files = ["a.png", "mask.png"].map(|name| folder.path().join(name));
    let before = files.clone().map(|file| std::fs::read(file).unwrap());
    for options in [
        "--out a.png",
        "--out ./a.png",
        "--out mask.png",
        "--out b.png --comparison a.png",
    ] {
        let command = format!("a.png --mask file:mask.png {options}");
        inpaint(folder.path(), &command).expect_error(&["would be overwritten"]);
    }
    run(
        folder.path(),
        &format!("sample --model {MODEL} --out {MODEL}"),
    )
    .expect_error(&["would be overwritten"]);
    assert_eq!(files.map(|file| std::fs::read(file).unwrap()), before);
}

#[test]
fn several_photos_do_not_fit_into_one_file() {
    let folder = folder_with_model();
    folder_of_photos(folder.path(), 2, 32);
    inpaint(folder.path(), "images --mask square:10 --out b.png").expect_error(&["name a folder"]);
    inpaint(folder.path(), "images --mask square:10 --trajectory t.gif")
        .expect_error(&["single photo"]);
    std::fs::create_dir(folder.path().join("void")).unwrap();
    inpaint(folder.path(), "void --mask square:10").expect_error(&["holds no images"]);
}

#[test]
fn a_model_without_embedded_weights_says_how_to_get_it() {
    let folder = folder_with_photo();
    for name in ["dtd", "pets"] {
        if name.parse::<PretrainedModel>().unwrap().is_embedded() {
            continue;
        }
        let hint = format!("prepare {name}");
        let command = format!("inpaint a.png --mask square:10 --model {name}");
        run(folder.path(), &command).expect_error(&[&hint, "train dcgan"]);
        run(folder.path(), &format!("info {name}")).expect_error(&[&hint]);
    }
    run(
        folder.path(),
        "inpaint a.png --mask square:10 --model imagenet",
    )
    .expect_error(&["imagenet", "celeba"]);
}

#[test]
fn settings_out_of_range_and_unknown_words_are_refused() {
    let folder = folder_with_photo();
    for options in [
        "--iterations 0",
        "--restarts 0",
        "--prior-weight -1",
        "--window 4",
    ] {
        let command =
            format!("inpaint a.png --mask square:10 --model {MODEL} --out b.png {options}");
        let ran = run(folder.path(), &command);
        assert!(matches!(ran.code, Some(1 | 2)), "{ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
    }
    for (options, hint) in [
        ("--preset quick", "paper, authors, fast or best"),
        ("--mask star:5", "square:SIZE"),
        ("--hole red", "white, black or alpha"),
        ("--blend glue", "overlay or poisson"),
        (
            "--context-weights near",
            "window, windows:SIZE,SIZE or uniform",
        ),
        ("--context-distance cubed", "absolute or squared"),
        ("--device gpu", "auto, cpu, cuda"),
        ("--crop middle", "around-hole"),
    ] {
        let mask = if options.starts_with("--mask") {
            ""
        } else {
            "--mask square:10"
        };
        let ran = run(folder.path(), &format!("inpaint a.png {mask} {options}")).expect(2);
        assert!(ran.stderr.contains(hint), "{ran:?}");
    }
    assert!(!folder.path().join("b.png").exists());
}

#[test]
fn a_device_that_is_not_there_is_one_error_and_auto_does_without() {
    let folder = folder_with_photo();
    let search =
        format!("inpaint a.png --mask square:10 --iterations 1 --model {MODEL} --out b.png");
    // No machine has so many devices; without the feature `cuda` there is none at all.
    for command in [
        &search,
        "bench --seconds 0.1 --batches 1 --width 4",
        &format!("sample --model {MODEL} --out s.png"),
    ] {
        let ran = run(folder.path(), &format!("{command} --device cuda:4096"));
        ran.expect_error(&["cuda:4096 is not available", "use `cpu` or `auto`"]);
    }
    assert!(!folder.path().join("b.png").exists());
    run(folder.path(), &format!("{search} --device auto")).expect(0);
    assert!(folder.path().join("b.png").exists());
}
