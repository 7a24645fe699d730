use std::path::{Path, PathBuf};

/// The names of the form `folder::item` between backticks in a text; a folder is lower case.
fn cited(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let names = quoted.filter_map(|quoted| quoted.split_once("::"));
    names
        .filter(|(folder, item)| is_folder(folder) && is_item(item))
        .collect()
}

fn is_folder(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

fn is_item(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn defines(source: &str, item: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    ["fn ", "struct ", "enum ", "trait "].iter().any(|keyword| {
        let needle = format!("{keyword}{item}");
        source
            .match_indices(&needle)
            .any(|(at, _)| ends(&source[at + needle.len()..]))
    })
}

/// The sources of a folder and its subfolders, one behind the other.
fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.fold(String::new(), |mut text, path| {
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(&path).unwrap();
        }
        text
    })
}

#[test]
fn everything_that_the_paper_map_names_exists() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let map = std::fs::read_to_string(root.join("docs/paper-map.md")).unwrap();
    let cited = cited(&map);
    assert!(cited.len() > 20, "only {} names found", cited.len());
    for (folder, item) in cited {
        let folder = root.join("crates").join(folder);
        assert!(folder.is_dir(), "no folder {}", folder.display());
        assert!(
            defines(&sources(&folder), item),
            "{} defines no {item}",
            folder.display()
        );
    }
}

#[test]
fn citations_are_found_and_looked_up_as_whole_words() {
    assert_eq!(
        cited("see `mask::Mask`, not `Blend::Overlay`, `a b::c` or `psnr`"),
        [("mask", "Mask")]
    );
    assert!(defines("pub fn blend(", "blend"));
    assert!(defines("pub struct Mask {", "Mask"));
    assert!(!defines("pub fn blended(", "blend"));
}
