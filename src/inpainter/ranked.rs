use semantic_inpaint_data::Photo;
use semantic_inpaint_latent_search::{Blend, RankedCompletions, SearchConfig};
use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageBatch, Tensor};

use crate::methods::merged;
use crate::{PhotoFrame, Result};

/// The disagreement that a picture shows as white.
const WHITE: f32 = 0.5;

/// Several completions of one photo, the likeliest first.
#[derive(Debug, Clone)]
pub struct RankedPhotos {
    /// The completed photos, by the objective of their latents: the lowest first. Every byte of the known
    /// area is the photo's own in each.
    pub photos: Vec<Photo>,
    /// The objective of each, which reads the known pixels alone.
    pub objective: Vec<f64>,
    /// How much the generated images of all restarts differ, a picture of the photo's size: black where the
    /// photo is known, and in the hole gray by the standard deviation, white from 0.5 on (on the scale of
    /// `[-1, 1]`, where 1 is the most there can be).
    pub disagreement: Photo,
}

impl RankedPhotos {
    /// Those of image `index`, the window of this photo.
    pub(super) fn new(
        ranked: &RankedCompletions,
        index: usize,
        photo: &Photo,
        frame: &PhotoFrame,
        corrupted: &CorruptedImages,
        search: &SearchConfig,
    ) -> Result<Self> {
        let completed = ranked.ranks.iter().map(|rank| {
            let generated = rank.generated.narrow(index, 1)?;
            let completed = merged(corrupted, &generated, search)?;
            Ok(frame.stitch(photo, &completed, search.blend)?)
        });
        let map = ranked.disagreement.narrow(0, index, 1);
        Ok(Self {
            photos: completed.collect::<Result<_>>()?,
            objective: ranked
                .ranks
                .iter()
                .map(|rank| rank.objective[index])
                .collect(),
            disagreement: picture(&map.map_err(TensorError::from)?, photo, frame)?,
        })
    }
}

/// A map `[1, 1, H, W]` in the hole of a black photo.
fn picture(map: &Tensor, photo: &Photo, frame: &PhotoFrame) -> Result<Photo> {
    let values = map.flatten_all().and_then(|values| values.to_vec1::<f32>());
    let values = values.map_err(TensorError::from)?.into_iter();
    let gray: Vec<f32> = values
        .map(|value| (value / WHITE).min(1.0) * 2.0 - 1.0)
        .collect();
    let gray = ImageBatch::from_values(gray.repeat(3), frame.shape(), &Device::Cpu)?;
    let black = Photo::filled(photo.height(), photo.width(), [0; 3]);
    Ok(frame.stitch(&black, &gray, Blend::Overlay)?)
}
