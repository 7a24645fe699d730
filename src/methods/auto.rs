use std::fmt;

use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_tensor::ImageBatch;

use super::{Method, MethodCompletion, MethodContext, MethodName};
use crate::{Result, SearchCalibration};

/// What [`MethodName::Auto`] gives a hole to, and why.
///
/// The mean depth of the hole decides ([`Mask::depth_px`]), in pixels of the model's images: known surroundings
/// say nearly all of a hole that is hardly deep, however many pixels it has, and little of a deep one's middle.
///
/// ```
/// use semantic_inpaint::{Choice, MethodName};
///
/// let choice = Choice { method: MethodName::Latent, depth_px: 3.3, size_px: 64 };
/// assert!(choice.to_string().starts_with("hole 3.3 px deep at 64 px, more than"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The method.
    pub method: MethodName,
    /// The hole's mean depth in pixels of the model's images.
    pub depth_px: f64,
    /// Height and width of the model's images in pixels.
    pub size_px: usize,
}

impl Choice {
    /// The largest mean depth of a shallow hole, in pixels of the model's images. Measured on 64x64 faces: of
    /// squares of 4, 6 and 8 pixels, 0.75, 1.06 and 1.38 deep, the biharmonic fill is nearer in the first two, the
    /// search in the third.
    pub const SHALLOW_PX: f64 = 1.2;
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = match self.depth_px <= Self::SHALLOW_PX {
            true => "at most",
            false => "more than",
        };
        write!(
            f,
            "hole {} px deep at {} px, {comparison} {}: {}",
            (self.depth_px * 100.0).round() / 100.0,
            self.size_px,
            Self::SHALLOW_PX,
            self.method,
        )
    }
}

/// Two methods, of which the hole decides.
#[derive(Clone)]
pub(super) struct Auto {
    /// For shallow holes.
    pub(super) fill: Box<Method>,
    /// For deep ones.
    pub(super) search: Box<Method>,
    /// Side of the model's images.
    pub(super) size_px: usize,
}

impl Auto {
    pub(super) fn build(context: &MethodContext<'_>) -> Result<Self> {
        let model = context.model(MethodName::Auto)?;
        Ok(Self {
            fill: Box::new(Method::build(MethodName::Biharmonic, context)?),
            search: Box::new(Method::build(MethodName::Latent, context)?),
            size_px: model.generator.config().image_size_px,
        })
    }

    /// The same with calibrations of its search.
    pub(super) fn with_calibrations(self, calibrations: &[SearchCalibration]) -> Self {
        Self {
            search: Box::new(self.search.with_calibrations(calibrations)),
            ..self
        }
    }

    /// The method for the hole of mask `index`, of which `scale` pixels are one of the model's images.
    pub(super) fn chosen(&self, mask: &Mask, index: usize, scale: f64) -> (&Method, Choice) {
        let depth_px = mask.depth_px(index) / scale;
        let method = match depth_px <= Choice::SHALLOW_PX {
            true => &*self.fill,
            false => &*self.search,
        };
        let choice = Choice {
            method: method.name(),
            depth_px,
            size_px: self.size_px,
        };
        (method, choice)
    }

    /// Each image completed by the method for its hole, those of one method together.
    pub(super) fn complete(
        &self,
        corrupted: &CorruptedImages,
        mut complete: impl FnMut(&Method, &CorruptedImages) -> Result<MethodCompletion>,
    ) -> Result<MethodCompletion> {
        let count = corrupted.count();
        let choose = |index| self.chosen(corrupted.mask(), index, 1.0).1;
        let choices: Vec<Choice> = (0..count).map(choose).collect();
        let mut images = vec![None; count];
        let (mut search, mut ranked) = (None, None);
        for method in [&self.fill, &self.search] {
            let is_own = |&index: &usize| choices[index].method == method.name();
            let own: Vec<usize> = (0..count).filter(is_own).collect();
            if own.is_empty() {
                continue;
            }
            let completion = complete(method, &part(corrupted, &own)?)?;
            for (place, &index) in own.iter().enumerate() {
                images[index] = Some(completion.completed.narrow(place, 1)?);
            }
            search = search.or(completion.search);
            ranked = ranked.or(completion.ranked);
        }
        let images: Vec<ImageBatch> = images.into_iter().flatten().collect();
        Ok(MethodCompletion {
            completed: ImageBatch::concatenate(&images)?,
            search,
            ranked,
            choices,
        })
    }

    /// Everything that results depend on, in one line.
    pub(super) fn settings(&self) -> String {
        format!(
            "holes up to {} px deep by {}; others by {}",
            Choice::SHALLOW_PX,
            self.fill.settings(),
            self.search.settings(),
        )
    }
}

/// The images at `indices`.
fn part(corrupted: &CorruptedImages, indices: &[usize]) -> Result<CorruptedImages> {
    let images = indices
        .iter()
        .map(|&index| corrupted.images().narrow(index, 1));
    let images = images.collect::<std::result::Result<Vec<_>, _>>()?;
    let mask = corrupted.mask().select(indices)?;
    Ok(CorruptedImages::new(
        &ImageBatch::concatenate(&images)?,
        &mask,
    )?)
}
