use std::fmt;
use std::str::FromStr;

use semantic_inpaint_mask::{Mask, MaskShape};
use semantic_inpaint_tensor::{ImageBatch, Result as TensorResult, Rng, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Sides that a patch can have: those that a discriminator judges.
const PATCH_SIDES_PX: [usize; 3] = [32, 64, 128];

/// The part of an image that a network predicts. Its text form is `whole` or `patch:SIDE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Output {
    /// All of it, for holes of any place and shape.
    #[default]
    Whole,
    /// A centered square, for a centered hole: the decoder has a layer less for every halving.
    Patch {
        /// Its side in pixels: 32, 64 or 128, at most the image's.
        size_px: usize,
    },
}

impl Output {
    /// The smallest patch that covers the holes of all these shapes with `overlap_px` known pixels
    /// around them; the whole image where a shape is placed at random or no smaller patch does.
    ///
    /// ```
    /// use semantic_inpaint_context_encoder::Output;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let output = Output::covering(&["square:20".parse()?], 4, 64)?;
    /// assert_eq!(output, Output::Patch { size_px: 32 });
    /// assert_eq!(Output::covering(&["pixels:0.8".parse()?], 4, 64)?, Output::Whole);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Mask`] when a shape does not fit the image.
    pub fn covering(shapes: &[MaskShape], overlap_px: usize, image_size_px: usize) -> Result<Self> {
        if !shapes.iter().all(|shape| is_centered(*shape)) {
            return Ok(Self::Whole);
        }
        let mut needed = 0;
        for shape in shapes {
            let mask = shape.build(image_size_px, image_size_px, &mut Rng::from_seed(0))?;
            needed = needed.max(centered_side(&mask, 0) + 2 * overlap_px);
        }
        let side = PATCH_SIDES_PX.into_iter().find(|side| *side >= needed);
        Ok(match side {
            Some(size_px) if size_px < image_size_px => Self::Patch { size_px },
            _ => Self::Whole,
        })
    }

    /// Its side in pixels, of an image of this side.
    #[must_use]
    pub fn size_px(self, image_size_px: usize) -> usize {
        match self {
            Self::Whole => image_size_px,
            Self::Patch { size_px } => size_px,
        }
    }

    pub(crate) fn validate(self, image_size_px: usize) -> Result<()> {
        match self {
            Self::Patch { size_px }
                if !PATCH_SIDES_PX.contains(&size_px) || size_px > image_size_px =>
            {
                let expected = "32, 64 or 128 px, at most the image's size";
                Err(Error::setting(
                    "side of the patch",
                    expected,
                    size_px.to_string(),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Succeeds when networks of this output can be trained on these holes.
    pub(crate) fn check_shapes(self, shapes: &[MaskShape]) -> Result<()> {
        match shapes.iter().find(|shape| !is_centered(**shape)) {
            Some(shape) if self != Self::Whole => {
                let expected = "a centered square or circle where a patch is predicted (use whole \
                                output for others)";
                Err(Error::setting(
                    "training mask",
                    expected,
                    format!("`{shape}`"),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Succeeds when no hole reaches beyond it.
    pub(crate) fn check_holes(self, mask: &Mask) -> Result<()> {
        let Self::Patch { size_px: patch_px } = self else {
            return Ok(());
        };
        let is_outside = |index: &usize| centered_side(mask, *index) > patch_px;
        match (0..mask.count()).find(is_outside) {
            Some(index) => Err(Error::HoleOutsidePatch { index, patch_px }),
            None => Ok(()),
        }
    }

    /// This part of maps `[N, C, H, W]` of square images.
    pub(crate) fn crop(self, maps: &Tensor) -> TensorResult<Tensor> {
        let image_size_px = maps.dim(3)?;
        let size_px = self.size_px(image_size_px);
        if size_px == image_size_px {
            return Ok(maps.clone());
        }
        let start = (image_size_px - size_px) / 2;
        let rows = maps.narrow(2, start, size_px)?;
        Ok(rows.narrow(3, start, size_px)?.contiguous()?)
    }

    /// The part in its place within whole images of this side, 0 around it.
    pub(crate) fn embed(self, part: &ImageBatch, image_size_px: usize) -> TensorResult<ImageBatch> {
        let (size_px, mut whole) = (part.shape().width, part.tensor().clone());
        if size_px < image_size_px {
            let before = (image_size_px - size_px) / 2;
            let after = image_size_px - size_px - before;
            for axis in [2, 3] {
                whole = whole.pad_with_zeros(axis, before, after)?;
            }
        }
        ImageBatch::new(whole)
    }
}

/// Whether the hole is in the middle, always.
fn is_centered(shape: MaskShape) -> bool {
    matches!(shape, MaskShape::Square { .. } | MaskShape::Circle { .. })
}

/// Side of the smallest centered square that covers a hole, of the parity of the image's.
fn centered_side(mask: &Mask, index: usize) -> usize {
    let size_px = mask.height().max(mask.width());
    let known = mask.known(index);
    let distances = known.indexed_iter().filter_map(|((row, col), is_known)| {
        // Twice the distance of the pixel's outer edge from the middle.
        let reach = |position: usize| (2 * position + 1).abs_diff(size_px) + 1;
        (!is_known).then(|| reach(row).max(reach(col)))
    });
    distances.max().unwrap_or(0)
}

impl fmt::Display for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => formatter.write_str("whole"),
            Self::Patch { size_px } => write!(formatter, "patch:{size_px}"),
        }
    }
}

impl FromStr for Output {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let size_px = text.strip_prefix("patch:").map(str::parse);
        match (text, size_px) {
            ("whole", _) => Ok(Self::Whole),
            (_, Some(Ok(size_px))) => Ok(Self::Patch { size_px }),
            _ => Err(Error::setting(
                "output",
                "whole or patch:SIDE",
                format!("`{text}`"),
            )),
        }
    }
}

impl TryFrom<String> for Output {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Output> for String {
    fn from(output: Output) -> Self {
        output.to_string()
    }
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_tensor::Device;

    use super::*;

    fn shapes(texts: &[&str]) -> Vec<MaskShape> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_smallest_patch_that_covers_hole_and_overlap_is_found() {
        for (texts, overlap_px, image_size_px, want) in [
            (&["square:20"][..], 4, 64, "patch:32"),
            (&["square:24"], 4, 64, "patch:32"),
            (&["square:25"], 4, 64, "whole"),
            (&["square:25"], 4, 128, "patch:64"),
            (&["circle:20", "square:10"], 6, 64, "patch:32"),
            (&["circle:20", "half:left"], 4, 64, "whole"),
            (&["square:20"], 4, 32, "whole"),
        ] {
            let output = Output::covering(&shapes(texts), overlap_px, image_size_px).unwrap();
            assert_eq!(output, want.parse().unwrap(), "{texts:?}");
            assert_eq!(output.to_string(), want);
        }
        assert!(Output::covering(&shapes(&["square:70"]), 4, 64).is_err());
    }

    #[test]
    fn holes_beyond_the_patch_are_named() {
        let patch = Output::Patch { size_px: 32 };
        let build = |text: &str| {
            let mask = shapes(&[text])[0].build(64, 64, &mut Rng::from_seed(1));
            mask.unwrap()
        };
        let masks = Mask::stack(&[build("square:32"), build("square:34")]).unwrap();
        patch.check_holes(&masks.narrow(0, 1).unwrap()).unwrap();
        let error = patch.check_holes(&masks).unwrap_err();
        assert!(matches!(
            error,
            Error::HoleOutsidePatch {
                index: 1,
                patch_px: 32
            }
        ));
        Output::Whole.check_holes(&masks).unwrap();
        patch.check_shapes(&shapes(&["square:20"])).unwrap();
        let message = patch
            .check_shapes(&shapes(&["strokes"]))
            .unwrap_err()
            .to_string();
        assert!(message.contains("`strokes`"), "{message}");
    }

    #[test]
    fn a_part_goes_back_to_where_it_was_cut_out() {
        let mut rng = Rng::from_seed(1);
        let images = rng
            .uniform(-1.0, 1.0, (2, 3, 64, 64), &Device::Cpu)
            .unwrap();
        let output = Output::Patch { size_px: 32 };
        let part = ImageBatch::new(output.crop(&images).unwrap()).unwrap();
        let whole = output.embed(&part, 64).unwrap();
        let difference = (whole.tensor() - &images).unwrap();
        let around: f32 = difference
            .abs()
            .unwrap()
            .sum_all()
            .unwrap()
            .to_scalar()
            .unwrap();
        let inside = output.crop(&difference).unwrap().abs().unwrap();
        assert_eq!(inside.sum_all().unwrap().to_scalar::<f32>().unwrap(), 0.0);
        assert!(around > 100.0);
    }
}
