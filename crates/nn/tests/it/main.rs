//! Layers, losses, optimizers and weight files as others see them.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

mod adam_settings;
mod gradients;
mod spectral_norm;
mod weight_files;
