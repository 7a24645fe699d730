//! Classical fills beside other implementations, and what must hold for each of them.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

mod local_goldens;
mod material;
mod variational_goldens;
