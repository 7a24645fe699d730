use std::collections::{BTreeSet, HashSet};

use crate::split::stem;
use crate::{Error, Result};

/// Classes that an error names at most.
const NAMED: usize = 50;

/// The class of each image of a source, told from all its names; `None` where a name tells none.
///
/// Where images lie in several folders, the class is the folder that directly holds the image
/// (`dtd/images/banded/banded_0002.jpg` is `banded`). Where all lie in one folder, it is the file name
/// without a number after its last underscore (`images/Maine_Coon_17.jpg` is `Maine_Coon`).
///
/// ```
/// use semantic_inpaint_data::classes_of;
///
/// let pets = ["images/Maine_Coon_17.jpg", "images/pug_2.jpg", "images/cover.jpg"];
/// assert_eq!(classes_of(&pets), [Some("Maine_Coon"), Some("pug"), None]);
/// ```
#[must_use]
pub fn classes_of<S: AsRef<str>>(names: &[S]) -> Vec<Option<&str>> {
    let folders: HashSet<&str> = names.iter().map(|name| folder(name.as_ref())).collect();
    let by_folder = folders.len() > 1;
    let class = |name| match by_folder {
        true => last_folder(name),
        false => without_number(name),
    };
    names.iter().map(|name| class(name.as_ref())).collect()
}

/// Whether each image is of one of the wanted classes, told without regard to ASCII case; every image
/// is when none is wanted.
pub(crate) fn are_of_classes(
    names: &[String],
    wanted: &[String],
    source_name: &str,
) -> Result<Vec<bool>> {
    if wanted.is_empty() {
        return Ok(vec![true; names.len()]);
    }
    let classes = classes_of(names);
    let known: BTreeSet<&str> = classes.iter().copied().flatten().collect();
    let is_known = |class: &String| known.iter().any(|known| known.eq_ignore_ascii_case(class));
    if let Some(unknown) = wanted.iter().find(|class| !is_known(class)) {
        return Err(Error::UnknownClass {
            source_name: source_name.into(),
            class: unknown.clone(),
            known: listed(&known),
        });
    }
    let is_wanted = |class: &str| {
        wanted
            .iter()
            .any(|wanted| wanted.eq_ignore_ascii_case(class))
    };
    Ok(classes
        .iter()
        .map(|class| class.is_some_and(is_wanted))
        .collect())
}

fn listed(known: &BTreeSet<&str>) -> String {
    if known.is_empty() {
        return "none, as its images carry no class".into();
    }
    let mut list: Vec<&str> = known.iter().copied().take(NAMED).collect();
    if known.len() > NAMED {
        list.push("...");
    }
    list.join(", ")
}

fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn last_folder(name: &str) -> Option<&str> {
    let last = folder(name).rsplit('/').next();
    last.filter(|folder| !folder.is_empty())
}

fn without_number(name: &str) -> Option<&str> {
    let (class, number) = stem(name).rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !class.is_empty()).then_some(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_folders_are_classes_whatever_the_files_are_called() {
        let names = ["a/cats/IMG_0001.jpg", "a/dogs/IMG_0001.jpg", "top.jpg"];
        assert_eq!(classes_of(&names), [Some("cats"), Some("dogs"), None]);
    }

    #[test]
    fn in_one_folder_the_name_without_its_number_is_the_class() {
        let names = [
            "pug_1.jpg",
            "pug.jpg",
            "pug_x.jpg",
            "_7.jpg",
            "a_b_12.png#03",
        ];
        assert_eq!(
            classes_of(&names),
            [Some("pug"), None, None, None, Some("a_b")]
        );
    }

    #[test]
    fn unknown_classes_are_named_with_the_known_ones() {
        let names = ["pug_1.jpg", "beagle_1.jpg"].map(String::from);
        let wanted = ["PUG".to_owned()];
        assert_eq!(
            are_of_classes(&names, &wanted, "pets").unwrap(),
            [true, false]
        );
        let wanted = ["pug".to_owned(), "cat".to_owned()];
        let error = are_of_classes(&names, &wanted, "pets")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`cat`") && error.contains("beagle, pug"),
            "{error}"
        );
    }
}
