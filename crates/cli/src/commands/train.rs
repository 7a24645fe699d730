//! `train`: new runs, and runs that go on. One module per kind of model; the rest is shared.

mod board;
pub(crate) mod context_encoder;
pub(crate) mod dcgan;
mod environment;
mod held_out;
mod hole_scorer;
pub(crate) mod latent_encoder;
mod options;
mod run;
mod settings;
mod watch;
