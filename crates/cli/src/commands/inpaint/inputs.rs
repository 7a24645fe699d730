use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use semantic_inpaint::ImageSource;

use crate::output;

/// A photo to read.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    /// Its name without the folders above the one that was given, extension included.
    pub(super) name: PathBuf,
}

/// The photos that are named, in order, and those of the folders that are named. What lies in the
/// output folder is left out: results of an earlier run are no inputs.
pub(super) fn collect(paths: &[PathBuf], out: &Path) -> Result<Vec<Input>> {
    let out = output::identity(out);
    let mut inputs = Vec::new();
    for path in paths {
        if !path.is_dir() {
            let name = path.file_name().unwrap_or(path.as_os_str()).into();
            inputs.push(Input {
                path: path.clone(),
                name,
            });
            continue;
        }
        let num_before = inputs.len();
        for name in ImageSource::open(path)?.image_names()? {
            let file = path.join(&name);
            let is_output = output::identity(&file)
                .zip(out.as_ref())
                .is_some_and(|(file, out)| file != *out && file.starts_with(out));
            if !is_output {
                inputs.push(Input {
                    path: file,
                    name: name.into(),
                });
            }
        }
        if inputs.len() == num_before {
            bail!(
                "{}: the folder holds no images: name another",
                path.display()
            );
        }
    }
    Ok(inputs)
}
