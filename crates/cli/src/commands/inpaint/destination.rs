use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::inputs::Input;
use crate::output;

const WRITABLE: [&str; 7] = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff"];

/// A photo and the files that are made of it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) input: PathBuf,
    pub(super) completed: PathBuf,
    pub(super) comparison: Option<PathBuf>,
    pub(super) trajectory: Option<PathBuf>,
    /// The likeliest first.
    pub(super) completions: Vec<PathBuf>,
    /// Where the completions disagree.
    pub(super) disagreement: Option<PathBuf>,
}

/// What is written of a photo besides its completion.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extra<'a> {
    pub(super) comparison: Option<&'a Path>,
    pub(super) trajectory: Option<&'a Path>,
    pub(super) num_completions: usize,
}

impl Place {
    /// The files that will be written.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Path> {
        let extra = [&self.comparison, &self.trajectory, &self.disagreement];
        let extra = extra.into_iter().flatten().chain(&self.completions);
        std::iter::once(&self.completed)
            .chain(extra)
            .map(PathBuf::as_path)
    }
}

/// Where everything goes. Folders are made and their permissions tried now, before any search; it is
/// an error if a file would replace an input or another output.
pub(super) fn plan(inputs: Vec<Input>, out: &Path, extra: Extra<'_>) -> Result<Vec<Place>> {
    let Extra {
        comparison,
        trajectory,
        num_completions,
    } = extra;
    if inputs.len() > 1 && (comparison.is_some() || trajectory.is_some()) {
        bail!("--comparison and --trajectory take a single photo: leave them out for several");
    }
    check_extensions(comparison, trajectory)?;
    let mut taken = HashSet::new();
    let mut places = Vec::with_capacity(inputs.len());
    for input in inputs {
        let is_file = names_a_file(out);
        let stem = if is_file {
            out.with_extension("")
        } else {
            out.join(free_name(&input.name, &mut taken)?)
        };
        let with = |ending: &str| PathBuf::from(format!("{}.{ending}.png", stem.display()));
        let own_comparison = (!is_file).then(|| with("comparison"));
        let ranked = (1..=num_completions).map(|rank| with(&format!("completion-{rank}")));
        places.push(Place {
            input: input.path,
            completed: if is_file {
                out.into()
            } else {
                with("completed")
            },
            comparison: comparison.map(Into::into).or(own_comparison),
            trajectory: trajectory.map(Into::into),
            completions: ranked.collect(),
            disagreement: (num_completions > 0).then(|| with("disagreement")),
        });
    }
    check_targets(&places)?;
    make_places(&places, out)?;
    Ok(places)
}

fn make_places(places: &[Place], out: &Path) -> Result<()> {
    if names_a_file(out) {
        if places.len() > 1 {
            bail!(
                "--out {} is one file for {} photos: name a folder",
                out.display(),
                places.len()
            );
        }
        if matches!(extension(out).as_str(), "jpg" | "jpeg") {
            output::warn("JPEG changes known pixels a little: choose .png to keep every byte");
        }
    } else {
        let folders = places
            .iter()
            .map(|place| output::folder_of(&place.completed));
        for folder in folders.collect::<HashSet<_>>() {
            output::make_folder(folder)?;
        }
    }
    for target in places.iter().flat_map(Place::targets) {
        output::check_writable(target)?;
    }
    Ok(())
}

fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_ascii_lowercase()
}

fn names_a_file(out: &Path) -> bool {
    let extension = extension(out);
    !out.is_dir() && (WRITABLE.contains(&extension.as_str()) || extension == "gif")
}

fn check_extensions(comparison: Option<&Path>, trajectory: Option<&Path>) -> Result<()> {
    if let Some(path) = trajectory.filter(|path| extension(path) != "gif") {
        bail!(
            "{}: an animation is a GIF: end the name in .gif",
            path.display()
        );
    }
    match comparison.filter(|path| !WRITABLE.contains(&extension(path).as_str())) {
        Some(path) => bail!("{}: end the name of the picture in .png", path.display()),
        None => Ok(()),
    }
}

/// The name without extension; with it where another photo has the same.
fn free_name(name: &Path, taken: &mut HashSet<PathBuf>) -> Result<String> {
    for candidate in [name.with_extension(""), name.to_owned()] {
        if taken.insert(candidate.clone()) {
            return Ok(candidate.to_string_lossy().into_owned());
        }
    }
    bail!(
        "two photos are named {}: complete them one after the other",
        name.display()
    )
}

fn check_targets(places: &[Place]) -> Result<()> {
    let inputs: HashSet<PathBuf> = places
        .iter()
        .filter_map(|place| output::identity(&place.input))
        .collect();
    let mut seen = HashSet::new();
    for target in places.iter().flat_map(Place::targets) {
        if extension(target) == "gif" && places.iter().any(|place| place.completed == target) {
            bail!(
                "{}: a photo is not written as GIF: end the name in .png",
                target.display()
            );
        }
        let Some(identity) = output::identity(target) else {
            continue;
        };
        if inputs.contains(&identity) {
            bail!(
                "{}: is an input and would be overwritten: choose another output",
                target.display()
            );
        }
        if places.len() == 1 && !seen.insert(identity) {
            bail!(
                "{}: would be written twice: choose another name",
                target.display()
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(names: &[&str]) -> Vec<Input> {
        let input = |name: &&str| Input {
            path: name.into(),
            name: name.into(),
        };
        names.iter().map(input).collect()
    }

    fn message(names: &[&str], out: &Path, comparison: Option<&Path>) -> String {
        let extra = Extra {
            comparison,
            ..Extra::default()
        };
        let error = plan(inputs(names), out, extra).unwrap_err();
        error.to_string()
    }

    #[test]
    fn folders_keep_subfolders_and_tell_equal_stems_apart() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let photos = inputs(&["a.png", "a.jpg", "b/a.png"]);
        let places = plan(photos, &out, Extra::default()).unwrap();
        let completed: Vec<_> = places.into_iter().map(|place| place.completed).collect();
        let expected = [
            "a.completed.png",
            "a.jpg.completed.png",
            "b/a.completed.png",
        ];
        assert_eq!(completed, expected.map(|name| out.join(name)));
        assert!(out.join("b").is_dir());
    }

    #[test]
    fn completions_are_numbered_beside_the_completed_photo() {
        let folder = tempfile::tempdir().unwrap();
        let two = Extra {
            num_completions: 2,
            ..Extra::default()
        };
        for (out, names) in [
            (
                "out",
                [
                    "a.completion-1.png",
                    "a.completion-2.png",
                    "a.disagreement.png",
                ],
            ),
            (
                "b.jpg",
                [
                    "b.completion-1.png",
                    "b.completion-2.png",
                    "b.disagreement.png",
                ],
            ),
        ] {
            let places = plan(inputs(&["a.png"]), &folder.path().join(out), two).unwrap();
            let targets: Vec<&Path> = places[0].targets().collect();
            for name in names {
                assert!(
                    targets.iter().any(|target| target.ends_with(name)),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn one_file_takes_one_photo_and_never_its_input() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.png");
        assert!(message(&["a.png", "b.png"], &out, None).contains("name a folder"));
        std::fs::write(&out, "photo").unwrap();
        let input = out.to_str().unwrap();
        assert!(message(&[input], &out, None).contains("would be overwritten"));
        let other = folder.path().join("other.png");
        assert!(message(&[input], &other, Some(&other)).contains("written twice"));
        assert!(message(&["a.png"], &folder.path().join("a.gif"), None).contains(".png"));
    }
}
