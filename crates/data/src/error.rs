use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::Framing;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with image files, archives and sets of images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder is not there.
    #[error("{}: no such file or folder: check the path", path.display())]
    NotFound {
        /// The path as it was given.
        path: PathBuf,
    },
    /// A file or folder is there and cannot be read.
    #[error("{}: cannot be read ({source}): check its permissions", path.display())]
    Unreadable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// An output could not be written.
    #[error("{}: cannot be written ({source}): check that its folder exists and is writable", path.display())]
    Unwritable {
        /// The path of the output.
        path: PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// An image file holds no bytes.
    #[error("{name}: the file is empty: copy or download it again")]
    EmptyFile {
        /// File or archive entry.
        name: String,
    },
    /// The bytes are not an image of a known format.
    #[error("{name}: not an image of a known format: use PNG, JPEG, WebP, BMP, TIFF or GIF")]
    NotAnImage {
        /// File or archive entry.
        name: String,
    },
    /// The image ends before its last pixel.
    #[error("{name}: the image is truncated: copy or download it again")]
    TruncatedImage {
        /// File or archive entry.
        name: String,
    },
    /// The image is damaged.
    #[error("{name}: the image is damaged ({reason}): copy or download it again")]
    DamagedImage {
        /// File or archive entry.
        name: String,
        /// What the decoder reported.
        reason: String,
    },
    /// The image uses a feature of its format that the decoder does not know.
    #[error("{name}: this kind of image is not supported ({reason}): convert it to an 8-bit PNG")]
    UnsupportedImage {
        /// File or archive entry.
        name: String,
        /// What the decoder reported.
        reason: String,
    },
    /// The image exceeds the limits on size.
    #[error("{name}: the image is too large ({reason}): scale it down first")]
    ImageTooLarge {
        /// File or archive entry.
        name: String,
        /// The limit that was exceeded.
        reason: String,
    },
    /// The number of values does not fit the height and width.
    #[error("{what}: expected {expected} values for {height}x{width}, got {got}")]
    LengthMismatch {
        /// The values' role, for example `rgb`.
        what: &'static str,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// The number of values that height and width ask for.
        expected: usize,
        /// The number that was given.
        got: usize,
    },
    /// Images that must have one size have several.
    #[error(
        "{name}: expected {expected_height}x{expected_width} pixels, got {height}x{width}: \
         resize the images to one size first"
    )]
    SizeMismatch {
        /// The image that differs.
        name: String,
        /// Rows that were expected.
        expected_height: usize,
        /// Columns that were expected.
        expected_width: usize,
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
    },
    /// A framing cannot take an image of this size.
    #[error(
        "framing crop108 takes aligned CelebA images of 218x178 or images already of \
         {size_px}x{size_px}, got {height}x{width}: use `center-crop` or `squash`"
    )]
    FramingMismatch {
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
        /// The size that was asked for.
        size_px: usize,
    },
    /// Random crops cannot be cut out of an image this small.
    #[error(
        "an image of {height}x{width} is too small for random crops of {size_px} px: use \
         `center-crop` or a smaller size"
    )]
    ImageTooSmall {
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
        /// The size that was asked for.
        size_px: usize,
    },
    /// A rectangle is empty or leaves the image.
    #[error("{region} does not lie within an image of {height}x{width}: choose a smaller one")]
    RegionOutside {
        /// The rectangle.
        region: crate::Region,
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
    },
    /// A name of a choice could not be understood.
    #[error("unknown {what} `{got}`: use {expected}")]
    UnknownName {
        /// The choice, for example `framing`.
        what: &'static str,
        /// What was given.
        got: String,
        /// The accepted names.
        expected: &'static str,
    },
    /// A number of a configuration lies outside its range.
    #[error("{what} must be {expected}, got {got}")]
    OutOfRange {
        /// The value's name.
        what: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The value that was found.
        got: String,
    },
    /// An output's extension names no format that can be written.
    #[error("{}: unknown kind of output: end the name in .png, .jpg, .webp, .bmp or .tiff", path.display())]
    UnknownOutputFormat {
        /// The path of the output.
        path: PathBuf,
    },
    /// An image could not be encoded.
    #[error("{what}: cannot be encoded ({reason}): choose another format or size")]
    Encoding {
        /// The output.
        what: String,
        /// What the encoder reported.
        reason: String,
    },
    /// A data source is neither a folder nor an archive nor a prepared set.
    #[error(
        "{}: not a source of images: give a folder, a .zip, .tar or .tar.gz archive, \
         or a prepared .safetensors set", path.display()
    )]
    UnknownSource {
        /// The path of the source.
        path: PathBuf,
    },
    /// An archive is damaged or incomplete.
    #[error("{}: the archive is damaged or incomplete ({reason}): download it again", path.display())]
    DamagedArchive {
        /// The archive.
        path: PathBuf,
        /// What the archive's reader reported.
        reason: String,
    },
    /// A prepared set does not have the form this version writes.
    #[error("{}: not a usable prepared set ({reason}): prepare it again", path.display())]
    InvalidPreparedSet {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A prepared set was made with other settings than those asked for.
    #[error(
        "the prepared set holds {found_size_px}x{found_size_px} images framed {found_framing}, \
         asked for {size_px}x{size_px} framed {framing}: prepare it again with these settings"
    )]
    PreparedDifferently {
        /// Framing of the set.
        found_framing: Framing,
        /// Size of the set's images.
        found_size_px: usize,
        /// Framing asked for.
        framing: Framing,
        /// Size asked for.
        size_px: usize,
    },
    /// A source has no images of a class that was asked for.
    #[error("{source_name}: no class `{class}`: its classes are {known}")]
    UnknownClass {
        /// Where the images come from.
        source_name: String,
        /// The class that was asked for.
        class: String,
        /// The classes of the source, separated by commas.
        known: String,
    },
    /// The parts that a publisher defines are not known for a source.
    #[error(
        "{source_name}: the publisher's parts are not known: put its lists beside it \
         (list_eval_partition.txt, annotations.tar.gz or labels/), or use train and validation"
    )]
    NoPartition {
        /// Where the images come from.
        source_name: String,
    },
    /// A list of a publisher's parts could not be understood.
    #[error("{name}, line {line}: not a list of parts ({reason}): get it from its publisher again")]
    InvalidPartition {
        /// The list.
        name: String,
        /// The line at fault, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Too few images are left to work with.
    #[error("{source_name}: at least {needed} images are needed, found {found}: {remedy}")]
    TooFewImages {
        /// Where the images come from.
        source_name: String,
        /// How many are needed.
        needed: usize,
        /// How many there are.
        found: usize,
        /// What to do about it.
        remedy: &'static str,
    },
    /// More images are unreadable than tolerated.
    #[error(
        "{source_name}: {unreadable} of {total} images are unreadable, more than the tolerated \
         share of {tolerated_share}; first: {first}: repair or remove them, or tolerate more"
    )]
    TooManyUnreadable {
        /// Where the images come from.
        source_name: String,
        /// How many could not be read.
        unreadable: usize,
        /// How many there are in all.
        total: usize,
        /// The share that is tolerated, in `[0, 1]`.
        tolerated_share: f64,
        /// The first unreadable images and the reasons.
        first: String,
    },
    /// A set has fewer images than one batch.
    #[error(
        "a batch of {batch_size} needs as many images, the set has {count}: use a smaller batch"
    )]
    SetSmallerThanBatch {
        /// Images in one batch.
        batch_size: usize,
        /// Images in the set.
        count: usize,
    },
    /// An index lies outside the set.
    #[error("index {index} lies outside a set of {count} images: use 0 to count - 1")]
    IndexOutside {
        /// The index.
        index: usize,
        /// Images in the set.
        count: usize,
    },
    /// A data set manifest could not be understood.
    #[error("{name}: not a valid data set manifest ({reason}): correct the file")]
    InvalidManifest {
        /// The manifest.
        name: String,
        /// What the parser reported.
        reason: String,
    },
    /// An archive is not one of the data set that was asked for.
    #[error(
        "{source_name}: not an archive of {dataset}, whose images lie in {expected} (found {found}): \
         name the data set of this archive, or leave the name out"
    )]
    WrongArchive {
        /// The archive.
        source_name: String,
        /// The data set that was asked for.
        dataset: String,
        /// The folder of the data set's images.
        expected: String,
        /// An image of the archive.
        found: String,
    },
    /// A source does not hold as many images as its data set should.
    #[error(
        "{source_name}: {expected} images expected, {found} found: the download may be incomplete \
         or a re-upload; get the archive from its publisher"
    )]
    UnexpectedCount {
        /// The archive.
        source_name: String,
        /// Images that the manifest lists.
        expected: usize,
        /// Images in the archive.
        found: usize,
    },
    /// A file cannot be downloaded by a program.
    #[error("{file}: its publisher offers no direct download: get it from the data set's page")]
    NoDownload {
        /// The file.
        file: String,
    },
    /// A server does not give a file.
    #[error("{url}: not given by the server ({reason}): see the data set's page, or try later")]
    Refused {
        /// The address.
        url: String,
        /// What the server did instead.
        reason: String,
    },
    /// A transfer ended before the file was complete.
    #[error("{url}: interrupted after {num_bytes} bytes ({reason}): start it again to go on")]
    Interrupted {
        /// The address.
        url: String,
        /// Bytes that are on the disk.
        num_bytes: u64,
        /// What went wrong.
        reason: String,
    },
    /// A file is not the one that a manifest describes.
    #[error("{}: the {what} is {got}, not {expected}: delete it and download it again", path.display())]
    WrongFile {
        /// The file.
        path: PathBuf,
        /// What differs, for example `SHA-256`.
        what: &'static str,
        /// What the manifest says.
        expected: String,
        /// What was found.
        got: String,
    },
    /// Another program writes to the same file.
    #[error("{}: another program is downloading it: wait until it is done", path.display())]
    Busy {
        /// The incomplete file.
        path: PathBuf,
    },
    /// A tensor operation failed.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
}

impl Error {
    /// The fault of reading `path`: not there, or there and unreadable.
    pub(crate) fn reading(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::NotFound => Self::NotFound { path },
            _ => Self::Unreadable { path, source },
        }
    }

    /// The fault of writing `path`.
    pub(crate) fn writing(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_path_buf();
        Self::Unwritable { path, source }
    }
}
