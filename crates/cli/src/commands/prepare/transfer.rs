use std::path::Path;

use anyhow::Result;
use indicatif::ProgressStyle;
use semantic_inpaint::data::{DownloadOptions, DownloadOutcome, ManifestFile, download};

use crate::output;
use crate::progress::{self, Display};

/// Where programs look for the address of a proxy.
const PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Downloads a file unless it is there, under a progress bar, and says what it is.
pub(super) fn fetch(file: &ManifestFile, folder: &Path) -> Result<()> {
    let mut proxies = PROXY.iter().filter_map(|name| std::env::var(name).ok());
    let options = DownloadOptions {
        proxy: proxies.find(|proxy| !proxy.is_empty()),
        ..DownloadOptions::default()
    };
    let bar = progress::bar("downloading", 0, Display::Terminal);
    let template = "{prefix} {wide_bar} {binary_bytes}/{binary_total_bytes} {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let downloaded = download(file, folder, &options, &|progress| {
        bar.set_length(progress.total_bytes.unwrap_or(progress.num_bytes));
        bar.set_position(progress.num_bytes);
    });
    bar.finish_and_clear();
    let downloaded = downloaded?;
    let verb = match downloaded.outcome {
        DownloadOutcome::Transferred => "downloaded",
        _ => "found",
    };
    let path = downloaded.path.display();
    match file.sha256 {
        Some(_) => output::note(format_args!("{verb} {path}, its checksum is right")),
        None => output::note(format_args!(
            "{verb} {path}, SHA-256 {}: the manifest has none to compare with",
            downloaded.sha256
        )),
    }
    Ok(())
}
