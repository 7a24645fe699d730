//! All methods that fill holes, by name.

mod auto;
mod auto_rule;
mod build;
mod completion;
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

pub use auto_rule::{AutoRule, Choice};
pub(crate) use completion::merged;
pub use completion::{MethodCompletion, Variant};
pub use confidence::Confidence;
pub use context::MethodContext;
pub use latent_space::LatentSpace;
pub use method::{Method, WorkingSize};
pub use name::{MethodName, Requirement};
