use std::sync::{Arc, OnceLock};

use semantic_inpaint_dcgan::{DcganDiscriminator, DcganEncoder, DcganGenerator, DcganModel};
use semantic_inpaint_latent_search::{Calibration, CalibrationSample, LatentSearch, SearchConfig};
use semantic_inpaint_nn::{Network as _, Params};
use semantic_inpaint_tensor::Device;

use super::Method;
use super::method::Kind;
use super::weights::weights_hash;
use crate::{Error, Result, SearchCalibration};

type Search = LatentSearch<DcganGenerator, DcganDiscriminator>;

/// A model and the settings of its search, whose networks are frozen when they are first needed.
#[derive(Debug, Clone)]
pub(super) struct Latent {
    pub(super) model: DcganModel,
    encoder: Option<DcganEncoder>,
    pub(super) config: SearchConfig,
    frozen: OnceLock<Arc<Search>>,
    weights: OnceLock<String>,
    calibrations: Vec<SearchCalibration>,
    /// The one for these networks and settings, if there is one.
    calibration: OnceLock<Option<Calibration>>,
}

impl Latent {
    /// With a model of RGB images, on the device that it is on.
    pub(super) fn new(model: DcganModel, config: SearchConfig) -> Result<Self> {
        match model.generator.config().image_channels {
            3 => Ok(Self {
                model,
                encoder: None,
                config,
                frozen: OnceLock::new(),
                weights: OnceLock::new(),
                calibrations: Vec::new(),
                calibration: OnceLock::new(),
            }),
            got => Err(Error::ModelChannels { got }),
        }
    }

    /// The same with an encoder of the model's latents.
    pub(super) fn with_encoder(self, encoder: DcganEncoder) -> Self {
        Self {
            encoder: Some(encoder),
            frozen: OnceLock::new(),
            weights: OnceLock::new(),
            calibration: OnceLock::new(),
            ..self
        }
    }

    pub(super) fn with_config(self, config: SearchConfig) -> Self {
        Self {
            config,
            frozen: OnceLock::new(),
            calibration: OnceLock::new(),
            ..self
        }
    }

    /// The same with the model on a device.
    pub(super) fn with_device(self, device: &Device) -> Result<Self> {
        let DcganModel {
            generator,
            discriminator,
            card,
        } = self.model;
        let config = *generator.config();
        let weights = |params: &Params| {
            params
                .to_tensors()
                .map_err(semantic_inpaint_dcgan::Error::from)
        };
        let generator =
            DcganGenerator::from_tensors(config, &weights(generator.params())?, device)?;
        let discriminator = match discriminator {
            Some(discriminator) => {
                let weights = weights(discriminator.params())?;
                Some(DcganDiscriminator::from_tensors(config, &weights, device)?)
            }
            None => None,
        };
        let model = DcganModel {
            generator,
            discriminator,
            card,
        };
        let mut moved = Self::new(model, self.config)?;
        moved.set_calibrations(&self.calibrations);
        let Some(encoder) = self.encoder else {
            return Ok(moved);
        };
        let tensors = weights(encoder.params())?;
        let encoder = DcganEncoder::from_tensors(*encoder.config(), &tensors, device)?;
        Ok(moved.with_encoder(encoder))
    }

    /// Calibrations, of which it may take one.
    pub(super) fn set_calibrations(&mut self, calibrations: &[SearchCalibration]) {
        self.calibrations = calibrations.to_vec();
        self.calibration = OnceLock::new();
    }

    /// What to expect of its fills.
    pub(super) fn calibration(&self) -> Option<&Calibration> {
        let find = || {
            // Those of this build were read by its tests.
            let embedded = SearchCalibration::embedded().unwrap_or_default();
            let mut all = self.calibrations.iter().chain(&embedded);
            let found = all.find(|one| one.is_for(&self.config) && one.weights == self.hash());
            found.map(|one| one.calibration.clone())
        };
        self.calibration.get_or_init(find).as_ref()
    }

    /// The calibration of this search by samples of it.
    pub(super) fn calibrate(
        &self,
        model_name: &str,
        samples: &[CalibrationSample],
        provenance: String,
    ) -> Result<SearchCalibration> {
        Ok(SearchCalibration {
            model: model_name.into(),
            weights: self.hash().into(),
            search: self.config,
            provenance,
            calibration: Calibration::fit(samples)?,
        })
    }

    /// The search.
    pub(super) fn search(&self) -> Result<&Search> {
        if let Some(search) = self.frozen.get() {
            return Ok(search);
        }
        let (generator, discriminator) = (&self.model.generator, self.model.discriminator.as_ref());
        let mut search = LatentSearch::new(generator, discriminator, self.config)?;
        if let Some(encoder) = &self.encoder {
            search = search.with_encoder(encoder)?;
        }
        Ok(self.frozen.get_or_init(|| Arc::new(search)))
    }

    pub(super) fn size_px(&self) -> usize {
        self.model.generator.config().image_size_px
    }

    fn hash(&self) -> &str {
        self.weights.get_or_init(|| self.weights())
    }

    /// What tells the networks' weights from those of other models; a network whose weights cannot be
    /// read cannot search either.
    fn weights(&self) -> String {
        let mut networks = vec![self.model.generator.params()];
        let discriminator = self.model.discriminator.as_ref();
        networks.extend(discriminator.map(DcganDiscriminator::params));
        networks.extend(self.encoder.as_ref().map(DcganEncoder::params));
        weights_hash(&networks).unwrap_or_else(|_| "unreadable".into())
    }

    /// Model, its weights and settings in one line.
    pub(super) fn settings(&self, model_name: &str) -> String {
        let card = &self.model.card;
        let name = if model_name.is_empty() {
            "model"
        } else {
            model_name
        };
        format!(
            "{name} of {} steps on {}, weights {}, {:?}{}; {:?}",
            card.steps,
            match card.dataset.as_str() {
                "" => "unnamed images",
                dataset => dataset,
            },
            self.hash(),
            self.model.generator.config(),
            match &self.encoder {
                Some(encoder) => format!(" with {:?}", encoder.config()),
                None => String::new(),
            },
            self.config,
        )
    }
}

impl Method {
    /// Whether an encoder can tell its search where to start.
    #[must_use]
    pub fn has_latent_encoder(&self) -> bool {
        match &self.kind {
            Kind::Latent { latent, .. } => latent.encoder.is_some(),
            Kind::Fill(_) => false,
            Kind::Auto(auto) => auto.searching().has_latent_encoder(),
        }
    }
}
