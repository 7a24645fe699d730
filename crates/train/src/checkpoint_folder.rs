//! Checkpoint folders that are whole at every moment, whenever the program is killed.
//!
//! A folder is written under another name and renamed. To replace one, the old folder steps aside to
//! `NAME.old` first: whoever looks for NAME and finds nothing takes `NAME.old`, so that one of the two
//! is there always. A folder is removed by renaming it, so that no half of it remains under its name.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Result;
use crate::error::io;

const ASIDE: &str = ".old";
const PARTIAL: &str = ".partial-";
const REMOVED: &str = ".removed-";
/// How a `WholeFile` that has not taken its name yet begins.
const UNFINISHED: &str = ".semantic-inpaint-";

/// A folder in `parent` that becomes a checkpoint once it is complete.
pub(crate) fn partial(parent: &Path) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PARTIAL);
    #[cfg(unix)]
    {
        // Temporary folders are private by default; this one becomes an ordinary folder.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(parent).map_err(io(parent))
}

/// Puts a complete folder in its place, where an earlier one may be.
pub(crate) fn publish(partial: TempDir, folder: &Path) -> Result<()> {
    let aside = with_suffix(folder, ASIDE);
    sync(partial.path());
    if folder.is_dir() {
        remove(&aside)?;
        fs::rename(folder, &aside).map_err(io(folder))?;
    }
    fs::rename(partial.path(), folder).map_err(io(folder))?;
    let _moved_away = partial.keep();
    if let Some(parent) = folder.parent() {
        sync(parent);
    }
    remove(&aside)
}

/// Where the checkpoint of this name is: there, or aside while it is being replaced.
pub(crate) fn find(folder: &Path) -> PathBuf {
    let aside = with_suffix(folder, ASIDE);
    if !folder.exists() && aside.is_dir() {
        aside
    } else {
        folder.to_owned()
    }
}

/// The name of the checkpoint that a folder of this name holds.
pub(crate) fn checkpoint_name(name: &str) -> &str {
    name.strip_suffix(ASIDE).unwrap_or(name)
}

/// Removes a folder, if it is there, and what stands aside of it.
pub(crate) fn remove_checkpoint(folder: &Path) -> Result<()> {
    // In this order the older one never takes the newer one's place.
    remove(&with_suffix(folder, ASIDE))?;
    remove(folder)
}

/// Removes what a program that was killed left half-written or half-removed.
pub(crate) fn remove_leftovers(parent: &Path) -> Result<()> {
    for entry in fs::read_dir(parent).map_err(io(parent))? {
        let path = entry.map_err(io(parent))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let begins = |name: &str| [PARTIAL, REMOVED, UNFINISHED].map(|with| name.starts_with(with));
        if !name.is_some_and(|name| begins(name).contains(&true)) {
            continue;
        }
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(io(&path))?;
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut name = OsString::from(REMOVED);
    name.push(folder.file_name().unwrap_or_default());
    let removed = folder.with_file_name(name);
    if removed.is_dir() {
        fs::remove_dir_all(&removed).map_err(io(&removed))?;
    }
    fs::rename(folder, &removed).map_err(io(folder))?;
    fs::remove_dir_all(&removed).map_err(io(&removed))
}

fn with_suffix(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    folder.with_file_name(name)
}

/// Asks for a folder's entries to reach the disk. Not every system can; a program that is killed
/// loses nothing without it, only a machine without power might.
fn sync(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = (folder, File::open::<&Path>);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(parent: &Path, content: &str) -> TempDir {
        let folder = partial(parent).unwrap();
        fs::write(folder.path().join("state"), content).unwrap();
        folder
    }

    fn content(folder: &Path) -> String {
        fs::read_to_string(find(folder).join("state")).unwrap()
    }

    #[test]
    fn a_folder_can_be_found_at_every_moment_of_its_replacement() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("step-5");
        let aside = parent.path().join("step-5.old");
        publish(complete(parent.path(), "first"), &folder).unwrap();
        assert_eq!(content(&folder), "first");

        // Killed when the old one stood aside.
        fs::rename(&folder, &aside).unwrap();
        assert_eq!(content(&folder), "first");
        // Killed when both were there.
        publish(complete(parent.path(), "second"), &folder).unwrap();
        fs::create_dir(&aside).unwrap();
        fs::write(aside.join("state"), "first").unwrap();
        assert_eq!(content(&folder), "second");
        publish(complete(parent.path(), "third"), &folder).unwrap();
        assert_eq!(content(&folder), "third");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_removed_folder_leaves_no_half_under_its_name() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("step-5");
        publish(complete(parent.path(), "first"), &folder).unwrap();
        // Killed in the middle of the removal, then written and removed again.
        let removed = parent.path().join(".removed-step-5");
        fs::rename(&folder, &removed).unwrap();
        assert!(!find(&folder).exists());
        publish(complete(parent.path(), "second"), &folder).unwrap();
        remove_checkpoint(&folder).unwrap();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn leftovers_are_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        for name in [".partial-a", ".removed-step-1", "step-1", "step-2.old"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        fs::write(parent.path().join(".partial-b"), "x").unwrap();
        // What a kill in the middle of writing the name of the newest leaves.
        fs::write(parent.path().join(".semantic-inpaint-a1.part"), "x").unwrap();
        remove_leftovers(parent.path()).unwrap();
        let mut names: Vec<_> = fs::read_dir(parent.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["step-1", "step-2.old"]);
    }
}
