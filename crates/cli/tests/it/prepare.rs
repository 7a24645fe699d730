use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use semantic_inpaint::ImageSet;
use semantic_inpaint::data::sha256_of_file;

use crate::material::{png_bytes, textured};
use crate::program::{Ran, run};

/// A tar archive of pictures of 20x24 with these names; what ends in `.txt` holds the name itself.
fn archive(names: &[String]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (index, name) in names.iter().enumerate() {
        let bytes = match name.ends_with(".txt") {
            true => name.clone().into_bytes(),
            false => png_bytes(&textured(20, 24, index)),
        };
        append(&mut archive, name, &bytes);
    }
    archive.into_inner().unwrap()
}

fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, bytes).unwrap();
}

/// `images/pug_1.png` to `pug_COUNT.png`, and as many beagles.
fn pets(count: usize) -> Vec<String> {
    let of = |breed: &str| {
        (1..=count)
            .map(|i| format!("images/{breed}_{i}.png"))
            .collect()
    };
    let breeds: [Vec<String>; 2] = [of("beagle"), of("pug")];
    breeds.concat()
}

/// A folder `datasets/pets` with an archive of `count` pictures of each of two breeds.
fn folder_of_pets(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pets_folder = folder.path().join("datasets/pets");
    std::fs::create_dir_all(&pets_folder).unwrap();
    std::fs::write(pets_folder.join("images.tar.gz"), archive(&pets(count))).unwrap();
    folder
}

/// The file that the last line of stdout names after `verb`.
#[track_caller]
fn file_after(ran: &Ran, verb: &str) -> PathBuf {
    let line = ran.stdout.lines().last().unwrap_or_default();
    let path = line
        .strip_prefix(verb)
        .and_then(|rest| rest.split_once(": "));
    PathBuf::from(
        path.unwrap_or_else(|| panic!("no `{verb}` in {ran:?}"))
            .0
            .trim(),
    )
}

#[test]
fn a_named_data_set_is_prepared_once_and_found_again() {
    let folder = folder_of_pets(6);
    let command = "prepare pets --size 16 --classes PUG --limit 5";
    let ran = run(folder.path(), command).expect(0);
    assert!(ran.stdout.contains("5 images of 16x16"), "{ran:?}");
    assert!(
        ran.stderr.contains("7390 images expected, 12 found"),
        "{ran:?}"
    );
    let path = file_after(&ran, "wrote");
    assert!(path.starts_with("datasets/pets"), "{path:?}");
    let set = ImageSet::load(folder.path().join(&path)).unwrap();
    assert_eq!(set.record().framing.to_string(), "squash");
    assert_eq!(set.names()[0], "images/pug_1.png");
    let ran = run(folder.path(), command).expect(0);
    assert_eq!(file_after(&ran, "found"), path);

    std::fs::write(folder.path().join(&path), b"damaged").unwrap();
    let ran = run(folder.path(), command).expect(0);
    assert!(ran.stderr.contains("not usable"), "{ran:?}");
    assert_eq!(file_after(&ran, "wrote"), path);
}

#[test]
fn options_choose_framing_place_and_part() {
    let folder = folder_of_pets(30);
    let crops = "prepare pets --framing random-crops:4 --size 16";
    let ran = run(folder.path(), &format!("{crops} --out crops.safetensors")).expect(0);
    assert!(ran.stdout.contains("240 images of 16x16"), "{ran:?}");
    let path = folder.path().join("crops.safetensors");
    let set = ImageSet::load(&path).unwrap();
    assert_eq!(set.record().framing.to_string(), "random-crops:4:50:0");
    let ran = run(
        folder.path(),
        &format!("{crops} --split validation --cache kept"),
    )
    .expect(0);
    assert!(file_after(&ran, "wrote").starts_with("kept"), "{ran:?}");

    let data = "prepare --data datasets/pets/images.tar.gz --size 16";
    run(folder.path(), data).expect(2);
    let ran = run(folder.path(), &format!("{data} --out a.safetensors")).expect(0);
    assert!(!ran.stderr.contains("expected"), "{ran:?}");
    run(folder.path(), "prepare --size 16 --out a.safetensors").expect(2);
    run(folder.path(), "prepare birds").expect(2);
}

#[test]
fn published_parts_come_from_the_lists_beside_the_archive() {
    let folder = folder_of_pets(4);
    let train = "prepare pets --size 16 --split published-train";
    run(folder.path(), train).expect_error(&["images.tar.gz", "annotations.tar.gz"]);
    let mut lists = tar::Builder::new(Vec::new());
    append(
        &mut lists,
        "annotations/trainval.txt",
        b"pug_1 1 1 1\nbeagle_4 2 1 1\n",
    );
    append(&mut lists, "annotations/test.txt", b"pug_2 1 1 1\n");
    let path = folder.path().join("datasets/pets/annotations.tar.gz");
    std::fs::write(path, lists.into_inner().unwrap()).unwrap();
    let ran = run(folder.path(), train).expect(0);
    assert!(ran.stdout.contains("2 images of 16x16"), "{ran:?}");
}

#[test]
fn archives_that_are_missing_wrong_or_damaged_are_named_with_the_remedy() {
    let folder = folder_of_pets(4);
    for (arguments, texts) in [
        (
            "dtd",
            vec![
                "datasets/dtd/dtd-r1.0.1.tar.gz",
                "--download",
                "robots.ox.ac.uk",
            ],
        ),
        (
            "celeba",
            vec![
                "img_align_celeba.zip",
                "mmlab.ie.cuhk.edu.hk",
                "non-commercial",
            ],
        ),
        (
            "celeba --download",
            vec!["img_align_celeba.zip", "mmlab", "no direct download"],
        ),
        (
            "dtd --data datasets/pets/images.tar.gz",
            vec![
                "images.tar.gz",
                "not an archive of dtd",
                "images/beagle_1.png",
            ],
        ),
        ("pets --classes cat", vec!["no class `cat`", "beagle, pug"]),
        ("pets --min-images 9", vec!["at least 9 images", "found 8"]),
        (
            "pets --framing crop108",
            vec!["8 of 8 images are unreadable", "beagle_1.png"],
        ),
    ] {
        run(folder.path(), &format!("prepare {arguments}")).expect_error(&texts);
    }
    let path = folder.path().join("datasets/pets/images.tar.gz");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    run(folder.path(), "prepare pets").expect_error(&["images.tar.gz", "download it again"]);
    let left = std::fs::read_dir(folder.path().join("datasets/pets")).unwrap();
    assert_eq!(left.count(), 1, "no set is written");
}

#[test]
fn unreadable_images_are_named_up_to_a_share_and_refused_beyond() {
    let folder = folder_of_pets(5);
    let mut damaged = tar::Builder::new(Vec::new());
    for (index, name) in pets(5).iter().enumerate() {
        let mut png = png_bytes(&textured(20, 24, index));
        png.truncate(if index < 2 { 40 } else { png.len() });
        append(&mut damaged, name, &png);
    }
    let path = folder.path().join("datasets/pets/images.tar.gz");
    std::fs::write(path, damaged.into_inner().unwrap()).unwrap();
    let names = ["images/beagle_1.png", "images/beagle_2.png"];
    run(folder.path(), "prepare pets").expect_error(&[
        "2 of 10 images are unreadable",
        names[0],
        names[1],
    ]);
    for _ in 0..2 {
        let ran = run(folder.path(), "prepare pets --max-unreadable 0.2").expect(3);
        for name in names {
            let line = format!("skipped {name}: ");
            assert!(ran.stderr.contains(&line), "{ran:?}");
        }
        assert!(ran.stdout.contains("8 images of 64x64, 2 of 10"), "{ran:?}");
    }
    // The set in the cache does not lower the bar.
    run(folder.path(), "prepare pets").expect_error(&["tolerated share of 0.01"]);
}

/// A server that breaks the first transfer off after 1000 bytes and knows ranges; gives its address.
fn server(content: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (index, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let first = lines.iter().find_map(|line| {
                let range = line.to_lowercase();
                let range = range.strip_prefix("range: bytes=")?.strip_suffix('-')?;
                range.parse::<usize>().ok()
            });
            let body = &content[first.unwrap_or(0)..];
            let status = match first {
                Some(first) => format!(
                    "206 Partial Content\r\ncontent-range: bytes {first}-{}/{}",
                    content.len() - 1,
                    content.len()
                ),
                None => "200 OK".into(),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let len = if index == 0 { 1000 } else { body.len() };
            let _ = (&stream).write_all(&[head.as_bytes(), &body[..len]].concat());
        }
    });
    format!("http://{address}")
}

/// A folder `own` with a manifest of an archive at this address.
fn folder_with_manifest(url: &str, sha256: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("own")).unwrap();
    let manifest = format!(
        "name = 'own'\ntitle = 'Own'\nhomepage = 'https://example.org'\nlicence = 'CC0'\n\
         citation = 'none'\nframing = 'center-crop'\nsplit = 'by file name hash'\n\
         image_folder = 'images/'\n[[archives]]\nfile = 'own.tar'\nnum_images = 6\n\
         url = '{url}/own.tar'\nsha256 = '{sha256}'\n"
    );
    std::fs::write(folder.path().join("own/manifest.toml"), manifest).unwrap();
    folder
}

fn sha256(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    sha256_of_file(file.path()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_download_survives_an_interruption_and_is_checked() {
    let content = archive(&pets(3));
    let url = server(content.clone());
    let folder = folder_with_manifest(&url, &sha256(&content));
    let command = "prepare own/manifest.toml --download --size 16 --out set.safetensors";
    let ran = run(folder.path(), command).expect(0);
    assert!(ran.stdout.contains("6 images of 16x16"), "{ran:?}");
    assert!(
        ran.stderr.contains("own, https://example.org, terms: CC0"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("downloaded own/own.tar"), "{ran:?}");
    let downloaded = std::fs::read(folder.path().join("own/own.tar")).unwrap();
    assert!(downloaded == content);
    assert_eq!(names(&folder.path().join("own")).len(), 2);
    let ran = run(folder.path(), command).expect(0);
    assert!(ran.stderr.contains("found own/own.tar"), "{ran:?}");
}

#[test]
fn a_download_of_another_file_is_refused_and_leaves_nothing() {
    let url = server(archive(&pets(3)));
    let folder = folder_with_manifest(&url, &"0".repeat(64));
    let command = "prepare own/manifest.toml --download --size 16 --out set.safetensors";
    run(folder.path(), command).expect_error(&["own.tar", "SHA-256", "example.org"]);
    assert_eq!(names(&folder.path().join("own")), ["manifest.toml"]);
}
