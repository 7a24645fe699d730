use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use semantic_inpaint::data::{Flip, Split};
use semantic_inpaint::train::TrainConfig;
use semantic_inpaint::{DcganConfig, Framing};
use serde::{Deserialize, Serialize};

/// Every setting of a run, as its `config.toml` holds them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RunConfig {
    pub(super) model: DcganConfig,
    pub(super) train: TrainConfig,
    pub(super) data: DataConfig,
    pub(super) score: ScoreConfig,
}

/// How checkpoints are scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ScoreConfig {
    /// Samples, and real images in each half; 0 for no scores.
    pub(super) samples: usize,
}

impl Default for ScoreConfig {
    fn default() -> Self {
        Self { samples: 500 }
    }
}

/// The training images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DataConfig {
    pub(super) source: PathBuf,
    pub(super) framing: Framing,
    /// Empty is all.
    pub(super) classes: Vec<String>,
    pub(super) split: Split,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<usize>,
    pub(super) max_unreadable_share: f64,
    /// Where prepared sets are kept and found again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache: Option<PathBuf>,
    pub(super) flip: Flip,
    /// What the model card says of the images; empty is the source's name.
    pub(super) dataset_name: String,
    /// What the model card says of the terms of use.
    pub(super) licence: String,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            source: PathBuf::new(),
            framing: Framing::CenterCrop,
            classes: Vec::new(),
            split: Split::All,
            limit: None,
            max_unreadable_share: 0.01,
            cache: None,
            flip: Flip::Horizontal,
            dataset_name: String::new(),
            licence: String::new(),
        }
    }
}

impl RunConfig {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: the settings cannot be read", path.display()))?;
        Self::from_toml(&text, path)
    }

    pub(super) fn from_toml(text: &str, path: &Path) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let number = 1 + text.as_bytes()[..start]
                .iter()
                .filter(|&&b| b == b'\n')
                .count();
            let message = error.message().replace('\n', " ");
            anyhow!("{}, line {number}: {message}", path.display())
        })
    }

    pub(super) fn to_toml(&self) -> Result<String> {
        toml::to_string(self).context("a setting is too large for config.toml")
    }

    /// Succeeds when a run can be made of these settings.
    pub(super) fn validate(&self) -> Result<()> {
        if self.data.source.as_os_str().is_empty() {
            bail!("no training images: name a folder, archive or prepared set with --data");
        }
        self.model.validate()?;
        self.train.validate()?;
        if self.model.image_channels != 3 {
            bail!("training images are RGB: set image_channels = 3");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_round_trip_and_are_complete() {
        let mut config = RunConfig::default();
        config.data.limit = Some(7);
        let text = config.to_toml().unwrap();
        let path = Path::new("config.toml");
        assert_eq!(RunConfig::from_toml(&text, path).unwrap(), config);
        for key in ["learning_rate", "flip", "latent_prior", "framing", "seed"] {
            assert!(text.contains(key), "{key} is not in {text}");
        }
    }

    #[test]
    fn unknown_settings_are_named_with_file_and_line() {
        let text = "[train]\nsteps = 3\nstep = 4\n";
        let error = RunConfig::from_toml(text, Path::new("own.toml")).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("own.toml, line 3"), "{message}");
        assert!(message.contains("`step`"), "{message}");
    }
}
