//! Image files, dataset archives and prepared sets as batches for semantic-inpaint.
//!
//! A [`Photo`] is one picture on the host, from a file ([`read_photo`], [`decode`]) and back
//! ([`Photo::save`]). An [`ImageSource`] is a place with many: a folder, an archive as its publisher
//! ships it, or a prepared set. [`ImageSet::read`] decodes a source, brings every picture to one size
//! by a [`Framing`], and keeps the result in memory with the record of how it was made;
//! [`ImageSet::save`] writes it to one file that loads in a moment, and a [`SetCache`] keeps such files
//! by content and settings. [`ShuffledBatches`] turns a set into training batches whose content depends
//! on seed and step alone.
//!
//! A [`Split`] is a part of a source, by a hash of the images' names or as its publisher defines it
//! ([`Partition`]); a [`Manifest`] says where a data set comes from and what it should hold.
//! [`ContactSheet`] and [`Animation`] show pictures to people. Two features add what is heavier:
//! `candle-datasets` candle's batcher over a set and MNIST as a set, `download` the download of a data
//! set's files, which is the only thing here that uses the network.
//!
//! # Invariants
//!
//! - The same files and options give the same bytes, on any machine and number of threads.
//! - 8-bit levels and values in `[-1, 1]` convert linearly and back without loss.
//! - A file that is written appears whole or not at all.
//! - An unreadable image is named with its reason; none is dropped in silence.
//!
//! # Example
//!
//! ```
//! use semantic_inpaint_data::{
//!     Flip, Framing, ImageSet, ImageSource, Photo, ReadOptions, ShuffledBatches,
//! };
//! use semantic_inpaint_tensor::Device;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! for level in 0..8 {
//!     Photo::filled(20, 30, [level * 30; 3]).save(folder.path().join(format!("{level}.png")))?;
//! }
//! let source = ImageSource::open(folder.path())?;
//! let set = ImageSet::read(&source, &ReadOptions::new(Framing::CenterCrop, 16), &|_| {})?;
//! let batches = ShuffledBatches::new(set, 4, 1, Flip::Horizontal)?;
//! assert_eq!(batches.batch(0, &Device::Cpu)?.tensor().dims(), [4, 3, 16, 16]);
//! # Ok(())
//! # }
//! ```

mod animation;
mod archive;
#[cfg(feature = "candle-datasets")]
mod candle_sets;
mod class_name;
mod contact_sheet;
mod crop_resize;
mod decode;
#[cfg(feature = "download")]
mod download;
mod encode;
mod error;
mod image_set;
mod image_source;
mod manifest;
mod partition;
mod photo;
mod prepared_set;
mod random_crops;
mod read_set;
mod set_cache;
mod sha256;
mod shuffled_batches;
mod split;

pub use animation::{Animation, Playback};
#[cfg(feature = "candle-datasets")]
pub use candle_sets::{CandlePart, candle_batches, image_set_from_candle, mnist_digits};
pub use class_name::classes_of;
pub use contact_sheet::ContactSheet;
pub use crop_resize::Framing;
pub use decode::{MAX_IMAGE_BYTES, MAX_SIDE_PX, RgbaPixels, decode, read_photo, read_rgba};
#[cfg(feature = "download")]
pub use download::{DownloadOptions, DownloadOutcome, DownloadProgress, Downloaded, download};
pub use encode::{
    batch_to_photos, encode_png, level_to_value, photos_to_batch, value_to_level, write_atomically,
};
pub use error::{Error, Result};
pub use image_set::{ImageSet, SetRecord, UnreadableImage};
pub use image_source::{ImageSource, SourceKind};
pub use manifest::{Manifest, ManifestFile, ManifestPart};
pub use partition::Partition;
pub use photo::{Photo, Region};
pub use random_crops::RandomCrops;
pub use read_set::{Progress, ReadOptions};
pub use set_cache::{CacheOutcome, CachedSet, SetCache};
pub use sha256::sha256_of_file;
pub use shuffled_batches::{Flip, ShuffledBatches};
pub use split::Split;
