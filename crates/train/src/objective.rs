use std::fmt;
use std::str::FromStr;

use semantic_inpaint_nn::Logits;
use semantic_inpaint_nn::loss::binary_cross_entropy;
use semantic_inpaint_tensor::ops::leaky_relu;
use semantic_inpaint_tensor::{Error as TensorError, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What the two networks minimize, with `D` the discriminator's logit and `S` the sigmoid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Objective {
    /// `-log S(D(x)) - log(1 - S(D(G(z))))` against `-log S(D(G(z)))` (Goodfellow et al. 2014).
    #[default]
    NonSaturating,
    /// `max(0, 1 - D(x)) + max(0, 1 + D(G(z)))` against `-D(G(z))` (Lim and Ye 2017).
    Hinge,
    /// `D(G(z)) - D(x)` against `-D(G(z))` (Arjovsky et al. 2017). It has a minimum with a
    /// [`GradientPenalty`](crate::GradientPenalty) only.
    Wasserstein,
}

impl Objective {
    /// The discriminator's loss, a mean over the batch, with real images called
    /// `1 - label_smoothing` where the objective has labels.
    pub(crate) fn discriminator_loss(
        self,
        real: &Logits,
        fake: &Logits,
        label_smoothing: f64,
    ) -> Result<Tensor> {
        let (real, fake) = (real.tensor(), fake.tensor());
        let (of_real, of_fake) = match self {
            Self::NonSaturating => (
                binary_cross_entropy(real, 1.0 - label_smoothing)?,
                binary_cross_entropy(fake, 0.0)?,
            ),
            Self::Hinge => (hinge(real, -1.0)?, hinge(fake, 1.0)?),
            Self::Wasserstein => (mean(real, -1.0)?, mean(fake, 1.0)?),
        };
        Ok((of_real + of_fake).map_err(TensorError::from)?)
    }

    /// The generator's loss, a mean over the batch.
    pub(crate) fn generator_loss(self, fake: &Logits) -> Result<Tensor> {
        match self {
            Self::NonSaturating => Ok(binary_cross_entropy(fake.tensor(), 1.0)?),
            Self::Hinge | Self::Wasserstein => Ok(mean(fake.tensor(), -1.0)?),
        }
    }
}

/// The mean of `max(0, 1 + sign logit)`.
fn hinge(logits: &Tensor, sign: f64) -> semantic_inpaint_tensor::Result<Tensor> {
    Ok(leaky_relu(&logits.affine(sign, 1.0)?, 0.0)?.mean_all()?)
}

/// The mean of `sign logit`.
fn mean(logits: &Tensor, sign: f64) -> semantic_inpaint_tensor::Result<Tensor> {
    Ok((logits.mean_all()? * sign)?)
}

impl fmt::Display for Objective {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NonSaturating => "non-saturating",
            Self::Hinge => "hinge",
            Self::Wasserstein => "wasserstein",
        })
    }
}

impl FromStr for Objective {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "non-saturating" => Ok(Self::NonSaturating),
            "hinge" => Ok(Self::Hinge),
            "wasserstein" => Ok(Self::Wasserstein),
            _ => Err(Error::InvalidSetting {
                what: "objective",
                expected: "non-saturating, hinge or wasserstein",
                got: format!("`{text}`"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_tensor::{Device, Var};

    use super::*;

    const REAL: [f64; 3] = [2.0, 0.25, -3.0];
    const FAKE: [f64; 3] = [-1.5, 0.5, 4.0];

    /// Loss and the gradients by both batches' logits.
    fn discriminator(objective: Objective, smoothing: f64) -> (f64, Vec<f64>, Vec<f64>) {
        let (real, fake) = (var(&REAL), var(&FAKE));
        let loss = objective
            .discriminator_loss(&logits(&real), &logits(&fake), smoothing)
            .unwrap();
        let gradients = loss.backward().unwrap();
        let gradient = |var: &Var| gradients.get(var).unwrap().to_vec1().unwrap();
        (loss.to_scalar().unwrap(), gradient(&real), gradient(&fake))
    }

    fn generator(objective: Objective) -> (f64, Vec<f64>) {
        let fake = var(&FAKE);
        let loss = objective.generator_loss(&logits(&fake)).unwrap();
        let gradients = loss.backward().unwrap();
        let gradient = gradients.get(&fake).unwrap().to_vec1().unwrap();
        (loss.to_scalar().unwrap(), gradient)
    }

    fn var(values: &[f64]) -> Var {
        Var::new(values, &Device::Cpu).unwrap()
    }

    fn logits(var: &Var) -> Logits {
        Logits::new(var.as_tensor().clone()).unwrap()
    }

    fn assert_near(got: f64, want: f64) {
        assert!((got - want).abs() < 1e-12, "{got} {want}");
    }

    #[test]
    fn losses_equal_their_formulas() {
        let s = |x: f64| 1.0 / (1.0 + (-x).exp());
        let mean =
            |values: [f64; 3], f: &dyn Fn(f64) -> f64| values.map(f).iter().sum::<f64>() / 3.0;
        for smoothing in [0.0, 0.1] {
            let real = mean(REAL, &|x| {
                -(1.0 - smoothing) * s(x).ln() - smoothing * (1.0 - s(x)).ln()
            });
            let want = real + mean(FAKE, &|x| -(1.0 - s(x)).ln());
            assert_near(discriminator(Objective::NonSaturating, smoothing).0, want);
        }
        assert_near(
            generator(Objective::NonSaturating).0,
            mean(FAKE, &|x| -s(x).ln()),
        );
        let want = mean(REAL, &|x| (1.0 - x).max(0.0)) + mean(FAKE, &|x| (1.0 + x).max(0.0));
        assert_near(discriminator(Objective::Hinge, 0.0).0, want);
        let want = mean(FAKE, &|x| x) - mean(REAL, &|x| x);
        assert_near(discriminator(Objective::Wasserstein, 0.0).0, want);
        for objective in [Objective::Hinge, Objective::Wasserstein] {
            assert_near(generator(objective).0, mean(FAKE, &|x| -x));
        }
    }

    #[test]
    fn a_hinge_lets_go_of_images_beyond_the_margin() {
        let third = 1.0 / 3.0;
        let (_, real, fake) = discriminator(Objective::Hinge, 0.0);
        assert_eq!(real, [0.0, -third, -third]);
        assert_eq!(fake, [0.0, third, third]);
        let (_, real, fake) = discriminator(Objective::Wasserstein, 0.0);
        assert_eq!((real, fake), (vec![-third; 3], vec![third; 3]));
    }

    #[test]
    fn names_round_trip() {
        for objective in [
            Objective::NonSaturating,
            Objective::Hinge,
            Objective::Wasserstein,
        ] {
            assert_eq!(
                objective.to_string().parse::<Objective>().unwrap(),
                objective
            );
            let json = serde_json::to_string(&objective).unwrap();
            assert_eq!(json, format!("\"{objective}\""));
        }
        let message = "gan".parse::<Objective>().unwrap_err().to_string();
        assert!(message.contains("non-saturating, hinge or wasserstein"));
    }
}
