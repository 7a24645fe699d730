use anyhow::{Result, bail};
use semantic_inpaint::ImageSet;
use semantic_inpaint::data::Split;

/// Images of the validation part that score checkpoints and are not trained on then.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldOut {
    /// How many; 0 for none.
    pub(super) count: usize,
    /// The option that asks for them.
    pub(super) option: &'static str,
}

impl HeldOut {
    /// Succeeds when the validation part can be held out of this part of the images.
    pub(super) fn validate(&self, split: Split) -> Result<()> {
        if self.count > 0 && split != Split::All {
            bail!(
                "{} holds the validation part of all images out: leave out --split {split}",
                self.option
            );
        }
        Ok(())
    }

    /// The images to train on, and those that are held out.
    pub(super) fn divide(&self, all: ImageSet) -> Result<(ImageSet, Option<ImageSet>)> {
        Ok(match self.count {
            0 => (all, None),
            _ => (
                all.split(Split::Train)?,
                Some(all.split(Split::Validation)?),
            ),
        })
    }
}
