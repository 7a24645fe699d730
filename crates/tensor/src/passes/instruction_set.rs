use std::any::TypeId;
use std::fmt;

use pulp::{Arch, Scalar256b, Simd, WithSimd};

/// Vector instructions that the convolution passes are compiled for, chosen when the program runs.
///
/// Each computes the same sums in the same order; fused multiply-adds round once where the processor
/// has them, so two instruction sets differ in the last bits.
#[derive(Clone, Copy)]
pub struct InstructionSet(Kind);

#[derive(Clone, Copy)]
enum Kind {
    /// Arrays of 8 values, which the compiler turns into whatever the target always has.
    Portable,
    Native(Arch),
}

impl InstructionSet {
    /// The fastest instruction set of this processor.
    #[must_use]
    pub fn detect() -> Self {
        match Arch::new() {
            Arch::Scalar => Self::portable(),
            arch => Self(Kind::Native(arch)),
        }
    }

    /// The one that needs nothing of the processor.
    #[must_use]
    pub fn portable() -> Self {
        Self(Kind::Portable)
    }

    /// All that this processor can run, the slowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut sets = vec![Self::portable()];
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            sets.extend(pulp::x86::V3::try_new().map(|v3| Self(Kind::Native(Arch::V3(v3)))));
            sets.extend(pulp::x86::V4::try_new().map(|v4| Self(Kind::Native(Arch::V4(v4)))));
        }
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        if !matches!(Arch::new(), Arch::Scalar) {
            sets.push(Self::detect());
        }
        sets
    }

    /// `AVX-512`, `AVX2`, `NEON`, `SIMD128` or `portable`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.lanes() {
            _ if matches!(self.0, Kind::Portable) => "portable",
            16 => "AVX-512",
            8 => "AVX2",
            _ if cfg!(target_arch = "aarch64") => "NEON",
            _ => "SIMD128",
        }
    }

    /// Single precision values in one vector register.
    pub(crate) fn lanes(self) -> usize {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;

            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        self.run(Lanes)
    }

    /// Rows of a product that are computed together: as many as leave registers for the rest.
    pub(crate) fn rows_at_once(self) -> usize {
        match self.lanes() {
            8 if matches!(self.0, Kind::Native(_)) => 6,
            8 => 2,
            _ => 8,
        }
    }

    /// Runs an operation compiled for this instruction set.
    #[inline]
    pub(crate) fn run<Op: WithSimd>(self, operation: Op) -> Op::Output {
        match self.0 {
            Kind::Portable => Scalar256b.vectorize(operation),
            Kind::Native(arch) => arch.dispatch(operation),
        }
    }
}

impl fmt::Debug for InstructionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl PartialEq for InstructionSet {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for InstructionSet {}

/// `a * b + c`, rounded once where the processor can, never by a slow imitation of that.
#[inline(always)]
pub(crate) fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if TypeId::of::<S>() == TypeId::of::<Scalar256b>() {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_e_f32s(a, b, c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detected_one_is_the_last_available() {
        let available = InstructionSet::available();
        assert_eq!(available.first(), Some(&InstructionSet::portable()));
        assert_eq!(available.last(), Some(&InstructionSet::detect()));
    }
}
