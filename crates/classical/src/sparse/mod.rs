//! Exact solutions of sparse linear systems on the missing pixels of a mask.

mod cholesky;
mod dissection;
mod hole_system;
#[cfg(test)]
mod tests;

pub(crate) use hole_system::{HoleSystem, Operator};
