//! The program as its users see it: arguments in, files and exit codes out.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

/// Inputs that must be refused, or converted, without loss.
mod bad_input;
/// `bench`: its table, its JSON, its windows on demand.
mod bench;
mod calibrate;
mod evaluate;
/// `import` and `info`.
mod import;
/// `inpaint` on good inputs.
mod inpaint;
/// The files that the tests are made of.
mod material;
/// `inpaint --method`: every method, on files.
mod methods;
/// `prepare` of data sets: archives, parts, caches, downloads.
mod prepare;
/// Running the program.
mod program;
/// `score`.
mod score;
mod search_options;
/// `mask`, `sample`, and `prepare` of folders.
mod tools;
/// `train dcgan`: runs, interruptions, resumption.
mod train;
/// `train context-encoder`.
mod train_context_encoder;

mod train_latent_encoder;
/// `train dcgan`: objectives, augmentation, faults.
mod train_options;
