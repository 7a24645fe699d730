//! How sure a fill is, from what a search may see.

mod calibration;
mod evidence;
#[cfg(test)]
mod tests;

pub use calibration::{Calibration, CalibrationSample, ExpectedPsnr};
pub use evidence::Evidence;
pub(crate) use evidence::evidence;
