use semantic_inpaint_data::ImageSet;
use semantic_inpaint_tensor::{Device, ImageBatch};

use crate::Result;

const BATCH_LEN: usize = 256;

/// The mean of all images of a set, `[1, 3, H, W]`: the best fill of a hole that does not look at what is
/// round it.
///
/// # Errors
///
/// A fault of memory, as the set never is empty.
pub fn mean_image(set: &ImageSet) -> Result<ImageBatch> {
    let mut sums = vec![0.0_f64; set.shape().num_values()];
    let indices: Vec<usize> = (0..set.count()).collect();
    for indices in indices.chunks(BATCH_LEN) {
        let values = set.batch(indices, &Device::Cpu)?.to_values()?;
        for image in values.chunks_exact(sums.len()) {
            for (sum, value) in sums.iter_mut().zip(image) {
                *sum += f64::from(*value);
            }
        }
    }
    let mean = |sum: &f64| (sum / set.count() as f64) as f32;
    let values = sums.iter().map(mean).collect();
    Ok(ImageBatch::from_values(values, set.shape(), &Device::Cpu)?)
}
