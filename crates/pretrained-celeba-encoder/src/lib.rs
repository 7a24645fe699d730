//! The weights of an encoder of the latents of semantic-inpaint's model `celeba`, and its card.
//!
//! The encoder guesses from the known pixels of a face where a search should start. A crate of its own, as a
//! published crate is limited to 10 MB; `semantic_inpaint::embedded_latent_encoder` unpacks it. Read the card
//! before you use the weights: their terms are those of the training data.
//!
//! ```
//! println!("{}", semantic_inpaint_pretrained_celeba_encoder::CARD);
//! ```

/// The weight file: safetensors in 16-bit floats.
pub const WEIGHTS: &[u8] = include_bytes!("../weights/celeba-encoder.safetensors");

/// The model card, in Markdown.
pub const CARD: &str = include_str!("../weights/celeba-encoder.md");
