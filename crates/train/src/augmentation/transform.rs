use semantic_inpaint_tensor::{Result, Tensor};

use super::draw::{Color, Draw};

impl Draw {
    /// The changed images, `[N, C, H, W]` to the same; the gradient flows through all of it.
    pub(super) fn apply(&self, images: &Tensor) -> Result<Tensor> {
        let mut changed = images.clone();
        if !self.colors.is_empty() {
            changed = color(&changed, &self.colors)?;
        }
        if !(self.moves.is_empty() && self.holes.is_empty()) {
            changed = self.rearrange(&changed)?;
        }
        Ok(changed)
    }

    /// Every pixel from where it was before the move, or 0 where nothing was or a hole is.
    fn rearrange(&self, images: &Tensor) -> Result<Tensor> {
        let (count, channels, height, width) = images.dims4()?;
        let (sources, pixels) = (self.sources(count, height, width), height * width);
        let sources = Tensor::from_vec(sources, (count, 1, pixels), images.device())?
            .broadcast_as((count, channels, pixels))?
            .contiguous()?;
        // One pixel of 0 behind each plane is the source of what is not there.
        let zero = Tensor::zeros((count, channels, 1), images.dtype(), images.device())?;
        let planes = Tensor::cat(&[&images.flatten_from(2)?, &zero], 2)?;
        Ok(planes.gather(&sources, 2)?.reshape(images.shape())?)
    }

    /// For each pixel of each image the index of its source in its plane, or H W.
    fn sources(&self, count: usize, height: usize, width: usize) -> Vec<u32> {
        let mut sources = Vec::with_capacity(count * height * width);
        for image in 0..count {
            let (moved, hole) = (self.moves.get(image), self.holes.get(image));
            let (down, right) = moved.map_or((0, 0), |moved| (moved.rows, moved.cols));
            for row in 0..height as isize {
                for col in 0..width as isize {
                    let (from_row, from_col) = (row - down, col - right);
                    let is_inside = (0..height as isize).contains(&from_row)
                        && (0..width as isize).contains(&from_col);
                    let is_cut = hole.is_some_and(|hole| hole.contains(row, col));
                    sources.push(if is_inside && !is_cut {
                        (from_row as usize * width + from_col as usize) as u32
                    } else {
                        (height * width) as u32
                    });
                }
            }
        }
        sources
    }
}

/// Brightness, then saturation, then contrast, put together: with p the pixel's mean and m the image's,
/// `c s x + c (1 - s) p + (1 - c) m + b`.
fn color(images: &Tensor, colors: &[Color]) -> Result<Tensor> {
    let factor = |of: fn(&Color) -> f64| -> Result<Tensor> {
        let values: Vec<f64> = colors.iter().map(of).collect();
        let tensor = Tensor::from_vec(values, (colors.len(), 1, 1, 1), images.device())?;
        Ok(tensor.to_dtype(images.dtype())?)
    };
    let of_images = factor(|color| color.contrast * color.saturation)?;
    let of_pixels = factor(|color| color.contrast * (1.0 - color.saturation))?;
    let of_mean = factor(|color| 1.0 - color.contrast)?;
    let brightness = factor(|color| color.brightness)?;
    // [N, 1, H, W], then [N, 1, 1, 1]
    let pixels = images.mean_keepdim(1)?;
    let mean = pixels.mean_keepdim((2, 3))?;
    let shift = (mean * of_mean)?.add(&brightness)?;
    let shift = pixels.broadcast_mul(&of_pixels)?.broadcast_add(&shift)?;
    Ok(images.broadcast_mul(&of_images)?.broadcast_add(&shift)?)
}
