//! What makes images, masks and files of an evaluation the same from one run to the next.

use std::ops::Range;

use semantic_inpaint_data::ImageSet;
use semantic_inpaint_mask::{Mask, MaskShape};
use semantic_inpaint_tensor::Rng;
use sha2::{Digest as _, Sha256};

use crate::Result;

const MAX_STEM_LEN: usize = 60;

/// A hash of each image, of its name and its pixels.
pub(super) struct ImageHashes(Vec<[u8; 32]>);

impl ImageHashes {
    pub(super) fn new(images: &ImageSet) -> Result<Self> {
        let hash = |(index, name): (usize, &String)| {
            let mut hash = Sha256::new();
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
            hash.update(images.image(index)?);
            Ok(hash.finalize().into())
        };
        let names = images.names().iter().enumerate();
        Ok(Self(names.map(hash).collect::<Result<_>>()?))
    }

    /// 16 hexadecimal digits for the images of a range.
    pub(super) fn of(&self, range: Range<usize>) -> String {
        let mut hash = Sha256::new();
        for image in &self.0[range] {
            hash.update(image);
        }
        hexadecimal(&hash.finalize())
    }
}

/// The masks of the images at these places. Each depends on seed, spelling and place alone.
pub(super) fn masks(
    shape: MaskShape,
    seed: u64,
    size_px: usize,
    images: Range<usize>,
) -> Result<Mask> {
    let mask = |index| shape.build(size_px, size_px, &mut mask_rng(shape, seed, index));
    let masks: Vec<Mask> = images.map(mask).collect::<std::result::Result<_, _>>()?;
    Ok(Mask::stack(&masks)?)
}

fn mask_rng(shape: MaskShape, seed: u64, index: usize) -> Rng {
    let hash = Sha256::digest(format!("{shape} {index}"));
    let stream = hash
        .iter()
        .take(8)
        .fold(0, |stream, byte| (stream << 8) | u64::from(*byte));
    Rng::from_seed_and_stream(seed, stream)
}

/// A file name for a name of any characters, another one for each. Plain names stay readable.
pub(crate) fn file_stem(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let lower = name.to_ascii_lowercase();
    let plain: String = lower
        .chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .collect();
    if plain == name && name.len() <= MAX_STEM_LEN && !name.starts_with('.') && !name.is_empty() {
        return plain;
    }
    let words: Vec<&str> = plain
        .split(['-', '.'])
        .filter(|word| !word.is_empty())
        .collect();
    let mut stem = words.join("-");
    stem.truncate(MAX_STEM_LEN);
    format!("{stem}-{}", &hexadecimal(&Sha256::digest(name))[..8])
}

/// A file name for a mask: its spelling without colons.
pub(crate) fn mask_stem(mask: MaskShape) -> String {
    mask.to_string().replace(':', "-")
}

fn hexadecimal(hash: &[u8]) -> String {
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
