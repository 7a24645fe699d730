//! What the tests of several crates share: golden files, closeness, gradient checks, real images.
//!
//! [`golden`] reads tensors that a PyTorch program wrote, [`assert_close`] compares with them within
//! a named [`Tolerance`], [`files_in`] reads a folder to compare, [`gradcheck`] compares a gradient with finite differences, and
//! [`shared_data`] finds the large files that are not part of the repository, [`kernel_emulator`]
//! compiles the CUDA kernels for the host. As in every test,
//! failures are panics: their messages say what was compared and where it differs most.

mod close;
mod emulator;
mod files;
mod golden;
mod gradcheck;
mod shared_data;

pub use close::{Tolerance, assert_all_close, assert_close, relative_error};
pub use emulator::kernel_emulator;
pub use files::files_in;
pub use golden::{first_gradients, golden, golden_metadata, images_from_levels, under};
pub use gradcheck::{GRADCHECK_STEP, gradcheck};
pub use shared_data::shared_data;
