use std::path::Path;

use semantic_inpaint_data::{Error, ImageSource, SourceKind};

use crate::{gzipped, named_pngs, tar_bytes, write_folder, write_zip};

fn kind(path: &Path) -> SourceKind {
    ImageSource::open(path).unwrap().kind()
}

#[test]
fn the_kind_is_told_by_content() {
    let folder = tempfile::tempdir().unwrap();
    let files = named_pngs(2, 4, 4);
    let at = |name: &str| folder.path().join(name);
    write_zip(&at("images.data"), &files);
    std::fs::write(at("a.bin"), tar_bytes(&files)).unwrap();
    std::fs::write(at("b.bin"), gzipped(&tar_bytes(&files))).unwrap();
    std::fs::write(at("c.safetensors"), b"").unwrap();
    assert_eq!(kind(folder.path()), SourceKind::Folder);
    assert_eq!(kind(&at("images.data")), SourceKind::Zip);
    assert_eq!(kind(&at("a.bin")), SourceKind::Tar);
    assert_eq!(kind(&at("b.bin")), SourceKind::TarGz);
    assert_eq!(kind(&at("c.safetensors")), SourceKind::Prepared);
}

#[test]
fn what_is_no_source_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(matches!(
        ImageSource::open(at("none.zip")),
        Err(Error::NotFound { .. })
    ));
    for name in ["page.zip", "page.tar.gz", "page.tgz", "page.tar"] {
        std::fs::write(at(name), b"<html>sign in to download</html>").unwrap();
        let error = ImageSource::open(at(name)).unwrap_err();
        assert!(matches!(error, Error::DamagedArchive { .. }), "{error}");
    }
    std::fs::write(at("notes.txt"), b"notes").unwrap();
    let error = ImageSource::open(at("notes.txt")).unwrap_err();
    assert!(error.to_string().contains(".tar.gz"), "{error}");
}

#[test]
fn images_are_found_in_all_subfolders_and_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["b/2.JPG", "a.png", "b/10.jpeg", "c/d/x.webp"];
    let others = [
        "list.txt",
        ".hidden.png",
        "b/.cache/y.png",
        "__MACOSX/a.png",
        "Thumbs.db",
        "png",
    ];
    let files: Vec<_> = names
        .iter()
        .chain(&others)
        .map(|name| ((*name).to_owned(), b"x".to_vec()))
        .collect();
    let expected = ["a.png", "b/10.jpeg", "b/2.JPG", "c/d/x.webp"];

    write_folder(&folder.path().join("plain"), &files);
    write_zip(&folder.path().join("a.zip"), &files);
    std::fs::write(folder.path().join("a.tar"), tar_bytes(&files)).unwrap();
    std::fs::write(folder.path().join("a.tgz"), gzipped(&tar_bytes(&files))).unwrap();
    for name in ["plain", "a.zip", "a.tar", "a.tgz"] {
        let source = ImageSource::open(folder.path().join(name)).unwrap();
        assert_eq!(source.image_names().unwrap(), expected, "{name}");
        assert_eq!(source.name(), name);
    }
}

#[test]
fn damaged_archives_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let files = named_pngs(20, 16, 16);
    let whole = folder.path().join("whole.zip");
    write_zip(&whole, &files);
    let zip = std::fs::read(&whole).unwrap();
    let tar = tar_bytes(&files);
    let packed = gzipped(&tar);
    let mut flipped = packed.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    let damaged = [
        ("cut.zip", zip[..zip.len() / 2].to_vec()),
        ("cut.tar.gz", packed[..packed.len() / 2].to_vec()),
        (
            "without-checksum.tar.gz",
            packed[..packed.len() - 8].to_vec(),
        ),
        ("flipped.tar.gz", flipped),
        (
            "text.tar.gz",
            gzipped(&b"this is not a tar archive. ".repeat(40)),
        ),
    ];
    for (name, bytes) in damaged {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = ImageSource::open(&path).unwrap().image_names().unwrap_err();
        assert!(
            matches!(error, Error::DamagedArchive { .. }),
            "{name}: {error}"
        );
        assert!(
            error.to_string().contains(name) && error.to_string().contains("again"),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn linked_folders_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), &named_pngs(2, 4, 4));
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    let source = ImageSource::open(folder.path()).unwrap();
    assert_eq!(source.image_names().unwrap(), ["000.png", "001.png"]);
}
