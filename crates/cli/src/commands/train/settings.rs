use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use semantic_inpaint::Framing;
use semantic_inpaint::data::{Flip, Split};
use semantic_inpaint::train::TrainConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Every setting of a run, as its `config.toml` holds them. The default is that of a new run.
pub(super) trait RunSettings: Default + Serialize + DeserializeOwned {
    /// Succeeds when a run can be made of these settings.
    fn validate(&self) -> Result<()>;

    fn image_size_px(&self) -> usize;

    fn train(&self) -> &TrainConfig;

    fn train_mut(&mut self) -> &mut TrainConfig;

    fn data(&self) -> &DataConfig;
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

impl DataConfig {
    pub(super) fn validate(&self) -> Result<()> {
        if self.source.as_os_str().is_empty() {
            bail!("no training images: name a folder, archive or prepared set with --data");
        }
        Ok(())
    }
}

pub(super) fn read<S: RunSettings>(path: &Path) -> Result<S> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: the settings cannot be read", path.display()))?;
    from_toml(&text, path)
}

/// The settings in a text, and those of a new run where it says nothing.
pub(super) fn from_toml<S: RunSettings>(text: &str, path: &Path) -> Result<S> {
    let located = |error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let number = 1 + text.as_bytes()[..start]
            .iter()
            .filter(|&&b| b == b'\n')
            .count();
        let message = error.message().replace('\n', " ");
        anyhow!("{}, line {number}: {message}", path.display())
    };
    // Once as it is, for errors with their line; then over the defaults of this kind of run, which in a
    // nested table may differ from those of the table's own type.
    toml::from_str::<S>(text).map_err(located)?;
    let given: toml::Table = toml::from_str(text).map_err(located)?;
    let mut settings = toml::Table::try_from(S::default())?;
    overlay(&mut settings, given);
    settings.try_into().map_err(located)
}

/// Replaces what `over` holds, table by table.
fn overlay(table: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(over)) => overlay(inner, over),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

pub(super) fn to_toml(settings: &impl RunSettings) -> Result<String> {
    toml::to_string(settings).context("a setting is too large for config.toml")
}
