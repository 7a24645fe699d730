use std::path::Path;

use semantic_inpaint_data::{Error, Framing, ImageSource, Manifest, SetRecord, Split};

use crate::real_file;

fn manifest(name: &str) -> Option<Manifest> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    if !path.is_dir() {
        eprintln!("skipped: the manifests are not beside the crate");
        return None;
    }
    Some(Manifest::read(path.join(name).join("manifest.toml")).unwrap())
}

fn record(source: &str, num_found: usize) -> SetRecord {
    SetRecord {
        source: source.into(),
        framing: Framing::Squash,
        size_px: 64,
        split: Split::All,
        limit: None,
        num_found,
        unreadable: Vec::new(),
    }
}

#[test]
fn every_committed_manifest_is_valid_and_named_after_its_folder() {
    for name in ["celeba", "dtd", "pets"] {
        let Some(manifest) = manifest(name) else {
            return;
        };
        assert_eq!(manifest.name, name);
        assert!(manifest.homepage.starts_with("https://"));
        assert!(
            manifest
                .archives
                .iter()
                .all(|archive| archive.num_images > 0)
        );
        for digits in manifest
            .archives
            .iter()
            .filter_map(|archive| archive.sha256.as_ref())
        {
            assert!(digits.len() == 64 && digits.chars().all(|digit| digit.is_ascii_hexdigit()));
        }
    }
}

#[test]
fn the_parts_of_celeba_cover_its_archive() {
    let Some(manifest) = manifest("celeba") else {
        return;
    };
    let total: usize = manifest.parts.iter().map(|part| part.num_images()).sum();
    assert_eq!(total, manifest.archives[0].num_images);
    assert!(
        manifest
            .parts
            .windows(2)
            .all(|pair| pair[0].last + 1 == pair[1].first)
    );
}

#[test]
fn an_archive_with_another_count_is_pointed_out() {
    let Some(manifest) = manifest("dtd") else {
        return;
    };
    let archive = manifest.archives[0].clone();
    manifest
        .check_count(&record(&archive.file, archive.num_images))
        .unwrap();
    manifest.check_count(&record("my-folder", 3)).unwrap();
    let error = manifest.check_count(&record(&archive.file, 3)).unwrap_err();
    assert!(
        matches!(error, Error::UnexpectedCount { found: 3, .. }),
        "{error}"
    );
}

#[test]
fn a_real_archive_that_is_a_part_only_is_pointed_out() {
    let Some(path) = real_file("pets/images.tar.gz") else {
        return;
    };
    let Some(manifest) = manifest("pets") else {
        return;
    };
    let num_found = ImageSource::open(path)
        .unwrap()
        .image_names()
        .unwrap()
        .len();
    assert!(
        manifest
            .check_count(&record("images.tar.gz", num_found))
            .is_err()
    );
}

#[test]
fn mistakes_in_a_manifest_are_located() {
    let error = Manifest::parse("bad.toml", "name = 'x'\nnmae = 'y'\n")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("bad.toml") && error.contains("nmae"),
        "{error}"
    );
    assert!(matches!(
        Manifest::read("no/such/manifest.toml"),
        Err(Error::NotFound { .. })
    ));
}
