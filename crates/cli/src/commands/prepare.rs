use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use semantic_inpaint::data::{ReadOptions, Split};
use semantic_inpaint::{Framing, ImageSet, ImageSource};

use crate::output;
use crate::progress::{self, Display};
use crate::status::Status;

/// At most so many unreadable images are named.
const NAMED: usize = 10;

/// Frame and resize a data set once, into one file that training loads in a moment
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A folder, or an archive as its publisher ships it (.zip, .tar, .tar.gz), read in place
    #[arg(long, value_name = "FOLDER|ARCHIVE")]
    data: PathBuf,
    /// How images become square: crop108 (the face in an aligned CelebA image), squash (the whole
    /// image) or center-crop (the largest centered square)
    #[arg(long, default_value_t = Framing::CenterCrop)]
    framing: Framing,
    /// Height and width of the images in pixels
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Part of the images: all, train or validation (a tenth, by a hash of the name)
    #[arg(long, default_value_t)]
    split: Split,
    /// Take only the first COUNT images by name
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Where to write the prepared set
    #[arg(long, value_name = "SET.safetensors")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    output::check_writable(&arguments.out)?;
    output::check_not_input(&arguments.out, &arguments.data)?;
    let source = ImageSource::open(&arguments.data)?;
    let options = ReadOptions {
        split: arguments.split,
        limit: arguments.limit,
        ..ReadOptions::new(arguments.framing, arguments.size)
    };
    let set = read_set(&source, &options)?;
    set.save(&arguments.out)?;
    let unreadable = &set.record().unreadable;
    output::line(format_args!(
        "wrote {}: {} images of {size}x{size}, {} of {} in the source skipped as unreadable",
        arguments.out.display(),
        set.count(),
        unreadable.len(),
        set.record().num_found,
        size = set.size_px(),
    ))?;
    Ok(match unreadable.is_empty() {
        true => Status::Done,
        false => Status::Skipped,
    })
}

/// Reads a set under a progress bar and names what is unreadable on stderr.
pub(crate) fn read_set(source: &ImageSource, options: &ReadOptions) -> Result<ImageSet> {
    let bar = progress::bar("reading", 0, Display::Terminal);
    let set = ImageSet::read(source, options, &|progress| {
        bar.set_length(progress.num_total as u64);
        bar.set_position(progress.num_done as u64);
    });
    bar.finish_and_clear();
    let set = set?;
    let unreadable = &set.record().unreadable;
    for image in unreadable.iter().take(NAMED) {
        output::warn(format_args!("skipped {}: {}", image.name, image.reason));
    }
    if unreadable.len() > NAMED {
        let more = unreadable.len() - NAMED;
        output::warn(format_args!("skipped {more} more"));
    }
    Ok(set)
}
