use semantic_inpaint_tensor::{Tensor, Var};

use crate::{Error, Init, Mode, ParamSpec, Params, Result, Role};

/// The least length that a vector is divided by, as in PyTorch.
const EPSILON: f64 = 1e-12;

/// Spectral normalization of a weight: divided by its largest singular value (Miyato et al. 2018).
///
/// **Equation** with W the weight as a matrix `[O, C k k]`:
///
/// ```text
/// u = W v / |W v|,  v = W^T u / |W^T u|      one power iteration, in training only
/// sigma = u^T W v
/// result = W / sigma
/// ```
///
/// **Gradient** through sigma with u and v held fixed, `dsigma/dW = u v^T` (their gradient
/// analysis).
///
/// **Training** ([`Mode::Train`]) moves u and v by one iteration at every pass; they are statistics
/// of the network and stored with its weights. **Evaluation** ([`Mode::Eval`]) changes nothing.
#[derive(Debug, Clone)]
pub struct SpectralNorm {
    left: Tensor,
    right: Tensor,
    updates: Option<(Var, Var)>,
}

impl SpectralNorm {
    /// The declarations of `PREFIX.left_singular` (u) and `PREFIX.right_singular` (v) for a weight
    /// `[O, ...]` with O = `rows` and `columns` values for each.
    #[must_use]
    pub fn specs(prefix: &str, rows: usize, columns: usize) -> Vec<ParamSpec> {
        let spec = |name: &str, length| {
            let name = format!("{prefix}.{name}");
            ParamSpec::new(name, [length], Init::UnitVector, Role::Statistic)
        };
        vec![spec("left_singular", rows), spec("right_singular", columns)]
    }

    /// The normalization that reads the two vectors under `PREFIX`.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`].
    pub fn new(params: &Params, prefix: &str) -> Result<Self> {
        let (left, right) = (
            format!("{prefix}.left_singular"),
            format!("{prefix}.right_singular"),
        );
        let variable = |name: &str| params.variable(name).cloned();
        Ok(Self {
            left: params.tensor(&left)?.clone(),
            right: params.tensor(&right)?.clone(),
            updates: variable(&left).zip(variable(&right)),
        })
    }

    /// The normalized weight, in the weight's shape.
    ///
    /// # Errors
    ///
    /// [`Error::Frozen`] in training mode when the vectors are fixed; a tensor error when they are
    /// of another weight.
    pub fn normalize(&self, weight: &Tensor, mode: Mode) -> Result<Tensor> {
        if mode == Mode::Train {
            self.iterate(weight, 1)?;
        }
        // Copies: a later pass moves the vectors while this one's gradient is still to come.
        let (left, right) = (self.left.detach().copy()?, self.right.detach().copy()?);
        let along = weight.flatten_from(1)?.matmul(&right.unsqueeze(1)?)?;
        let sigma = (along.flatten_all()? * left)?.sum_all()?;
        // A product has fewer passes on its way back than a quotient.
        Ok(weight.broadcast_mul(&sigma.recip()?)?)
    }

    /// Moves the vectors by `count` power iterations towards the singular vectors of `weight`.
    ///
    /// # Errors
    ///
    /// As [`SpectralNorm::normalize`] in training mode.
    pub fn iterate(&self, weight: &Tensor, count: usize) -> Result<()> {
        let (left, right) = self.updates.as_ref().ok_or(Error::Frozen)?;
        let matrix = weight.detach().flatten_from(1)?;
        for _ in 0..count {
            left.set(&direction(&matrix, right)?)?;
            right.set(&direction(&matrix.t()?, left)?)?;
        }
        Ok(())
    }
}

/// `M x / |M x|`, without a graph.
fn direction(matrix: &Tensor, vector: &Var) -> Result<Tensor> {
    let column = vector.as_detached_tensor().unsqueeze(1)?;
    let moved = matrix.matmul(&column)?.flatten_all()?;
    let length = moved.sqr()?.sum_all()?.sqrt()?.maximum(EPSILON)?;
    Ok(moved.broadcast_div(&length)?)
}
