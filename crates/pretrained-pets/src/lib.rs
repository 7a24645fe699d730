//! The weights of the model `pets` of semantic-inpaint, cats and dogs of 64x64 pixels, and its card.
//!
//! A crate of its own, as a published crate is limited to 10 MB. `semantic-inpaint-pretrained` unpacks it as
//! `PretrainedModel::Pets`. Read the card before you use the weights: their terms are those of the training
//! data.
//!
//! ```
//! println!("{}", semantic_inpaint_pretrained_pets::CARD);
//! ```

/// The weight file: safetensors in 16-bit floats.
pub const WEIGHTS: &[u8] = include_bytes!("../weights/pets.safetensors");

/// The model card, in Markdown.
pub const CARD: &str = include_str!("../weights/pets.md");

/// What to expect of searches with the model, as `semantic-inpaint calibrate` writes it, in JSON.
pub const CALIBRATIONS: &str = include_str!("../weights/pets.calibrations.json");
