//! A step of Adam on CUDA tensors: one kernel for a parameter and both moments.

use candle_core::{
    CpuStorage, CudaStorage, InplaceOp3, Layout, Result as CandleResult, Tensor, Var,
};

use super::{AdamMoments, AdamRates, Scales};
use crate::Result;
use crate::ops::on_cuda::{self, on_device};
use crate::passes::cuda::training::AdamFactors;

/// As [`adam_step`](super::adam_step()), whose operands fit each other, by the device's kernel.
pub(super) fn adam_step(
    parameter: &Var,
    gradient: &Tensor,
    moments: &AdamMoments,
    rates: AdamRates,
    scales: Scales,
) -> Result<()> {
    let op = Step {
        second: moments.second(),
        factors: AdamFactors {
            decays: [rates.beta1, rates.beta2],
            step_size: scales.step_size,
            root_factor: scales.root_factor,
            epsilon: scales.epsilon,
        },
    };
    Ok(parameter.inplace_op3(&gradient.contiguous()?, moments.first(), &op)?)
}

/// An operation in place takes three tensors at most, so it brings the fourth. Moments change like the
/// parameter: nobody else reads them meanwhile, as everything on the device has one order.
struct Step<'a> {
    second: &'a Tensor,
    factors: AdamFactors,
}

impl InplaceOp3 for Step<'_> {
    fn name(&self) -> &'static str {
        "semantic-inpaint-adam-step-on-device"
    }

    fn cpu_fwd(
        &self,
        _: &mut CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> CandleResult<()> {
        candle_core::bail!("{} takes CUDA tensors", InplaceOp3::name(self))
    }

    fn cuda_fwd(
        &self,
        parameter: &mut CudaStorage,
        parameter_layout: &Layout,
        gradient: &CudaStorage,
        gradient_layout: &Layout,
        first: &CudaStorage,
        first_layout: &Layout,
    ) -> CandleResult<()> {
        let (second, second_layout) = self.second.storage_and_layout();
        on_cuda::adam(
            (parameter, parameter_layout),
            (gradient, gradient_layout),
            [(first, first_layout), (on_device(&second)?, second_layout)],
            self.factors,
        )
    }
}
