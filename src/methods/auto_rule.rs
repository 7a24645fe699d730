use std::fmt;

use semantic_inpaint_mask::Mask;
use semantic_inpaint_pretrained::PretrainedModel;

use super::MethodName;

/// What [`MethodName::Auto`] gives a hole to: one method for shallow holes, one for deep ones.
///
/// The mean depth of the hole decides ([`Mask::depth_px`]), in pixels of the model's images: known surroundings
/// say nearly all of a hole that is hardly deep, however many pixels it has, and little of a deep one's middle.
/// Whether a search says more of the middle depends on the model, so each built-in model has a rule of its own.
///
/// ```
/// use semantic_inpaint::{AutoRule, MethodName, PretrainedModel};
///
/// let rule = AutoRule::of(PretrainedModel::CelebA);
/// assert_eq!(rule.method_for_depth(3.3), MethodName::Latent);
/// assert_eq!(rule.method_for_depth(0.7), MethodName::Biharmonic);
/// assert_eq!(AutoRule::of(PretrainedModel::Dtd).deep, MethodName::Harmonic);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AutoRule {
    /// The largest mean depth of a shallow hole, in pixels of the model's images.
    pub shallow_px: f64,
    /// The method for shallow holes.
    pub shallow: MethodName,
    /// The method for deeper ones.
    pub deep: MethodName,
}

impl AutoRule {
    /// The rule for a built-in model, as measured on images that it was not trained on.
    ///
    /// Faces: of squares of 4, 6 and 8 pixels, 0.75, 1.06 and 1.38 deep, the biharmonic fill is nearer in the first
    /// two, the search in the third. Pets and textures: a fill from the image alone is at least as near at every
    /// depth, the biharmonic one in shallow holes and the harmonic one in deep ones.
    #[must_use]
    pub fn of(model: PretrainedModel) -> Self {
        let (shallow_px, deep) = match model {
            PretrainedModel::Pets => (5.3, MethodName::Harmonic),
            PretrainedModel::Dtd => (1.5, MethodName::Harmonic),
            _ => return Self::default(),
        };
        Self {
            shallow_px,
            deep,
            ..Self::default()
        }
    }

    /// The method for a hole of this mean depth, in pixels of the model's images.
    #[must_use]
    pub fn method_for_depth(&self, depth_px: f64) -> MethodName {
        match depth_px <= self.shallow_px {
            true => self.shallow,
            false => self.deep,
        }
    }

    /// The choice for the hole of mask `index`, of which `scale` pixels are one of the model's images of
    /// `size_px` pixels a side.
    pub(super) fn choice(&self, mask: &Mask, index: usize, scale: f64, size_px: usize) -> Choice {
        let depth_px = mask.depth_px(index) / scale;
        Choice {
            method: self.method_for_depth(depth_px),
            depth_px,
            shallow_px: self.shallow_px,
            size_px,
        }
    }
}

impl Default for AutoRule {
    /// The rule for a model of one's own: that of the built-in model of faces.
    fn default() -> Self {
        Self {
            shallow_px: 1.2,
            shallow: MethodName::Biharmonic,
            deep: MethodName::Latent,
        }
    }
}

/// What [`MethodName::Auto`] gave a hole to, and why.
///
/// ```
/// use semantic_inpaint::{Choice, MethodName};
///
/// let choice = Choice { method: MethodName::Latent, depth_px: 3.3, shallow_px: 1.2, size_px: 64 };
/// assert_eq!(choice.to_string(), "hole 3.3 px deep at 64 px, more than 1.2: latent");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The method.
    pub method: MethodName,
    /// The hole's mean depth in pixels of the model's images.
    pub depth_px: f64,
    /// The largest mean depth of a shallow hole, [`AutoRule::shallow_px`].
    pub shallow_px: f64,
    /// Height and width of the model's images in pixels.
    pub size_px: usize,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = match self.depth_px <= self.shallow_px {
            true => "at most",
            false => "more than",
        };
        write!(
            f,
            "hole {} px deep at {} px, {comparison} {}: {}",
            (self.depth_px * 100.0).round() / 100.0,
            self.size_px,
            self.shallow_px,
            self.method,
        )
    }
}
