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
    let (root, map) = map();
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

/// The rows of the tables below a heading, cell by cell.
fn rows_below<'a>(map: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let (_, section) = map.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| "));
    let cells = lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect());
    cells.skip(1).collect()
}

fn map() -> (PathBuf, String) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let map = std::fs::read_to_string(root.join("docs/paper-map.md")).unwrap();
    (root, map)
}

const FIGURES: &str = "\n## Figures, table and claims\n";

#[test]
fn what_agrees_or_differs_names_its_note_or_its_test() {
    let (root, map) = map();
    let rows = rows_below(&map, FIGURES);
    assert!(rows.len() > 15, "only {} rows", rows.len());
    for row in rows {
        assert_eq!(row.len(), 5, "{row:?}");
        let verdict = row[4];
        let is_checked = ["agrees", "differs"]
            .iter()
            .any(|word| verdict.starts_with(word));
        let is_open = ["drawn", "not checked"]
            .iter()
            .any(|word| verdict.starts_with(word));
        assert!(is_checked || is_open, "{verdict}");
        let notes = verdict.split("](experiments/").skip(1);
        let notes: Vec<&str> = notes.filter_map(|rest| rest.split(')').next()).collect();
        for note in &notes {
            assert!(
                root.join("docs/experiments").join(note).is_file(),
                "no {note}"
            );
        }
        assert!(
            !is_checked || !notes.is_empty() || !cited(verdict).is_empty(),
            "{verdict}"
        );
    }
}

#[test]
fn every_figure_of_the_map_is_one_that_the_code_makes() {
    let (root, map) = map();
    let sources = [
        "crates/metrics/src/report",
        "crates/cli/src/commands/evaluate",
    ]
    .map(|folder| sources(&root.join(folder)))
    .concat();
    let sources = sources.to_lowercase();
    let rows = rows_below(&map, FIGURES);
    let quoted = rows
        .iter()
        .flat_map(|row| row[3].split('`').skip(1).step_by(2));
    let stems = quoted.filter_map(|file| file.strip_prefix("figures/")?.strip_suffix(".png"));
    let stems: Vec<&str> = stems.collect();
    assert!(stems.len() > 6, "{stems:?}");
    for stem in stems {
        // A title, the name of a file, or its part before the mask.
        let written = [
            format!("\"{}\"", stem.replace('-', " ")),
            format!("\"{stem}\""),
        ];
        let of_mask = stem
            .strip_prefix("images-")
            .map(|_| "\"images-{}\"".to_owned());
        let mut names = written.into_iter().chain(of_mask);
        assert!(
            names.any(|name| sources.contains(&name)),
            "no figure {stem}"
        );
    }
}

#[test]
fn every_example_of_the_map_exists() {
    let (root, map) = map();
    let names = map.split("--example ").skip(1);
    let names = names.filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next());
    for name in names.chain(["dtd", "pets"]) {
        let examples = root.join("examples");
        let is_there = examples.join(name).join("main.rs").is_file()
            || examples.join(format!("{name}.rs")).is_file();
        assert!(is_there, "no example {name}");
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
