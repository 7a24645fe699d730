use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{invalid, unknown};
use crate::{Error, Result};

/// The rate of [`LatentOptimizer::Lbfgs`] that a spelling leaves out.
const LBFGS_RATE: f64 = 0.1;

/// How z moves along the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LatentOptimizer {
    /// Adam (Kingma and Ba 2015) with decays 0.9 and 0.999.
    Adam {
        /// Step size.
        learning_rate: f64,
    },
    /// Gradient descent with Nesterov's momentum: `v' = m v - a g; z += (1 + m) v' - m v`.
    Nesterov {
        /// Step size, a.
        learning_rate: f64,
        /// Momentum, m.
        momentum: f64,
    },
    /// Limited-memory BFGS (Liu and Nocedal 1989), each restart by itself and with one evaluation of the
    /// objective in an iteration.
    ///
    /// A step of length 1 along the direction of the two-loop recursion is tried. Where it does not lower
    /// the objective by Armijo's rule, with the step as the constraint left it, the next iteration tries
    /// half of it from the same point. A pair of step and change of the gradient is remembered if its
    /// curvature is positive. Coordinates that a box holds back are left out of the direction (Bertsekas
    /// 1982). The schedule shortens every step. On a CUDA device the host moves the latents.
    Lbfgs {
        /// Pairs that are remembered, at least 1; 5 to 20 are usual.
        history: usize,
        /// Root mean square of the coordinates of a step that knows no curvature, as the first.
        learning_rate: f64,
    },
}

impl LatentOptimizer {
    /// Succeeds when every number is in its range.
    pub(super) fn validate(self) -> Result<()> {
        let (learning_rate, momentum, history) = match self {
            Self::Adam { learning_rate } => (learning_rate, 0.0, 1),
            Self::Nesterov {
                learning_rate,
                momentum,
            } => (learning_rate, momentum, 1),
            Self::Lbfgs {
                history,
                learning_rate,
            } => (learning_rate, 0.0, history),
        };
        if !(learning_rate.is_finite() && learning_rate > 0.0) {
            let got = learning_rate.to_string();
            return Err(invalid("learning rate of z", "a positive number", got));
        }
        if !(0.0..1.0).contains(&momentum) {
            let got = momentum.to_string();
            return Err(invalid("momentum of z", "at least 0 and below 1", got));
        }
        if history == 0 {
            let what = "history of L-BFGS";
            return Err(invalid(what, "at least 1 pair", history.to_string()));
        }
        Ok(())
    }
}

impl fmt::Display for LatentOptimizer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adam { learning_rate } => write!(formatter, "adam:{learning_rate}"),
            Self::Nesterov {
                learning_rate,
                momentum,
            } => write!(formatter, "nesterov:{learning_rate}:{momentum}"),
            Self::Lbfgs {
                history,
                learning_rate,
            } => write!(formatter, "lbfgs:{history}:{learning_rate}"),
        }
    }
}

impl FromStr for LatentOptimizer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let number = |text: &str| text.parse::<f64>().ok();
        let lbfgs = |history: &str, learning_rate| {
            Some(Self::Lbfgs {
                history: history.parse().ok()?,
                learning_rate,
            })
        };
        let optimizer = match parts[..] {
            ["adam", rate] => number(rate).map(|learning_rate| Self::Adam { learning_rate }),
            ["nesterov", rate, momentum] => {
                let numbers = number(rate).zip(number(momentum));
                numbers.map(|(learning_rate, momentum)| Self::Nesterov {
                    learning_rate,
                    momentum,
                })
            }
            ["lbfgs", history] => lbfgs(history, LBFGS_RATE),
            ["lbfgs", history, rate] => number(rate).and_then(|rate| lbfgs(history, rate)),
            _ => None,
        };
        let expected = "adam:RATE, nesterov:RATE:MOMENTUM or lbfgs:HISTORY[:RATE]";
        let optimizer = optimizer.ok_or_else(|| unknown("optimizer", expected, text))?;
        optimizer.validate()?;
        Ok(optimizer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_round_trip_and_others_are_refused_with_the_known_ones() {
        for text in ["adam:0.03", "nesterov:0.0003:0.9", "lbfgs:10:0.25"] {
            assert_eq!(text.parse::<LatentOptimizer>().unwrap().to_string(), text);
        }
        let usual: LatentOptimizer = "lbfgs:7".parse().unwrap();
        assert_eq!(usual.to_string(), "lbfgs:7:0.1");
        for text in [
            "adam",
            "adam:x",
            "nesterov:0.1",
            "adam:0.1:0.9",
            "lbfgs",
            "lbfgs:-3",
            "lbfgs:0.1",
        ] {
            let message = text.parse::<LatentOptimizer>().unwrap_err().to_string();
            assert!(message.contains("adam:RATE"), "{message}");
            assert!(message.contains("lbfgs:HISTORY"), "{message}");
        }
        for (text, name) in [
            ("lbfgs:0", "history"),
            ("adam:-1", "rate"),
            ("nesterov:1:1", "momentum"),
        ] {
            let message = text.parse::<LatentOptimizer>().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
    }
}
