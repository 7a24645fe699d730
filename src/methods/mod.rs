//! All methods that fill holes, by name.

mod build;
mod context;
mod evaluated;
mod latent;
mod method;
mod name;
#[cfg(test)]
mod tests;
mod trained_encoders;

pub use context::MethodContext;
pub(crate) use method::blended;
pub use method::{Method, MethodCompletion, Variant, WorkingSize};
pub use name::{MethodName, Requirement};
