use std::fmt::Display;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

/// Writes a line to stdout. Unlike `println!` it does not panic when nobody reads.
pub(crate) fn line(text: impl Display) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// Writes a JSON object to stdout, in one line.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    line(serde_json::to_string(value)?)
}

/// Writes a line to stderr.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes a warning to stderr.
pub(crate) fn warn(text: impl Display) {
    note(format_args!("warning: {text}"));
}

/// Fails unless files can be made beside `path`, before work that would be lost.
pub(crate) fn check_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        bail!("{}: is a folder: name a file", path.display());
    }
    tempfile::tempfile_in(folder_of(path)).with_context(|| {
        format!(
            "{}: cannot be written: check that its folder exists and is writable",
            path.display()
        )
    })?;
    Ok(())
}

/// Makes a folder that files can be written to.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    let fault = || format!("{}: the folder cannot be made or written", path.display());
    std::fs::create_dir_all(path).with_context(fault)?;
    tempfile::tempfile_in(path).with_context(fault)?;
    Ok(())
}

/// Fails when writing `target` would replace the file `input`.
pub(crate) fn check_not_input(target: &Path, input: &Path) -> Result<()> {
    let same = match (identity(target), identity(input)) {
        (Some(target), Some(input)) => target == input,
        _ => false,
    };
    if same {
        bail!(
            "{}: is an input and would be overwritten: choose another output",
            target.display()
        );
    }
    Ok(())
}

/// Where a file lies or would lie, through links; `None` when not even its folder is there.
pub(crate) fn identity(path: &Path) -> Option<PathBuf> {
    let whole = path.canonicalize().ok();
    whole.or_else(|| {
        let folder = folder_of(path).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    })
}

/// The folder that holds `path`.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
