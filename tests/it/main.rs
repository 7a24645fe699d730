//! Tests of the workspace as a whole.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

/// What `Cargo.toml` files may say: arrows between crates, versions, what a published crate states.
mod layers;
/// That the functions and tests which `docs/paper-map.md` names exist.
mod paper_map;
