//! What is part of this build.
//!
//! A published crate is limited to 10 MB, so all but the first come as crates of their own (CONTRIBUTING.md, "How to
//! embed a model"), which features leave out.

/// Weights and card of a model.
pub(crate) struct Embedded {
    pub(crate) weights: &'static [u8],
    pub(crate) card: &'static str,
    pub(crate) calibrations: &'static str,
}

/// Weights and card of a network beside a model.
pub(crate) struct EmbeddedEncoder {
    pub(crate) weights: &'static [u8],
    pub(crate) card: &'static str,
}

pub(crate) const CELEBA: Embedded = Embedded {
    weights: include_bytes!("../weights/celeba.safetensors"),
    card: include_str!("../weights/celeba.md"),
    calibrations: include_str!("../weights/celeba.calibrations.json"),
};

pub(crate) const CELEBA_ENCODER: EmbeddedEncoder = EmbeddedEncoder {
    weights: semantic_inpaint_pretrained_celeba_encoder::WEIGHTS,
    card: semantic_inpaint_pretrained_celeba_encoder::CARD,
};

#[cfg(feature = "context-encoder")]
pub(crate) const CELEBA_CONTEXT_ENCODER: Option<EmbeddedEncoder> = Some(EmbeddedEncoder {
    weights: semantic_inpaint_pretrained_celeba_context_encoder::WEIGHTS,
    card: semantic_inpaint_pretrained_celeba_context_encoder::CARD,
});
#[cfg(not(feature = "context-encoder"))]
pub(crate) const CELEBA_CONTEXT_ENCODER: Option<EmbeddedEncoder> = None;

#[cfg(feature = "dtd")]
pub(crate) const DTD: Option<Embedded> = Some(Embedded {
    weights: semantic_inpaint_pretrained_dtd::WEIGHTS,
    card: semantic_inpaint_pretrained_dtd::CARD,
    calibrations: semantic_inpaint_pretrained_dtd::CALIBRATIONS,
});
#[cfg(not(feature = "dtd"))]
pub(crate) const DTD: Option<Embedded> = None;

#[cfg(feature = "pets")]
pub(crate) const PETS: Option<Embedded> = Some(Embedded {
    weights: semantic_inpaint_pretrained_pets::WEIGHTS,
    card: semantic_inpaint_pretrained_pets::CARD,
    calibrations: semantic_inpaint_pretrained_pets::CALIBRATIONS,
});
#[cfg(not(feature = "pets"))]
pub(crate) const PETS: Option<Embedded> = None;
