mod change;
mod kernel;
mod reference;

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp1, Layout, Result as CandleResult, Shape, Tensor, WithDType,
};
use rayon::prelude::*;

pub use change::{ColorChange, Cutout, ImageChange, Move};

use super::float::{dense, for_float, runs_on_cpu_kernels, zeros};
use crate::{Error, Result};
use kernel::Planes;

/// Every image changed as its own [`ImageChange`] says: first its colors, then its place, then the
/// rectangle that is cut out of it. The gradient flows through all of it.
///
/// **Shapes** `[N, C, H, W]` to the same, N changes.
///
/// # Errors
///
/// [`Error::ShapeMismatch`] when there are more or fewer changes than images; a candle error when the
/// tensor has another number of dimensions.
///
/// ```
/// use semantic_inpaint_tensor::ops::{ImageChange, Move, change_images};
/// use semantic_inpaint_tensor::{Device, Tensor};
/// # fn main() -> semantic_inpaint_tensor::Result<()> {
/// let image = Tensor::new(&[[[[1.0f32, 2.0], [3.0, 4.0]]]], &Device::Cpu)?;
/// let to_the_right = ImageChange { moved: Move { rows: 0, cols: 1 }, ..ImageChange::NONE };
/// let moved: Vec<f32> = change_images(&image, &[to_the_right])?.flatten_all()?.to_vec1()?;
/// assert_eq!(moved, [0.0, 1.0, 0.0, 3.0]);
/// # Ok(())
/// # }
/// ```
pub fn change_images(images: &Tensor, changes: &[ImageChange]) -> Result<Tensor> {
    let (count, ..) = images.dims4()?;
    if count != changes.len() {
        return Err(Error::ShapeMismatch {
            what: "images to change",
            expected: format!("[{}, C, H, W]", changes.len()),
            got: images.dims().to_vec(),
        });
    }
    if !runs_on_cpu_kernels(images) {
        return reference::change_images(images, changes);
    }
    let op = Operation {
        changes: changes.to_vec(),
        way: Way::Forth,
    };
    Ok(images.contiguous()?.apply_op1(op)?)
}

#[derive(Debug, Clone, Copy)]
enum Way {
    /// The change.
    Forth,
    /// Its gradient: the transpose of its linear part.
    Back,
}

struct Operation {
    changes: Vec<ImageChange>,
    way: Way,
}

impl CustomOp1 for Operation {
    fn name(&self) -> &'static str {
        "semantic-inpaint-image-change"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let (_, channels, height, width) = layout.shape().dims4()?;
        let image_len = channels * height * width;
        for_float!(x.dtype(), T => {
            let x = dense::<T>(x, layout)?;
            let mut y = zeros::<T>(x.len());
            if image_len > 0 {
                y.par_chunks_mut(image_len)
                    .zip(x.par_chunks(image_len))
                    .zip(&self.changes)
                    .for_each(|((y, x), change)| {
                        let planes = Planes::new(change, channels, height, width);
                        match self.way {
                            Way::Forth => planes.change(x, y),
                            Way::Back => planes.gradient(x, y),
                        }
                    });
            }
            Ok((T::to_cpu_storage_owned(y), layout.shape().clone()))
        })
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> CandleResult<Option<Tensor>> {
        let back = Self {
            changes: self.changes.clone(),
            way: Way::Back,
        };
        gradient.contiguous()?.apply_op1_no_bwd(&back).map(Some)
    }
}

#[cfg(test)]
mod tests;
