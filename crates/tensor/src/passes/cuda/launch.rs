use super::arguments::{Arguments, WORDS};
use crate::Result;
use crate::passes::Precision;

/// A kernel with its grid and arguments, which hold the memory that they point to.
#[derive(Debug, Clone)]
pub struct Launch {
    kernel: String,
    grid: [u32; 3],
    threads: u32,
    arguments: Arguments,
}

impl Launch {
    pub(super) fn new(
        kernel: String,
        grid: [usize; 3],
        threads: u32,
        arguments: Arguments,
    ) -> Result<Self> {
        let [x, y, z] = grid;
        let side = |blocks: usize, most: u32| {
            let fits = u32::try_from(blocks)
                .ok()
                .filter(|&blocks| blocks <= most && blocks > 0);
            fits.ok_or_else(|| crate::Error::OutOfRange {
                what: "blocks of a launch",
                expected: format!("1 to {most}: use fewer images at once"),
                got: blocks.to_string(),
            })
        };
        // The limits of every CUDA device.
        let grid = [
            side(x, i32::MAX as u32)?,
            side(y, u16::MAX.into())?,
            side(z, u16::MAX.into())?,
        ];
        Ok(Self {
            kernel,
            grid,
            threads,
            arguments,
        })
    }

    /// The kernel's name.
    #[must_use]
    pub fn kernel(&self) -> &str {
        &self.kernel
    }

    /// Blocks by x, y and z.
    #[must_use]
    pub fn grid(&self) -> [u32; 3] {
        self.grid
    }

    /// Threads of a block.
    #[must_use]
    pub fn threads(&self) -> u32 {
        self.threads
    }

    pub(super) fn words(&self) -> [u64; WORDS] {
        self.arguments.words()
    }
}

/// What the kernels call a precision.
pub(super) fn suffix(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::Tf32 => "tf32",
        Precision::Bf16 => "bf16",
    }
}
