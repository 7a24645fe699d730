use semantic_inpaint_nn::{Init, Mode, ParamSpec, Params, Result as NnResult, Role};
use semantic_inpaint_tensor::{Result as TensorResult, Tensor};

use crate::block::COARSE_PX;

/// Pixels of the map that it connects.
const PIXELS: usize = COARSE_PX * COARSE_PX;

/// The channel-wise fully-connected layer (Pathak et al. 2016, section 3.1).
///
/// **Equation** `y_c = W_c x_c` for each channel c, whose pixels are a vector: m n^4 weights for m maps
/// of n x n where a full connection has m^2 n^4.
///
/// **Shapes** `[N, C, 4, 4]` to the same; weight `[C, 16, 16]`, from the last index to the middle one.
#[derive(Debug, Clone)]
pub(crate) struct ChannelWise {
    weight: Tensor,
}

impl ChannelWise {
    /// The declaration of `NAME.weight`; it starts so that the values keep their scale.
    pub(crate) fn specs(name: &str, channels: usize) -> Vec<ParamSpec> {
        let deviation = 1.0 / (PIXELS as f32).sqrt();
        vec![ParamSpec::new(
            format!("{name}.weight"),
            [channels, PIXELS, PIXELS],
            Init::Normal { deviation },
            Role::Weight,
        )]
    }

    pub(crate) fn new(params: &Params, name: &str) -> NnResult<Self> {
        let weight = params.tensor(&format!("{name}.weight"))?.clone();
        Ok(Self { weight })
    }

    pub(crate) fn forward(&self, maps: &Tensor, mode: Mode) -> NnResult<Tensor> {
        match mode {
            Mode::Train => Ok(self.connect(maps)?),
            // One by one: how a product of matrices adds up depends on their number of rows, and an
            // image's result must not depend on its batch.
            Mode::Eval => {
                let alone = (0..maps.dim(0)?).map(|index| self.connect(&maps.narrow(0, index, 1)?));
                let connected = alone.collect::<TensorResult<Vec<_>>>()?;
                Ok(Tensor::cat(&connected, 0)?)
            }
        }
    }

    fn connect(&self, maps: &Tensor) -> TensorResult<Tensor> {
        // [N, C, 16] -> [C, N, 16], times [C, 16, 16], and back.
        let rows = maps.flatten_from(2)?.transpose(0, 1)?.contiguous()?;
        let connected = rows.matmul(&self.weight.transpose(1, 2)?.contiguous()?)?;
        let connected = connected.transpose(0, 1)?.contiguous()?;
        Ok(connected.reshape(maps.shape())?)
    }
}
