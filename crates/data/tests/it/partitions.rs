use std::path::Path;

use semantic_inpaint_data::{Error, ImageSource, Partition, ReadOptions, Result, Split};

use crate::sets::{options, read};
use crate::{gzipped, named_pngs, real_file, tar_bytes, write_folder, write_zip};

const PARTS: [Split; 3] = [
    Split::PublishedTrain,
    Split::PublishedValidation,
    Split::PublishedTest,
];

/// Images of these names.
fn images(names: &[&str]) -> Vec<(String, Vec<u8>)> {
    let files = named_pngs(names.len(), 6, 6).into_iter().zip(names);
    files
        .map(|((_, bytes), name)| ((*name).to_owned(), bytes))
        .collect()
}

fn text(name: &str, text: &str) -> (String, Vec<u8>) {
    (name.to_owned(), text.as_bytes().to_vec())
}

fn of(split: Split) -> ReadOptions {
    ReadOptions {
        split,
        ..options(6)
    }
}

fn names(path: &Path, split: Split) -> Vec<String> {
    read(path, &of(split)).unwrap().names().to_vec()
}

fn partition(path: &Path) -> Result<Partition> {
    Partition::find(&ImageSource::open(path)?)
}

#[test]
fn textures_go_by_the_first_partition_within_their_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dtd-r1.0.1.tar.gz");
    let mut files = images(&[
        "dtd/images/a/a_0001.png",
        "dtd/images/a/a_0002.png",
        "dtd/images/b/b_0001.png",
        "dtd/images/b/b_0002.png",
    ]);
    files.extend([
        text("dtd/labels/train1.txt", "a/a_0001.jpg\nb/b_0002.jpg\n"),
        text("dtd/labels/val1.txt", "a/a_0002.jpg\n"),
        text("dtd/labels/test1.txt", "b/b_0001.jpg\n"),
        text("dtd/labels/train2.txt", "a/a_0002.jpg\n"),
    ]);
    std::fs::write(&path, gzipped(&tar_bytes(&files))).unwrap();
    assert_eq!(
        names(&path, Split::PublishedTrain),
        ["dtd/images/a/a_0001.png", "dtd/images/b/b_0002.png"]
    );
    assert_eq!(
        names(&path, Split::PublishedValidation),
        ["dtd/images/a/a_0002.png"]
    );
    let test = read(&path, &of(Split::PublishedTest)).unwrap();
    assert_eq!(test.names(), ["dtd/images/b/b_0001.png"]);
    let origin = test.record().partition.clone().unwrap();
    assert!(origin.contains("dtd/labels/train1.txt"), "{origin}");

    // A prepared set remembers its part, and knows no other.
    let set = folder.path().join("set.safetensors");
    test.save(&set).unwrap();
    assert_eq!(read(&set, &of(Split::PublishedTest)).unwrap().count(), 1);
    let error = read(&set, &of(Split::PublishedTrain)).unwrap_err();
    assert!(matches!(error, Error::NoPartition { .. }), "{error}");
}

#[test]
fn pets_go_by_the_annotations_beside_their_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.tar.gz");
    let files = images(&["images/pug_1.png", "images/pug_2.png", "images/pug_3.png"]);
    std::fs::write(&path, gzipped(&tar_bytes(&files))).unwrap();
    let error = partition(&path).unwrap_err();
    assert!(matches!(error, Error::NoPartition { .. }), "{error}");
    assert!(error.to_string().contains("annotations.tar.gz"), "{error}");

    let lists = [
        text("annotations/README", "text"),
        text("annotations/trainval.txt", "pug_3 1 1 1\n\npug_1 1 1 1\r\n"),
        text("annotations/test.txt", "# Image CLASS-ID SPECIES\n"),
    ];
    std::fs::write(
        folder.path().join("annotations.tar.gz"),
        gzipped(&tar_bytes(&lists)),
    )
    .unwrap();
    let expected = ["images/pug_1.png", "images/pug_3.png"];
    assert_eq!(names(&path, Split::PublishedTrain), expected);
    // The second image is in no list, and the publisher has no part for validation.
    for empty in [Split::PublishedTest, Split::PublishedValidation] {
        let error = read(&path, &of(empty)).unwrap_err();
        assert!(matches!(error, Error::TooFewImages { .. }), "{error}");
    }

    // The same, unpacked.
    let unpacked = tempfile::tempdir().unwrap();
    write_folder(unpacked.path(), &files);
    write_folder(unpacked.path(), &lists);
    let images = unpacked.path().join("images");
    assert_eq!(names(&images, Split::PublishedTrain).len(), 2);
    assert_eq!(names(unpacked.path(), Split::PublishedTrain), expected);
}

#[test]
fn faces_go_by_the_list_beside_their_archive_or_else_by_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("img_align_celeba.zip");
    let files = ["000001", "162770", "162771", "182638", "202599"];
    let files = files.map(|number| format!("img_align_celeba/{number}.png"));
    write_zip(&path, &images(&files.each_ref().map(String::as_str)));
    let counts = || PARTS.map(|part| names(&path, part).len());
    assert_eq!(counts(), [2, 1, 2]);
    let origin = partition(&path).unwrap().origin().to_owned();
    assert!(origin.contains("celeba"), "{origin}");

    let list = "000001.jpg 2\n162770.jpg 2\n162771.jpg 1\n182638.jpg 0\n202599.jpg 2\n";
    let eval = folder.path().join("Eval");
    std::fs::create_dir(&eval).unwrap();
    std::fs::write(eval.join("list_eval_partition.txt"), list).unwrap();
    assert_eq!(counts(), [1, 1, 3]);
    let table = "image_id,partition\r\n000001.jpg,1\r\n162770.jpg,1\r\n";
    std::fs::write(folder.path().join("list_eval_partition.csv"), table).unwrap();
    assert_eq!(counts(), [1, 1, 3], "the publisher's own list comes first");
    std::fs::remove_dir_all(&eval).unwrap();
    assert_eq!(
        partition(&path).unwrap().part("x/000001.png"),
        Some(PARTS[1])
    );
    assert_eq!(partition(&path).unwrap().part("202599.jpg"), None);
}

#[test]
fn lists_of_another_data_set_in_the_same_folder_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.tar.gz");
    let files = images(&["images/pug_1.png"]);
    std::fs::write(&path, gzipped(&tar_bytes(&files))).unwrap();
    write_folder(
        folder.path(),
        &[
            text("list_eval_partition.txt", "000001.jpg 0\n"),
            text("annotations/trainval.txt", "beagle_1 1 1 1\n"),
            text("annotations/test.txt", "pug_1 1 1 1\n"),
        ],
    );
    assert_eq!(partition(&path).unwrap().part("pug_1"), Some(PARTS[2]));
}

#[test]
fn lists_that_cannot_be_understood_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faces");
    write_folder(&path, &images(&["000001.png", "000002.png"]));
    for (list, line, reason) in [
        ("000001.jpg 0\n000002.jpg 7\n", 2, "`7`"),
        ("000001.jpg\n", 1, "not 0, 1 or 2"),
        ("000001.jpg 0\n000001.jpg 1\n", 2, "two parts"),
    ] {
        std::fs::write(folder.path().join("list_eval_partition.txt"), list).unwrap();
        let error = partition(&path).unwrap_err();
        let message = error.to_string();
        assert!(
            matches!(error, Error::InvalidPartition { line: found, .. } if found == line),
            "{message}"
        );
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn the_real_originals_are_all_of_the_published_training_part() {
    let Some(path) = real_file("celeba/img_align_celeba.zip") else {
        return;
    };
    let limited = ReadOptions {
        limit: Some(20),
        ..of(Split::PublishedTrain)
    };
    let set = read(&path, &limited).unwrap();
    assert_eq!((set.count(), set.record().num_found), (20, 2_000));
    let partition = partition(&path).unwrap();
    let names = ImageSource::open(&path).unwrap().image_names().unwrap();
    let is_train = |name: &String| partition.part(name) == Some(Split::PublishedTrain);
    assert!(names.iter().all(is_train));
    let error = read(&path, &of(Split::PublishedTest)).unwrap_err();
    assert!(matches!(error, Error::TooFewImages { .. }), "{error}");
}
