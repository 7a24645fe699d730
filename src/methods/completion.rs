use semantic_inpaint_latent_search::{Blend, RankedCompletions, SearchConfig, SearchResult};
use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_tensor::{Error as TensorError, ImageBatch};

use super::Choice;
use crate::Result;

/// Completed images and how they came about.
#[derive(Debug, Clone)]
pub struct MethodCompletion {
    /// The completed images, `[N, C, H, W]`, of the shape and order of the corrupted ones.
    pub completed: ImageBatch,
    /// The search, of a method that has one; of [`MethodName::Auto`](crate::MethodName::Auto) over those of the
    /// images that it gave to the search, in their order.
    pub search: Option<SearchResult>,
    /// Several completions of each image in the search, where they were asked for.
    pub ranked: Option<RankedCompletions>,
    /// What each image was given to and why, of [`MethodName::Auto`](crate::MethodName::Auto); empty of other methods.
    pub choices: Vec<Choice>,
}

/// One of the results that a method gives at once.
#[derive(Debug, Clone)]
pub struct Variant {
    /// What to call it in tables.
    pub label: String,
    /// How a search's images were joined to the known ones; `None` of other methods.
    pub blend: Option<Blend>,
    /// The completed images, `[N, C, H, W]`.
    pub completed: ImageBatch,
}

/// Generated images, on the device of the corrupted ones and merged into them.
pub(crate) fn merged(
    corrupted: &CorruptedImages,
    generated: &ImageBatch,
    search: &SearchConfig,
) -> Result<ImageBatch> {
    let device = corrupted.images().tensor().device();
    let generated = generated.tensor().to_device(device);
    let generated = ImageBatch::new(generated.map_err(TensorError::from)?)?;
    Ok(search.merge(corrupted, &generated, search.blend)?)
}
