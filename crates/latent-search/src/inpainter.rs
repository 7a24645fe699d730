use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_nn::{Discriminator, Generator};
use semantic_inpaint_tensor::ImageBatch;

use crate::{Error, LatentSearch, Result, SearchObserver, SearchResult, Silent};

/// Fills holes by a latent search and blending.
#[derive(Debug)]
pub struct LatentInpainter<G, D> {
    search: LatentSearch<G, D>,
}

impl<G: Generator + Sync, D: Discriminator + Sync> LatentInpainter<G, D> {
    /// An inpainter over this search.
    #[must_use]
    pub fn new(search: LatentSearch<G, D>) -> Self {
        Self { search }
    }

    /// The search.
    #[must_use]
    pub fn search(&self) -> &LatentSearch<G, D> {
        &self.search
    }

    /// The completed images, `[N, C, H, W]`, and what the search found, while an observer watches.
    ///
    /// Known pixels come back bit-identical.
    ///
    /// # Errors
    ///
    /// As [`LatentSearch::search`].
    pub fn inpaint_observed(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn SearchObserver,
    ) -> Result<(ImageBatch, SearchResult)> {
        let result = self.search.search(corrupted, observer)?;
        let config = self.search.config();
        let completed = config.merge(corrupted, &result.generated, config.blend)?;
        Ok((completed, result))
    }
}

impl<G: Generator + Sync, D: Discriminator + Sync> Inpainter for LatentInpainter<G, D> {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        Ok(self.inpaint_observed(corrupted, &mut Silent)?.0)
    }

    fn name(&self) -> String {
        format!("latent-{}", self.search.config().blend)
    }
}
