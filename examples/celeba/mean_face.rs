use anyhow::Result;
use semantic_inpaint_data::ImageSet;
use semantic_inpaint_tensor::{Device, ImageBatch};

const CHUNK: usize = 256;

/// The mean of all images of the set, `[1, 3, H, W]`. No image that is measured belongs to it.
pub(crate) fn mean_face(set: &ImageSet) -> Result<ImageBatch> {
    let mut sums = vec![0.0_f64; set.shape().num_values()];
    let indices: Vec<usize> = (0..set.count()).collect();
    for chunk in indices.chunks(CHUNK) {
        let values = set.batch(chunk, &Device::Cpu)?.to_values()?;
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
