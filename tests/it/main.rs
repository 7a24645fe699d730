//! Tests of the workspace as a whole.

/// What `Cargo.toml` files may say: arrows between crates, versions, what a published crate states.
mod layers;
/// That the functions and tests which `docs/paper-map.md` names exist.
mod paper_map;
