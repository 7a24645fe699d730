use std::path::Path;

use semantic_inpaint_data::write_atomically;
use semantic_inpaint_latent_search::{Calibration, Engine, SearchConfig};
use semantic_inpaint_pretrained::PretrainedModel;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A calibration of fills with what it was made for and of.
///
/// Those that were made for the embedded models are part of the library; others lie in a file, which
/// `semantic-inpaint calibrate` writes. A search takes the one for its networks and settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchCalibration {
    /// What the model is called.
    pub model: String,
    /// The hash of the networks' weights, those of an encoder among them.
    pub weights: String,
    /// The settings of the search. Its seed and its engine make no difference.
    pub search: SearchConfig,
    /// Images and masks that it was fitted to, in words.
    pub provenance: String,
    /// What to expect.
    pub calibration: Calibration,
}

impl SearchCalibration {
    /// Those of the embedded models.
    ///
    /// # Errors
    ///
    /// [`Error::Calibrations`] when they were damaged.
    pub fn embedded() -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for model in PretrainedModel::ALL
            .iter()
            .filter(|model| model.is_embedded())
        {
            let text = model.calibrations_text()?;
            all.extend(parsed(text, format_args!("the embedded model `{model}`"))?);
        }
        Ok(all)
    }

    /// Those in a file.
    ///
    /// # Errors
    ///
    /// [`Error::Calibrations`] naming the file.
    pub fn read(path: &Path) -> Result<Vec<Self>> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::Calibrations {
            of: path.display().to_string(),
            reason: error.to_string(),
        })?;
        parsed(&text, path.display())
    }

    /// Writes calibrations to a file, which appears whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] naming the file.
    pub fn write(path: &Path, calibrations: &[Self]) -> Result<()> {
        let text = serde_json::to_string_pretty(calibrations);
        let text = text.map_err(|error| Error::Calibrations {
            of: path.display().to_string(),
            reason: error.to_string(),
        })?;
        Ok(write_atomically(path, format!("{text}\n").as_bytes())?)
    }

    /// Whether it is for a search with these settings; of which networks is not asked.
    #[must_use]
    pub fn is_for(&self, search: &SearchConfig) -> bool {
        let alike = |search: &SearchConfig| SearchConfig {
            seed: 0,
            engine: Engine::default(),
            ..*search
        };
        alike(&self.search) == alike(search)
    }
}

fn parsed(text: &str, of: impl std::fmt::Display) -> Result<Vec<SearchCalibration>> {
    serde_json::from_str(text).map_err(|error| Error::Calibrations {
        of: of.to_string(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_latent_search::{CalibrationSample, Evidence, Favor, Precision};

    use super::*;

    fn made_up() -> SearchCalibration {
        let sample = |place: u32| CalibrationSample {
            evidence: Evidence {
                ring_error: 0.02 + 0.001 * f64::from(place % 7),
                disagreement: None,
                depth_px: 1.0 + f64::from(place % 3),
            },
            hole_psnr_db: 25.0 - f64::from(place % 7),
        };
        let samples: Vec<CalibrationSample> = (0..30).map(sample).collect();
        SearchCalibration {
            model: "made up".into(),
            weights: "00".into(),
            search: SearchConfig::fast(),
            provenance: "no images".into(),
            calibration: Calibration::fit(&samples).unwrap(),
        }
    }

    #[test]
    fn those_of_the_embedded_models_are_whole_and_each_for_other_searches() {
        let all = SearchCalibration::embedded().unwrap();
        for (place, one) in all.iter().enumerate() {
            one.search.validate().unwrap();
            let [low, high] = one.calibration.residuals_db;
            assert!(low < high && one.calibration.num_samples >= 20);
            let others = &all[..place];
            let is_double = |other: &SearchCalibration| {
                other.weights == one.weights && other.is_for(&one.search)
            };
            assert!(!others.iter().any(is_double), "{} twice", one.model);
        }
    }

    #[test]
    fn calibrations_survive_their_file_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.json");
        let some = [made_up(), made_up()];
        SearchCalibration::write(&path, &some).unwrap();
        let read = SearchCalibration::read(&path).unwrap();
        assert_eq!(read.len(), some.len());
        let evidence = Evidence {
            ring_error: 0.021,
            disagreement: None,
            depth_px: 2.0,
        };
        for (read, some) in read.iter().zip(&some) {
            // The last bit of a number may get lost on its way through decimals.
            let expected = |one: &SearchCalibration| one.calibration.expect(&evidence).unwrap();
            assert!((expected(read).psnr_db - expected(some).psnr_db).abs() < 1e-9);
            let rest = SearchCalibration {
                calibration: some.calibration.clone(),
                ..read.clone()
            };
            assert_eq!(&rest, some);
        }
        std::fs::write(&path, "[{}]").unwrap();
        let damaged = SearchCalibration::read(&path).unwrap_err().to_string();
        assert!(
            damaged.contains("some.json") && damaged.contains("calibrate"),
            "{damaged}"
        );
        assert!(SearchCalibration::read(&folder.path().join("none")).is_err());
    }

    #[test]
    fn seed_and_engine_make_no_difference_and_every_other_setting_does() {
        let own = made_up();
        let same = SearchConfig {
            seed: 9,
            engine: Engine::Frozen {
                favor: Favor::Throughput,
                precision: Precision::Bf16,
            },
            ..SearchConfig::fast()
        };
        assert!(own.is_for(&same));
        assert!(!own.is_for(&SearchConfig { window: 9, ..same }));
        assert!(!own.is_for(&SearchConfig::best()));
    }
}
