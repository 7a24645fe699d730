use std::path::PathBuf;

use semantic_inpaint::{DcganModel, Device, LatentPrior};
use serde_json::Value;

use crate::material::{MODEL, folder_of_photos, folder_with_model, save_tiny_encoder, textured};
use crate::program::run;

fn pytorch(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../dcgan/tests/golden");
    folder.join(name).display().to_string()
}

#[test]
fn state_dicts_of_pytorch_become_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let (generator, discriminator) = ("tutorial_generator.pth", "tutorial_discriminator.pth");
    let command = format!(
        "import --generator {} --discriminator {} --latent-prior normal --dataset faces --licence \
         MIT --out model.safetensors",
        pytorch(generator),
        pytorch(discriminator)
    );
    let ran = run(folder.path(), &command).expect(0);
    assert!(
        ran.stdout.contains("generator and discriminator"),
        "{ran:?}"
    );
    let model = DcganModel::load(&folder.path().join("model.safetensors"), &Device::Cpu).unwrap();
    let config = model.generator.config();
    assert_eq!((config.latent_len, config.image_size_px), (6, 64));
    assert_eq!(config.latent_prior, LatentPrior::Normal);
    assert!(model.discriminator.is_some());
    assert_eq!(
        (&*model.card.dataset, &*model.card.licence),
        ("faces", "MIT")
    );
    textured(64, 64, 1)
        .save(folder.path().join("a.png"))
        .unwrap();
    let command = "inpaint a.png --mask square:20 --model model.safetensors --iterations 2";
    run(folder.path(), command).expect(0);
}

#[test]
fn one_checkpoint_may_hold_both_networks_or_the_generator_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (file, has_discriminator) in [
        ("both_networks.pth", true),
        ("tutorial_generator.pth", false),
        ("own_names_generator.safetensors", false),
    ] {
        let command = format!(
            "import --generator {} --latent-prior uniform --out m.safetensors",
            pytorch(file)
        );
        run(folder.path(), &command).expect(0);
        let model = DcganModel::load(&folder.path().join("m.safetensors"), &Device::Cpu).unwrap();
        assert_eq!(model.discriminator.is_some(), has_discriminator, "{file}");
    }
}

#[test]
fn a_model_file_is_stored_in_half_the_bytes_with_its_card() {
    let folder = folder_with_model();
    let command = format!("import --generator {MODEL} --half --licence CC0 --out half.safetensors");
    run(folder.path(), &command).expect(0);
    let load = |name: &str| DcganModel::load(&folder.path().join(name), &Device::Cpu).unwrap();
    let (whole, half) = (load(MODEL), load("half.safetensors"));
    assert_eq!(whole.generator.config(), half.generator.config());
    assert_eq!((&*half.card.dataset, &*half.card.licence), ("none", "CC0"));
    let bytes = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
    assert!(3 * bytes("half.safetensors") < 2 * bytes(MODEL));
    let generator = pytorch("tutorial_generator.pth");
    let command = format!("import --generator {generator} --out m.safetensors");
    run(folder.path(), &command).expect_error(&["--latent-prior"]);
}

#[test]
fn encoders_are_stored_in_half_the_bytes_too() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.safetensors");
    save_tiny_encoder(&whole);
    let command =
        "import --generator whole.safetensors --half --licence free --out half.safetensors";
    let ran = run(folder.path(), command).expect(0);
    assert!(
        ran.stdout.contains("Context Encoder for 32x32"),
        "{}",
        ran.stdout
    );
    let half = folder.path().join("half.safetensors");
    let bytes = [&whole, &half].map(|file| std::fs::metadata(file).unwrap().len());
    assert!(3 * bytes[1] < 2 * bytes[0], "{bytes:?}");
    let facts = run(folder.path(), "info half.safetensors --json")
        .expect(0)
        .stdout;
    let facts: Value = serde_json::from_str(&facts).unwrap();
    assert_eq!(facts["kind"], "Context Encoder model");
    assert_eq!(facts["card"]["licence"], "free");
}

#[test]
fn hostile_foreign_and_missing_weights_are_refused_by_name() {
    let folder = folder_with_model();
    std::fs::write(folder.path().join("text.pth"), "no weights").unwrap();
    let before = std::fs::read(folder.path().join(MODEL)).unwrap();
    for (file, text) in [
        (pytorch("hostile.pth"), "nothing is executed"),
        (pytorch("hostile_plain.pth"), "pickle"),
        (pytorch("legacy_generator.pth"), "re-save it"),
        (pytorch("whole_module_generator.pth"), "state_dict"),
        (pytorch("no_tensors.pth"), "no tensors"),
        (
            pytorch("tutorial_discriminator.pth"),
            "tutorial_discriminator.pth",
        ),
        ("text.pth".into(), "known format"),
        ("missing.pth".into(), "missing.pth"),
    ] {
        let command = format!("import --generator {file} --latent-prior normal --out {MODEL}");
        run(folder.path(), &command).expect_error(&[text]);
    }
    assert_eq!(std::fs::read(folder.path().join(MODEL)).unwrap(), before);
    let generator = pytorch("tutorial_generator.pth");
    let command = format!("import --generator {generator} --latent-prior flat --out m.safetensors");
    assert!(
        run(folder.path(), &command)
            .expect(2)
            .stderr
            .contains("uniform, normal or sphere")
    );
}

#[test]
fn info_tells_what_a_thing_is() {
    let folder = folder_with_model();
    folder_of_photos(folder.path(), 3, 20);
    for (target, kind) in [
        ("celeba", "DCGAN model"),
        (MODEL, "DCGAN model"),
        ("images", "images"),
        ("images/00.png", "image"),
    ] {
        let ran = run(folder.path(), &format!("info {target} --json")).expect(0);
        let facts: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(facts["kind"], kind);
        assert!(
            run(folder.path(), &format!("info {target}"))
                .expect(0)
                .stdout
                .starts_with(kind)
        );
    }
    let ran = run(folder.path(), &format!("info {MODEL} --json")).expect(0);
    let facts: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(facts["config"]["image_size_px"], 32);
    assert!(facts["parameters"]["discriminator"].as_u64().unwrap() > 100);
}

#[test]
fn info_refuses_what_it_does_not_know() {
    let folder = folder_with_model();
    let whole = std::fs::read(folder.path().join(MODEL)).unwrap();
    std::fs::write(folder.path().join("cut.safetensors"), &whole[..99]).unwrap();
    std::fs::write(folder.path().join("text"), "text").unwrap();
    for target in ["nothing", "cut.safetensors", "text"] {
        run(folder.path(), &format!("info {target}")).expect_error(&[target]);
    }
}
