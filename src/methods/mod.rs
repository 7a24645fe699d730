//! All methods that fill holes, by name.

mod auto;
mod build;
mod confidence;
mod context;
mod evaluated;
mod latent;
mod latent_space;
mod method;
mod name;
#[cfg(test)]
mod tests;
mod trained_encoders;
mod weights;

pub use auto::Choice;
pub use confidence::Confidence;
pub use context::MethodContext;
pub use latent_space::LatentSpace;
pub(crate) use method::merged;
pub use method::{Method, MethodCompletion, Variant, WorkingSize};
pub use name::{MethodName, Requirement};
