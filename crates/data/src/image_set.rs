use std::sync::Arc;

use rayon::prelude::*;
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
use serde::{Deserialize, Serialize};

use crate::class_name::are_of_classes;
use crate::encode::write_planes;
use crate::{Error, Framing, Photo, Result, Split};

/// An image that was passed over because it could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnreadableImage {
    /// Its name within the source.
    pub name: String,
    /// Why it could not be read.
    pub reason: String,
}

/// How a set of images was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRecord {
    /// Name of the folder or archive, without the folders above it.
    pub source: String,
    /// How each picture became square.
    pub framing: Framing,
    /// Height and width of the images in pixels.
    pub size_px: usize,
    /// The part of the source that was used.
    pub split: Split,
    /// What a published part was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The classes that were chosen; empty is all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// How many pictures, first by name, were taken from that part; `None` is all.
    pub limit: Option<usize>,
    /// Pictures in the source, before classes, split and limit.
    pub num_found: usize,
    /// Pictures that were passed over.
    pub unreadable: Vec<UnreadableImage>,
}

/// Square RGB images of one size in memory, with their names and the record of how they were made.
///
/// **Shape** `[N, H, W, 3]`, 8 bits per channel, sorted by name unless selected otherwise. Of each
/// picture there are [`Framing::num_views`] images; where that is more than one, `#` and the view's
/// number follow the picture's name. Cloning shares the pixels. Read one with [`ImageSet::read`] or
/// [`ImageSet::load`].
///
/// ```
/// use semantic_inpaint_data::{Framing, ImageSet, Photo};
/// use semantic_inpaint_tensor::Device;
///
/// # fn main() -> semantic_inpaint_data::Result<()> {
/// let photos = (0..5).map(|i| (format!("{i}.png"), Photo::filled(20, 30, [i * 50, 0, 0])));
/// let set = ImageSet::from_photos("drawn", Framing::CenterCrop, 8, photos.collect())?;
/// let batch = set.batch(&[4, 0], &Device::Cpu)?;
/// assert_eq!(batch.tensor().dims(), [2, 3, 8, 8]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ImageSet {
    pixels: Arc<Vec<u8>>,
    names: Arc<Vec<String>>,
    record: Arc<SetRecord>,
}

impl ImageSet {
    /// A set of named pictures, framed to `size_px` x `size_px`, in the order given.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewImages`] without pictures, else those of [`Framing::apply`].
    pub fn from_photos(
        source: &str,
        framing: Framing,
        size_px: usize,
        photos: Vec<(String, Photo)>,
    ) -> Result<Self> {
        let record = SetRecord {
            source: source.into(),
            framing,
            size_px,
            split: Split::All,
            partition: None,
            classes: Vec::new(),
            limit: None,
            num_found: photos.len(),
            unreadable: Vec::new(),
        };
        let mut pixels = Vec::new();
        let mut names = Vec::with_capacity(photos.len());
        for (name, photo) in photos {
            for view in framing.views(&photo, &name, size_px)? {
                pixels.extend_from_slice(view.rgb());
            }
            names.extend(view_names(&name, framing));
        }
        Self::from_parts(pixels, names, record)
    }

    pub(crate) fn from_parts(
        pixels: Vec<u8>,
        names: Vec<String>,
        record: SetRecord,
    ) -> Result<Self> {
        let source_name = record.source.clone();
        if names.is_empty() {
            let remedy = "choose another source, split or limit";
            return Err(Error::TooFewImages {
                source_name,
                needed: 1,
                found: 0,
                remedy,
            });
        }
        let expected = names.len() * bytes_per_image(record.size_px);
        if pixels.len() != expected {
            return Err(Error::LengthMismatch {
                what: "pixels",
                height: record.size_px,
                width: record.size_px,
                expected,
                got: pixels.len(),
            });
        }
        Ok(Self {
            pixels: Arc::new(pixels),
            names: Arc::new(names),
            record: Arc::new(record),
        })
    }

    /// Number of images, N; never 0.
    #[must_use]
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// Height and width of each image in pixels.
    #[must_use]
    pub fn size_px(&self) -> usize {
        self.record.size_px
    }

    /// Shape of one image as it appears in batches.
    #[must_use]
    pub fn shape(&self) -> ImageShape {
        ImageShape::square_rgb(self.record.size_px)
    }

    /// The images' names within their source, in the order of the images.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How the set was made.
    #[must_use]
    pub fn record(&self) -> &SetRecord {
        &self.record
    }

    /// All pixels, `[N, H, W, 3]`.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The mean color over all pixels of all images: red, green and blue in `[-1, 1]`.
    #[must_use]
    pub fn mean_color(&self) -> [f32; 3] {
        let mut sums = [0u64; 3];
        for pixel in self.pixels.chunks_exact(3) {
            for (sum, &level) in sums.iter_mut().zip(pixel) {
                *sum += u64::from(level);
            }
        }
        let count = (self.pixels.len() / 3) as f64;
        sums.map(|sum| (sum as f64 / count / 127.5 - 1.0) as f32)
    }

    /// The pixels of one image, `[H, W, 3]`.
    ///
    /// # Errors
    ///
    /// [`Error::IndexOutside`].
    pub fn image(&self, index: usize) -> Result<&[u8]> {
        let len = bytes_per_image(self.record.size_px);
        let range = index
            .checked_mul(len)
            .map(|start| start..start.saturating_add(len));
        let outside = Error::IndexOutside {
            index,
            count: self.count(),
        };
        range
            .and_then(|range| self.pixels.get(range))
            .ok_or(outside)
    }

    /// One image as a picture.
    ///
    /// # Errors
    ///
    /// [`Error::IndexOutside`].
    pub fn photo(&self, index: usize) -> Result<Photo> {
        Photo::from_rgb(self.size_px(), self.size_px(), self.image(index)?.to_vec())
    }

    /// The images at these indices as a batch `[N, 3, H, W]`, f32 in `[-1, 1]`. Indices may repeat.
    ///
    /// # Errors
    ///
    /// [`Error::IndexOutside`], [`Error::TooFewImages`] without indices, [`Error::Tensor`] when the
    /// device fails.
    pub fn batch(&self, indices: &[usize], device: &Device) -> Result<ImageBatch> {
        self.check_indices(indices)?;
        let shape = self.shape();
        let mut values = vec![0.0; indices.len() * shape.num_values()];
        let images = values.par_chunks_mut(shape.num_values()).zip(indices);
        images.try_for_each(|(values, &index)| {
            write_planes(self.image(index)?, values, shape.num_pixels());
            Ok::<_, Error>(())
        })?;
        Ok(ImageBatch::from_values(values, shape, device)?)
    }

    /// The set of the images at these indices, in this order.
    ///
    /// # Errors
    ///
    /// [`Error::IndexOutside`], [`Error::TooFewImages`] without indices.
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        self.select_with_record(indices, self.record().clone())
    }

    /// The set of the first `count` pictures with all their views; the whole set when it has no more.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewImages`] when `count` is 0.
    pub fn first(&self, count: usize) -> Result<Self> {
        let num_images = count.saturating_mul(self.record.framing.num_views());
        if num_images >= self.count() {
            return Ok(self.clone());
        }
        let record = SetRecord {
            limit: Some(count),
            ..self.record().clone()
        };
        self.select_with_record(&(0..num_images).collect::<Vec<_>>(), record)
    }

    /// The set of the images that belong to a part, by their names. A published part of a set that is
    /// not that part already takes its source to be read again ([`ReadOptions`](crate::ReadOptions)).
    ///
    /// # Errors
    ///
    /// [`Error::TooFewImages`] when no image belongs to it, as when the set was made of the other
    /// part; [`Error::NoPartition`] for a published part.
    pub fn split(&self, split: Split) -> Result<Self> {
        if split == Split::All || split == self.record.split {
            return Ok(self.clone());
        }
        if split.is_published() {
            let source_name = self.record.source.clone();
            return Err(Error::NoPartition { source_name });
        }
        let indices: Vec<usize> = (0..self.count())
            .filter(|&index| split.contains(&self.names[index]) == Some(true))
            .collect();
        let record = SetRecord {
            split,
            ..self.record().clone()
        };
        self.select_with_record(&indices, record)
    }

    /// The set of the images of some classes, named without regard to ASCII case; see
    /// [`classes_of`](crate::classes_of).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownClass`]; [`Error::TooFewImages`] without classes.
    pub fn of_classes(&self, classes: &[String]) -> Result<Self> {
        let chosen = are_of_classes(&self.names, classes, &self.record.source)?;
        let indices: Vec<usize> = (0..self.count()).filter(|&index| chosen[index]).collect();
        let record = SetRecord {
            classes: classes.to_vec(),
            ..self.record().clone()
        };
        self.select_with_record(&indices, record)
    }

    fn select_with_record(&self, indices: &[usize], record: SetRecord) -> Result<Self> {
        self.check_indices(indices)?;
        if indices.len() == self.count() && indices.iter().copied().eq(0..self.count()) {
            return Ok(Self {
                record: Arc::new(record),
                ..self.clone()
            });
        }
        let mut pixels = Vec::with_capacity(indices.len() * bytes_per_image(self.size_px()));
        for &index in indices {
            pixels.extend_from_slice(self.image(index)?);
        }
        let names = indices
            .iter()
            .map(|&index| self.names[index].clone())
            .collect();
        Self::from_parts(pixels, names, record)
    }

    fn check_indices(&self, indices: &[usize]) -> Result<()> {
        if indices.is_empty() {
            return Err(Error::TooFewImages {
                source_name: self.record.source.clone(),
                needed: 1,
                found: 0,
                remedy: "choose another split, limit or selection",
            });
        }
        match indices.iter().find(|&&index| index >= self.count()) {
            Some(&index) => Err(Error::IndexOutside {
                index,
                count: self.count(),
            }),
            None => Ok(()),
        }
    }
}

/// The names of all images that a set holds of a picture.
pub(crate) fn view_names(name: &str, framing: Framing) -> Vec<String> {
    let count = framing.num_views();
    if count == 1 {
        return vec![name.to_owned()];
    }
    let width = (count - 1).to_string().len();
    (0..count)
        .map(|view| format!("{name}#{view:0width$}"))
        .collect()
}

pub(crate) fn bytes_per_image(size_px: usize) -> usize {
    size_px.saturating_mul(size_px).saturating_mul(3)
}
