use std::path::{Path, PathBuf};

/// The path of a file or folder of the shared data, or `None` with a message where it is absent.
///
/// Large data sets are no part of the repository: they are looked for in `../shared/data` next to
/// the workspace, for example `shared_data("celeba/img_align_celeba.zip")`. A test that gets `None`
/// returns, and its output says that it was skipped.
#[must_use]
pub fn shared_data(relative: &str) -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = data.join(relative);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: no {relative} in ../shared/data next to the workspace");
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_file_gives_none() {
        assert_eq!(shared_data("no/such/file"), None);
    }
}
