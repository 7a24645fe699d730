use std::collections::BTreeMap;
use std::path::Path;

/// The bytes of every file in a folder by its name, to compare two folders.
///
/// # Panics
///
/// When the folder or a file cannot be read.
#[must_use]
pub fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let read = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        (name.into_owned(), bytes)
    };
    let paths = files.map(|file| {
        file.unwrap_or_else(|error| panic!("{folder:?}: {error}"))
            .path()
    });
    paths.map(|path| read(&path)).collect()
}
