use std::collections::HashSet;

use semantic_inpaint_data::{Error, Framing, ImageSource, ReadOptions, Split};

use crate::sets::{options, read};
use crate::{gzipped, named_pngs, real_file, tar_bytes, write_folder};

/// Twelve images of `a`, `b` and `c`, four each.
fn named_by_class(name: impl Fn(&str, usize) -> String) -> Vec<(String, Vec<u8>)> {
    let files = named_pngs(12, 6, 6).into_iter().enumerate();
    files
        .map(|(index, (_, bytes))| (name(["a", "b", "c"][index / 4], index), bytes))
        .collect()
}

fn of_classes(classes: &[&str]) -> ReadOptions {
    ReadOptions {
        classes: classes.iter().map(|class| (*class).to_owned()).collect(),
        ..options(6)
    }
}

#[test]
fn classes_are_folders_or_beginnings_of_names() {
    let folder = tempfile::tempdir().unwrap();
    let in_folders = named_by_class(|class, index| format!("dtd/images/{class}/{index}.png"));
    let path = folder.path().join("dtd.tar.gz");
    std::fs::write(&path, gzipped(&tar_bytes(&in_folders))).unwrap();
    let in_names = named_by_class(|class, index| format!("images/{class}_{index}.png"));
    write_folder(&folder.path().join("pets"), &in_names);

    for path in [path, folder.path().join("pets")] {
        let all = read(&path, &options(6)).unwrap();
        let chosen = read(&path, &of_classes(&["A", "c"])).unwrap();
        assert_eq!(chosen.count(), 8);
        assert_eq!(chosen.record().classes, ["A", "c"]);
        assert_eq!(chosen.record().num_found, 12);
        let again = all.of_classes(&["A".into(), "c".into()]).unwrap();
        assert_eq!(
            (again.names(), again.pixels()),
            (chosen.names(), chosen.pixels())
        );

        let error = read(&path, &of_classes(&["a", "d"])).unwrap_err();
        assert!(matches!(error, Error::UnknownClass { .. }), "{error}");
        assert!(
            error
                .to_string()
                .ends_with("no class `d`: its classes are a, b, c"),
            "{error}"
        );
    }
}

#[test]
fn classes_split_and_limit_apply_in_this_order() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(
        folder.path(),
        &named_by_class(|class, index| format!("{class}_{index}.png")),
    );
    let train = ReadOptions {
        split: Split::Train,
        ..of_classes(&["b", "c"])
    };
    let all = read(folder.path(), &train).unwrap();
    assert!(all.names().iter().all(|name| !name.starts_with('a')));
    let limited = ReadOptions {
        limit: Some(5),
        ..train
    };
    let first = read(folder.path(), &limited).unwrap();
    assert_eq!(first.names(), &all.names()[..5]);
}

#[test]
fn a_prepared_set_gives_its_classes() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    write_folder(
        &images,
        &named_by_class(|class, index| format!("{class}_{index}.png")),
    );
    let path = folder.path().join("set.safetensors");
    let wanted = of_classes(&["b", "c"]);
    read(&images, &wanted).unwrap().save(&path).unwrap();
    assert_eq!(read(&path, &options(6)).unwrap().count(), 8);
    assert_eq!(read(&path, &wanted).unwrap().count(), 8);
    assert_eq!(read(&path, &of_classes(&["b"])).unwrap().count(), 4);
    assert!(read(&path, &of_classes(&["a"])).is_err());
}

#[test]
fn images_without_classes_say_so() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), &named_pngs(3, 6, 6));
    let error = read(folder.path(), &of_classes(&["a"]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("carry no class"), "{error}");
}

#[test]
fn real_textures_and_breeds_are_chosen_by_name() {
    for (file, classes, expected) in [
        ("dtd/dtd-10-classes.tar.gz", ["banded", "crystalline"], 200),
        ("pets/images.tar.gz", ["Maine_Coon", "pug"], 346),
    ] {
        let Some(path) = real_file(file) else {
            return;
        };
        let source = ImageSource::open(&path).unwrap();
        let names = source.image_names().unwrap();
        let all: HashSet<_> = semantic_inpaint_data::classes_of(&names)
            .into_iter()
            .collect();
        assert_eq!(all.len(), if file.starts_with("dtd") { 10 } else { 37 });
        let chosen = ReadOptions {
            classes: classes.map(str::to_owned).to_vec(),
            ..ReadOptions::new(Framing::CenterCrop, 16)
        };
        assert_eq!(read(&path, &chosen).unwrap().count(), expected, "{file}");
    }
}
