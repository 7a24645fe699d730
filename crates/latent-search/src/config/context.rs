use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{invalid, unknown};
use crate::{Error, Result};

/// How much each known pixel counts in the context loss; the hole has weight 0 with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContextWeights {
    /// By the missing pixels in a window round it, as in the paper: 0 far from the hole. The window's
    /// side is [`SearchConfig::window`](crate::SearchConfig::window).
    #[default]
    Window,
    /// The mean of the weights of several windows: high next to the hole as with a narrow one, and not 0 where
    /// only a wide one reaches.
    Windows(WindowSizes),
    /// All alike, 1.
    Uniform,
}

/// Windows that are used at most.
const MAX_WINDOWS: usize = 4;

/// Sides of up to four windows in pixels. The spelling is `7,15,31`.
///
/// ```
/// use semantic_inpaint_latent_search::WindowSizes;
///
/// let sizes: WindowSizes = "7,15,31".parse()?;
/// assert_eq!(sizes.as_slice(), [7, 15, 31]);
/// # Ok::<(), semantic_inpaint_latent_search::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
pub struct WindowSizes {
    sizes: [usize; MAX_WINDOWS],
    count: usize,
}

impl WindowSizes {
    /// These sides. That each is odd is checked with the mask.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] for no window or more than four.
    pub fn new(sizes: &[usize]) -> Result<Self> {
        if !(1..=MAX_WINDOWS).contains(&sizes.len()) {
            let got = sizes.len().to_string();
            return Err(invalid("number of windows", "from 1 to 4", got));
        }
        let mut kept = [0; MAX_WINDOWS];
        kept[..sizes.len()].copy_from_slice(sizes);
        Ok(Self {
            sizes: kept,
            count: sizes.len(),
        })
    }

    /// The sides in pixels.
    #[must_use]
    pub fn as_slice(&self) -> &[usize] {
        &self.sizes[..self.count]
    }
}

impl TryFrom<Vec<usize>> for WindowSizes {
    type Error = Error;

    fn try_from(sizes: Vec<usize>) -> Result<Self> {
        Self::new(&sizes)
    }
}

impl From<WindowSizes> for Vec<usize> {
    fn from(sizes: WindowSizes) -> Self {
        sizes.as_slice().to_vec()
    }
}

impl fmt::Debug for WindowSizes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(formatter)
    }
}

impl fmt::Display for WindowSizes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.as_slice().iter().map(ToString::to_string).collect();
        formatter.write_str(&sizes.join(","))
    }
}

impl FromStr for WindowSizes {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let sizes = text.split(',').map(str::parse);
        match sizes.collect::<std::result::Result<Vec<usize>, _>>() {
            Ok(sizes) => Self::new(&sizes),
            Err(_) => Err(unknown("windows", "numbers of pixels as 7,15,31", text)),
        }
    }
}

/// How far a generated pixel is from a known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContextDistance {
    /// `|G(z) - y|`, as in the paper.
    #[default]
    Absolute,
    /// `(G(z) - y)^2`, as in searches by compressed sensing (Bora et al. 2017): the distance whose
    /// mean PSNR measures.
    Squared,
}

/// How the weighted distances of pixels become the context loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContextReduction {
    /// Divided by the sum of the weights over all channels: a mean distance on the scale of
    /// `[-1, 1]`, the same for every mask.
    WeightedMean,
    /// The plain sum, as in the published code.
    Sum,
}

impl ContextReduction {
    /// The factor of a mean, or that of a sum.
    pub(crate) fn or_sum(self, of_mean: f64) -> f64 {
        match self {
            Self::WeightedMean => of_mean,
            Self::Sum => 1.0,
        }
    }
}

impl fmt::Display for ContextWeights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window => formatter.write_str("window"),
            Self::Windows(sizes) => write!(formatter, "windows:{sizes}"),
            Self::Uniform => formatter.write_str("uniform"),
        }
    }
}

impl FromStr for ContextWeights {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match (text, text.strip_prefix("windows:")) {
            ("window", _) => Ok(Self::Window),
            ("uniform", _) => Ok(Self::Uniform),
            (_, Some(sizes)) => sizes.parse().map(Self::Windows),
            _ => {
                let expected = "window, windows:SIZE,SIZE or uniform";
                Err(unknown("context weights", expected, text))
            }
        }
    }
}

impl fmt::Display for ContextDistance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Absolute => "absolute",
            Self::Squared => "squared",
        })
    }
}

impl FromStr for ContextDistance {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "absolute" => Ok(Self::Absolute),
            "squared" => Ok(Self::Squared),
            _ => Err(unknown("context distance", "absolute or squared", text)),
        }
    }
}
