use std::path::Path;

use semantic_inpaint_data::{Error, Framing, ImageSource, Manifest, SetRecord, Split};

use crate::{gzipped, named_pngs, real_file, tar_bytes, write_folder, write_zip};

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
        partition: None,
        classes: Vec::new(),
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
        assert_eq!(manifest, Manifest::named(name).unwrap(), "the built-in one");
        let files = manifest.archives.iter().chain(&manifest.lists);
        for file in files.filter(|file| file.url.is_some()) {
            let is_checked = file.num_bytes.is_some() && file.sha256.is_some();
            assert!(
                is_checked,
                "{}: a download has a size and a checksum",
                file.file
            );
        }
    }
    assert_eq!(Manifest::known().count(), 3);
    let error = Manifest::named("celebb").unwrap_err().to_string();
    assert!(error.contains("celeba, dtd or pets"), "{error}");
}

#[test]
fn built_in_texts_are_those_of_the_data_sets_folders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["celeba", "dtd", "pets"] {
        let built_in = root.join("manifests").join(format!("{name}.toml"));
        let of_folder = root.join("../../datasets").join(name).join("manifest.toml");
        if !of_folder.is_file() {
            eprintln!("skipped: the manifests are not beside the crate");
            return;
        }
        assert_eq!(
            std::fs::read_to_string(&built_in).unwrap(),
            std::fs::read_to_string(&of_folder).unwrap(),
            "copy {} to {}",
            of_folder.display(),
            built_in.display()
        );
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
fn an_archive_of_another_data_set_is_told_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let placed = |place: &str| {
        let files = named_pngs(3, 4, 4).into_iter();
        files
            .map(|(name, bytes)| (format!("{place}{name}"), bytes))
            .collect::<Vec<_>>()
    };
    let check = |name: &str, dataset: &str| {
        let source = ImageSource::open(at(name)).unwrap();
        Manifest::named(dataset).unwrap().check_layout(&source)
    };
    let pets = gzipped(&tar_bytes(&placed("images/")));
    std::fs::write(at("pets.tar.gz"), &pets).unwrap();
    std::fs::write(
        at("dtd.tar.gz"),
        gzipped(&tar_bytes(&placed("dtd/images/a/"))),
    )
    .unwrap();
    std::fs::write(at("dots.tar"), tar_bytes(&placed("./images/"))).unwrap();
    let text = ("README.txt".to_owned(), b"text".to_vec());
    std::fs::write(at("text.tar"), tar_bytes(&[text])).unwrap();
    write_zip(&at("faces.zip"), &placed("img_align_celeba/"));
    write_folder(&at("plain"), &placed(""));
    check("pets.tar.gz", "pets").unwrap();
    check("dots.tar", "pets").unwrap();
    check("dtd.tar.gz", "dtd").unwrap();
    check("faces.zip", "celeba").unwrap();
    check("plain", "celeba").unwrap();
    for (name, dataset, found) in [
        ("pets.tar.gz", "dtd", "`images/000.png`"),
        ("dtd.tar.gz", "celeba", "`dtd/images/a/000.png`"),
        ("faces.zip", "pets", "`img_align_celeba/000.png`"),
        ("text.tar", "pets", "no image"),
    ] {
        let error = check(name, dataset).unwrap_err();
        assert!(matches!(error, Error::WrongArchive { .. }), "{error}");
        let message = error.to_string();
        for text in [name, dataset, found] {
            assert!(message.contains(text), "{message}");
        }
    }
    // It is told from the beginning: the rest of a truncated archive is not looked at.
    std::fs::write(at("cut.tar.gz"), &pets[..pets.len() - 20]).unwrap();
    assert!(check("cut.tar.gz", "dtd").is_err());
}

#[test]
fn files_of_a_manifest_are_checked() {
    let with = |line: &str| {
        let text = format!(
            "name = 'x'\ntitle = 'x'\nhomepage = 'x'\nlicence = 'x'\ncitation = 'x'\n\
             framing = 'squash'\nsplit = 'x'\nimage_folder = 'images/'\n[[archives]]\n{line}\n"
        );
        Manifest::parse("x", &text)
    };
    with("file = 'a.zip'").unwrap();
    with(&format!("file = 'a.zip'\nsha256 = '{}'", "0a".repeat(32))).unwrap();
    for (line, fault) in [
        ("file = '../a.zip'", "plain file name"),
        ("file = '.ssh'", "plain file name"),
        ("file = ''", "plain file name"),
        ("file = 'a.zip'\nsha256 = 'ABC'", "64 lower-case"),
        ("file = 'a.zip'\nurl = 'ftp://a'", "https://"),
    ] {
        let error = with(line).unwrap_err().to_string();
        assert!(error.contains(fault), "{error}");
    }
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
