//! Classical fills beside other implementations, and what must hold for each of them.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

mod local_goldens;
mod material;
mod patch_methods;
mod promises;
mod training_sets;
mod variational_goldens;
