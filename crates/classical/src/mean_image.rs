use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_tensor::{ImageBatch, ImageShape};

use crate::picture::complete;
use crate::training_set::{TrainingSet, check_length, check_shape};
use crate::{Error, Result};

/// Fills holes from the mean of training images: what aligned pictures have in common.
///
/// **Equation** `x = known ? y : (1/N) sum of the N training images`, pixel by pixel, in f64.
///
/// The floor of every learned method on aligned data such as faces: whoever is below has learned nothing
/// about the hole.
///
/// **Shapes** `[N, C, H, W]` in and out, C, H and W as those of the training images.
///
/// # Errors
///
/// [`Error::TrainingShape`] when the corrupted images are of another shape; [`Error::NotFinite`] when a
/// known value is infinite or NaN; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_classical::MeanImage;
/// use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 1, width: 2 };
/// let training = ImageBatch::from_values(vec![0.0, 0.5, 1.0, 0.0], shape, &Device::Cpu)?;
/// let truth = ImageBatch::from_values(vec![-1.0, -1.0], shape, &Device::Cpu)?;
/// let mask = Mask::from_missing(1, 2, |_, col| col == 1)?;
/// let completed = MeanImage::new(&training)?.inpaint(&CorruptedImages::new(&truth, &mask)?)?;
/// assert_eq!(completed.to_values()?, [-1.0, 0.25]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MeanImage {
    shape: ImageShape,
    mean: Vec<f32>,
}

impl MeanImage {
    /// The inpainter of these training images.
    ///
    /// # Errors
    ///
    /// [`Error::TrainingNotFinite`] when a training image holds an infinite or NaN value; a tensor error
    /// when the device fails.
    pub fn new(training: &ImageBatch) -> Result<Self> {
        let training = TrainingSet::new(training)?;
        let mut sums = vec![0.0_f64; training.shape.num_values()];
        for index in 0..training.count() {
            for (sum, value) in sums.iter_mut().zip(training.planes(index)) {
                *sum += f64::from(value);
            }
        }
        let count = training.count() as f64;
        Ok(Self {
            shape: training.shape,
            mean: sums.into_iter().map(|sum| (sum / count) as f32).collect(),
        })
    }

    /// The inpainter of training images of 8 bits, `[N, H, W, C]`, which are read where they are. Level L
    /// is the value L / 127.5 - 1.
    ///
    /// # Errors
    ///
    /// A tensor error when `levels` are not those of one or more images of this shape.
    pub fn from_levels(levels: &[u8], shape: ImageShape) -> Result<Self> {
        check_length(shape, levels)?;
        let mut sums = vec![0_u64; shape.num_values()];
        for image in levels.chunks_exact(sums.len()) {
            for (sum, &level) in sums.iter_mut().zip(image) {
                *sum += u64::from(level);
            }
        }
        let count = (levels.len() / sums.len()) as f64;
        let of_channel = |channel: usize| sums.iter().skip(channel).step_by(shape.channels);
        let mean = (0..shape.channels).flat_map(of_channel);
        let mean = mean.map(|&sum| (sum as f64 / count / 127.5 - 1.0) as f32);
        Ok(Self {
            shape,
            mean: mean.collect(),
        })
    }
}

impl Inpainter for MeanImage {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        check_shape(self.shape, corrupted.images().shape())?;
        complete(corrupted, |_| Ok(()), |(), _| Ok(self.mean.clone()))
    }

    fn name(&self) -> String {
        "mean-image".into()
    }
}
