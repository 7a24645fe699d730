mod draw;

use std::fmt;
use std::str::FromStr;

use semantic_inpaint_tensor::ops::change_images;
use semantic_inpaint_tensor::{ImageBatch, Result as TensorResult, Rng};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};
use draw::draw;

/// Random changes to every image that the discriminator sees, real or generated, in the steps of
/// both networks (Zhao et al. 2020).
///
/// The changes are differentiable: the generator learns through them, so that its own images stay
/// unchanged, and the discriminator cannot learn a small data set by heart. Each image gets numbers
/// of its own, uniform in their range:
///
/// | part | change |
/// |---|---|
/// | `color` | brightness: a constant in `[-0.5, 0.5]` added; saturation: distance from the pixel's mean over the channels times `[0, 2]`; contrast: distance from the image's mean times `[0.5, 1.5]` |
/// | `translation` | moved by up to an eighth of each side, 0 (middle gray) moving in |
/// | `cutout` | 0 in a square of half the side, whose center is anywhere in the image |
///
/// In text the parts are separated by commas, `color,translation,cutout`, and `none` (the default)
/// is no change; they act in this order whatever the order in the text.
///
/// ```
/// use semantic_inpaint_train::DiffAugment;
/// let augmentation: DiffAugment = "translation,color".parse()?;
/// assert_eq!(augmentation.to_string(), "color,translation");
/// # Ok::<(), semantic_inpaint_train::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DiffAugment {
    color: bool,
    translation: bool,
    cutout: bool,
}

impl DiffAugment {
    /// Changes nothing.
    pub const NONE: Self = Self {
        color: false,
        translation: false,
        cutout: false,
    };

    /// All three parts.
    pub const ALL: Self = Self {
        color: true,
        translation: true,
        cutout: true,
    };

    /// The changed images, `[N, C, H, W]` to the same; values may leave `[-1, 1]`.
    pub(crate) fn apply(self, images: &ImageBatch, rng: &mut Rng) -> TensorResult<ImageBatch> {
        if self == Self::NONE {
            return Ok(images.clone());
        }
        let changes = draw(self, images.count(), images.shape(), rng);
        ImageBatch::new(change_images(images.tensor(), &changes)?)
    }

    fn part(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "color" => Some(&mut self.color),
            "translation" => Some(&mut self.translation),
            "cutout" => Some(&mut self.cutout),
            _ => None,
        }
    }
}

impl fmt::Display for DiffAugment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE {
            return formatter.write_str("none");
        }
        let parts = [
            (self.color, "color"),
            (self.translation, "translation"),
            (self.cutout, "cutout"),
        ];
        let names: Vec<&str> = parts
            .iter()
            .filter_map(|&(is_on, name)| is_on.then_some(name))
            .collect();
        formatter.write_str(&names.join(","))
    }
}

impl FromStr for DiffAugment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut augmentation = Self::NONE;
        if text == "none" {
            return Ok(augmentation);
        }
        for name in text.split(',') {
            let part = augmentation.part(name.trim());
            match part {
                Some(part) if !*part => *part = true,
                _ => {
                    return Err(Error::InvalidSetting {
                        what: "augmentation",
                        expected: "none, or some of color,translation,cutout",
                        got: format!("`{text}`"),
                    });
                }
            }
        }
        Ok(augmentation)
    }
}

impl TryFrom<String> for DiffAugment {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<DiffAugment> for String {
    fn from(augmentation: DiffAugment) -> Self {
        augmentation.to_string()
    }
}

#[cfg(test)]
mod tests;
