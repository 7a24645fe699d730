use semantic_inpaint_context_encoder::ContextEncoderModel;
use semantic_inpaint_data::ImageSet;
use semantic_inpaint_dcgan::DcganModel;
use semantic_inpaint_latent_encoder::LatentEncoderModel;
use semantic_inpaint_latent_search::SearchConfig;
use semantic_inpaint_tensor::Device;

use super::{AutoRule, MethodName};
use crate::{Error, Result, SearchCalibration};

/// What methods may need to be built; a method takes what it needs and ignores the rest.
///
/// ```
/// use semantic_inpaint::{Method, MethodContext, MethodName};
///
/// let nothing = MethodContext::default();
/// assert!(Method::build(MethodName::Telea, &nothing).is_ok());
/// let refused = Method::build(MethodName::NearestImage, &nothing).unwrap_err();
/// assert!(refused.to_string().contains("training set"));
/// ```
#[derive(Debug, Clone)]
pub struct MethodContext<'a> {
    /// The generator and its discriminator, on any device.
    pub model: Option<&'a DcganModel>,
    /// What the model is called, for [`Method::settings`](crate::Method::settings); empty without a name.
    pub model_name: &'a str,
    /// An encoder of the model's latents, for searches that start at
    /// [`LatentStart::Encoder`](semantic_inpaint_latent_search::LatentStart::Encoder).
    pub latent_encoder: Option<&'a LatentEncoderModel>,
    /// The settings of the search. Its seed is also that of the methods that draw random numbers, texture
    /// synthesis and patch completion.
    pub search: SearchConfig,
    /// What [`MethodName::Auto`] gives a hole to.
    pub auto_rule: AutoRule,
    /// What to expect of searches, beside what the embedded models' calibrations say.
    pub calibrations: &'a [SearchCalibration],
    /// Trained Context Encoders of one size. A hole goes to the first that was trained on it, else to the
    /// first that covers it.
    pub context_encoders: &'a [ContextEncoderModel],
    /// Images that are framed like the photos.
    pub training_set: Option<&'a ImageSet>,
    /// Where networks run.
    pub device: Device,
}

impl Default for MethodContext<'_> {
    fn default() -> Self {
        Self {
            model: None,
            model_name: "",
            latent_encoder: None,
            search: SearchConfig::paper(),
            auto_rule: AutoRule::default(),
            calibrations: &[],
            context_encoders: &[],
            training_set: None,
            device: Device::Cpu,
        }
    }
}

impl<'a> MethodContext<'a> {
    pub(super) fn model(&self, method: MethodName) -> Result<&'a DcganModel> {
        self.model.ok_or(Error::MissingModel { method })
    }

    pub(super) fn training_set(&self, method: MethodName) -> Result<&'a ImageSet> {
        self.training_set
            .ok_or(Error::MissingTrainingSet { method })
    }
}
