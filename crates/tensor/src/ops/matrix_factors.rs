use candle_core::{DType, Tensor};

use crate::passes::Precision;
use crate::{Error, Result};

/// Two matrices that are multiplied again and again: the rate that a device reaches in a precision.
#[derive(Debug)]
pub struct MatrixFactors {
    left: Tensor,
    right: Tensor,
    precision: Precision,
}

impl MatrixFactors {
    /// The factors `[M, K]` and `[K, N]` in a precision.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for [`Precision::Tf32`] where there are no such products: only on CUDA
    /// devices are there any. A candle error when the device has no memory.
    pub fn new(left: &Tensor, right: &Tensor, precision: Precision) -> Result<Self> {
        if precision == Precision::Tf32 && !left.device().is_cuda() {
            return Err(Error::OutOfRange {
                what: "precision of a product on this device",
                expected: "f32 or bf16".into(),
                got: precision.to_string(),
            });
        }
        let stored = match precision {
            Precision::F32 | Precision::Tf32 => DType::F32,
            Precision::Bf16 => DType::BF16,
        };
        Ok(Self {
            left: left.to_dtype(stored)?,
            right: right.to_dtype(stored)?,
            precision,
        })
    }

    /// The product `[M, N]`, in single precision or bfloat16 as the factors are stored. Sums are in single
    /// precision. A CUDA device may still be computing it.
    ///
    /// # Errors
    ///
    /// A candle error when shapes do not fit or the device fails.
    pub fn multiply(&self) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if self.precision == Precision::Tf32 {
            // candle's choice is one for the whole process, so it only lasts for this call.
            let before = candle_core::cuda::gemm_reduced_precision_f32();
            candle_core::cuda::set_gemm_reduced_precision_f32(true);
            let product = self.left.matmul(&self.right);
            candle_core::cuda::set_gemm_reduced_precision_f32(before);
            return Ok(product?);
        }
        Ok(self.left.matmul(&self.right)?)
    }

    /// What is multiplied.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, Rng};

    #[test]
    fn products_have_their_precision() {
        let rng = &mut Rng::from_seed(3);
        let mut draw = |dims: (usize, usize)| rng.uniform(-1.0, 1.0, dims, &Device::Cpu).unwrap();
        let (left, right) = (draw((5, 7)), draw((7, 3)));
        let exact = left.matmul(&right).unwrap();
        for (precision, tolerance) in [(Precision::F32, 1e-6), (Precision::Bf16, 5e-2)] {
            let factors = MatrixFactors::new(&left, &right, precision).unwrap();
            assert_eq!(factors.precision(), precision);
            let product = factors.multiply().unwrap().to_dtype(DType::F32).unwrap();
            let apart = (product - &exact).unwrap().abs().unwrap().flatten_all();
            let apart = apart.unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
            assert!(apart <= tolerance, "{precision}: {apart}");
        }
        let message = MatrixFactors::new(&left, &right, Precision::Tf32).unwrap_err();
        assert!(message.to_string().contains("f32 or bf16"), "{message}");
    }
}
