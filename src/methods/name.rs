use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// A method that fills holes, by the name that it has in tables and on the command line.
///
/// [`Method::build`](crate::Method::build) makes it ready. A method of any size works on a photo's own pixels
/// within the window round the hole, up to these bounds; larger windows are reduced to them.
///
/// | name | needs | works on at most | what its time grows with |
/// |---|---|---|---|
/// | `latent` | a model | the model's size | iterations, restarts |
/// | `auto` | a model | as the method it chooses | as the method it chooses |
/// | `context-encoder` | Context Encoders | their size | one pass through a network |
/// | `harmonic` | | 1024 x 1024 | (missing pixels)^1.5, and as much memory as a gigabyte |
/// | `biharmonic` | | 512 x 512 | the same, eight times |
/// | `telea` | | 2048 x 2048 | missing pixels |
/// | `total-variation` | | 256 x 256 | up to 1,000 times missing pixels |
/// | `low-rank` | | 128 x 128 | hundreds of times (short side)^2 (long side) |
/// | `texture-synthesis` | | 192 x 192 | missing pixels times up to 4,096 candidates |
/// | `patch-completion` | | 512 x 512 | some ten thousand operations a missing pixel |
/// | `nearest-image` | training images | their size | training images |
/// | `mean-image` | training images | their size | |
///
/// ```
/// use semantic_inpaint::{MethodName, Requirement};
///
/// let method: MethodName = "low-rank".parse()?;
/// assert_eq!(method, MethodName::LowRank);
/// assert_eq!(method.requirement(), Requirement::Nothing);
/// assert!(MethodName::all().contains(&method));
/// # Ok::<(), semantic_inpaint::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum MethodName {
    /// The search of a generator's latent space: [`LatentSearch`](crate::LatentSearch).
    #[default]
    Latent,
    /// One method for shallow holes and one for deep ones: [`AutoRule`](crate::AutoRule).
    Auto,
    /// [`ContextEncoder`](crate::context_encoder::ContextEncoder), trained for the hole.
    ContextEncoder,
    /// [`Harmonic`](crate::classical::Harmonic).
    Harmonic,
    /// [`Biharmonic`](crate::classical::Biharmonic).
    Biharmonic,
    /// [`Telea`](crate::classical::Telea).
    Telea,
    /// [`TotalVariation`](crate::classical::TotalVariation).
    TotalVariation,
    /// [`TruncatedNuclearNorm`](crate::classical::TruncatedNuclearNorm).
    LowRank,
    /// [`TextureSynthesis`](crate::classical::TextureSynthesis).
    TextureSynthesis,
    /// [`PatchCompletion`](crate::classical::PatchCompletion).
    PatchCompletion,
    /// [`NearestImage`](crate::classical::NearestImage).
    NearestImage,
    /// [`MeanImage`](crate::classical::MeanImage).
    MeanImage,
}

/// What a method needs besides the corrupted images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Requirement {
    /// Nothing.
    Nothing,
    /// A generator, and its discriminator where the search has a prior loss.
    Model,
    /// One or more Context Encoders.
    ContextEncoder,
    /// Images that are framed like the photos.
    TrainingSet,
}

impl MethodName {
    /// All methods, the search first.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &[
            Self::Latent,
            Self::Auto,
            Self::ContextEncoder,
            Self::Harmonic,
            Self::Biharmonic,
            Self::Telea,
            Self::TotalVariation,
            Self::LowRank,
            Self::TextureSynthesis,
            Self::PatchCompletion,
            Self::NearestImage,
            Self::MeanImage,
        ]
    }

    /// The name in kebab case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Latent => "latent",
            Self::Auto => "auto",
            Self::ContextEncoder => "context-encoder",
            Self::Harmonic => "harmonic",
            Self::Biharmonic => "biharmonic",
            Self::Telea => "telea",
            Self::TotalVariation => "total-variation",
            Self::LowRank => "low-rank",
            Self::TextureSynthesis => "texture-synthesis",
            Self::PatchCompletion => "patch-completion",
            Self::NearestImage => "nearest-image",
            Self::MeanImage => "mean-image",
        }
    }

    /// What fills the hole, in one line.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Latent => "the generated image that fits best, by search (Yeh et al. 2017)",
            Self::Auto => {
                "a fill for shallow and scattered holes, for deep ones what suits the model"
            }
            Self::ContextEncoder => "one pass through a network that was trained for the hole",
            Self::Harmonic => "a membrane: the smoothest fill",
            Self::Biharmonic => "a thin plate, which continues slopes too",
            Self::Telea => "averages from the border inward, as OpenCV's INPAINT_TELEA",
            Self::TotalVariation => "the fewest and straightest edges",
            Self::LowRank => "combinations of other rows and columns",
            Self::TextureSynthesis => "pixels from elsewhere, one by one (Efros and Leung 1999)",
            Self::PatchCompletion => "patches from elsewhere, all at once (Wexler et al. 2007)",
            Self::NearestImage => "the most similar training image, blended",
            Self::MeanImage => "the mean of the training images",
        }
    }

    /// What the method needs.
    #[must_use]
    pub fn requirement(self) -> Requirement {
        match self {
            Self::Latent | Self::Auto => Requirement::Model,
            Self::ContextEncoder => Requirement::ContextEncoder,
            Self::NearestImage | Self::MeanImage => Requirement::TrainingSet,
            Self::Harmonic
            | Self::Biharmonic
            | Self::Telea
            | Self::TotalVariation
            | Self::LowRank
            | Self::TextureSynthesis
            | Self::PatchCompletion => Requirement::Nothing,
        }
    }

    /// The names of all methods, for messages.
    fn list() -> String {
        let names: Vec<&str> = Self::all().iter().map(|method| method.as_str()).collect();
        names.join(", ")
    }
}

impl fmt::Display for MethodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for MethodName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::all().iter().find(|method| method.as_str() == text);
        found.copied().ok_or_else(|| Error::UnknownMethod {
            got: text.into(),
            methods: Self::list(),
        })
    }
}
