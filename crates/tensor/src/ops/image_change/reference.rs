use candle_core::Tensor;

use super::change::{Factors, ImageChange};
use crate::Result;

/// The same by operations of the graph, for tensors that are not in the processor's memory.
pub(super) fn change_images(images: &Tensor, changes: &[ImageChange]) -> Result<Tensor> {
    let any = |differs: fn(&ImageChange) -> bool| changes.iter().any(differs);
    let mut changed = images.clone();
    if any(|change| change.color != ImageChange::NONE.color) {
        changed = color(&changed, changes)?;
    }
    if any(|change| {
        (change.moved, change.cutout) != (ImageChange::NONE.moved, ImageChange::NONE.cutout)
    }) {
        changed = rearrange(&changed, changes)?;
    }
    Ok(changed)
}

fn color(images: &Tensor, changes: &[ImageChange]) -> Result<Tensor> {
    let factor = |of: fn(Factors) -> f64| -> Result<Tensor> {
        let values: Vec<f64> = changes
            .iter()
            .map(|change| of(change.color.factors()))
            .collect();
        let tensor = Tensor::from_vec(values, (changes.len(), 1, 1, 1), images.device())?;
        Ok(tensor.to_dtype(images.dtype())?)
    };
    // [N, 1, H, W], then [N, 1, 1, 1]
    let pixels = images.mean_keepdim(1)?;
    let mean = pixels.mean_keepdim((2, 3))?;
    let shift = (mean * factor(|factors| factors.of_mean)?)?;
    let shift = shift.add(&factor(|factors| factors.brightness)?)?;
    let pixels = pixels.broadcast_mul(&factor(|factors| factors.of_pixel)?)?;
    let values = images.broadcast_mul(&factor(|factors| factors.of_value)?)?;
    Ok(values.broadcast_add(&pixels.broadcast_add(&shift)?)?)
}

/// Every pixel from where it was before the move, or 0.
fn rearrange(images: &Tensor, changes: &[ImageChange]) -> Result<Tensor> {
    let (count, channels, height, width) = images.dims4()?;
    let pixels = height * width;
    let mut sources = vec![pixels as u32; count * pixels];
    for (change, sources) in changes.iter().zip(sources.chunks_exact_mut(pixels)) {
        for run in change.runs(height, width) {
            for place in 0..run.len {
                sources[run.to + place] = (run.from + place) as u32;
            }
        }
    }
    let sources = Tensor::from_vec(sources, (count, 1, pixels), images.device())?
        .broadcast_as((count, channels, pixels))?
        .contiguous()?;
    // One pixel of 0 behind each plane is the source of what is not there.
    let zero = Tensor::zeros((count, channels, 1), images.dtype(), images.device())?;
    let planes = Tensor::cat(&[&images.flatten_from(2)?, &zero], 2)?;
    Ok(planes.gather(&sources, 2)?.reshape(images.shape())?)
}
