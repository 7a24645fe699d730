//! The weights of semantic-inpaint's Context Encoder of faces, and its card.
//!
//! The network fills a 20x20 square in the middle of a 64x64 face in one pass. A crate of its own, as a
//! published crate is limited to 10 MB; `semantic_inpaint::embedded_context_encoder` unpacks it. Read the card
//! before you use the weights: their terms are those of the training data.
//!
//! ```
//! println!("{}", semantic_inpaint_pretrained_celeba_context_encoder::CARD);
//! ```

/// The weight file: safetensors in 16-bit floats.
pub const WEIGHTS: &[u8] = include_bytes!("../weights/celeba-context-encoder.safetensors");

/// The model card, in Markdown.
pub const CARD: &str = include_str!("../weights/celeba-context-encoder.md");
