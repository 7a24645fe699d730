use std::fmt;
use std::sync::Arc;

use semantic_inpaint_dcgan::DcganModel;
use semantic_inpaint_latent_search::{Blend, SearchConfig, SearchObserver, SearchResult, Silent};
use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask};
use semantic_inpaint_tensor::{Device, ImageBatch};

use super::auto::Auto;
use super::latent::Latent;
use super::{Choice, MethodCompletion, MethodName, Variant, merged};
use crate::{Error, Result, SearchCalibration};

/// A method that is ready to fill holes.
///
/// It sees [`CorruptedImages`] alone, so what a hole held has no influence on the result. Known pixels come
/// back bit for bit, equal arguments give equal results, and an image's result does not depend on the
/// images beside it. [`Inpainter::from_method`](crate::Inpainter::from_method) takes photos of any size
/// through it.
///
/// ```
/// use semantic_inpaint::{
///     CorruptedImages, Device, ImageBatch, ImageShape, Mask, Method, MethodContext, MethodName,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let method = Method::build(MethodName::Harmonic, &MethodContext::default())?;
/// let shape = ImageShape { channels: 1, height: 1, width: 3 };
/// let truth = ImageBatch::from_values(vec![-0.5, 0.9, 0.5], shape, &Device::Cpu)?;
/// let corrupted = CorruptedImages::new(&truth, &Mask::from_missing(1, 3, |_, col| col == 1)?)?;
/// assert_eq!(method.complete(&corrupted)?.to_values()?, [-0.5, 0.0, 0.5]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Method {
    name: MethodName,
    label: String,
    pub(super) kind: Kind,
}

/// The size of the images that a method works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkingSize {
    /// Squares of this side alone: those of its model or of its training set.
    Square {
        /// Height and width in pixels.
        side_px: usize,
    },
    /// Any size. A photo's window of more than so many pixels is reduced to them, so that a fill takes
    /// seconds, or a minute for the slow methods on scattered holes, and not hours.
    Any {
        /// The largest number of pixels of a window.
        max_pixels: usize,
    },
}

#[derive(Clone)]
pub(super) enum Kind {
    Latent {
        latent: Box<Latent>,
        model_name: String,
    },
    Fill(Fill),
    Auto(Auto),
}

/// A method that gives completed images and nothing else.
#[derive(Clone)]
pub(super) struct Fill {
    pub(super) inpainter: Arc<dyn Inpainter<Error = Error> + Send + Sync>,
    pub(super) size: WorkingSize,
    /// How its window is merged into a photo.
    pub(super) blend: Blend,
    pub(super) settings: String,
}

impl Method {
    pub(super) fn new(name: MethodName, kind: Kind) -> Self {
        Self {
            name,
            label: name.to_string(),
            kind,
        }
    }

    /// The same with another label, to tell two models or settings of one method apart.
    #[must_use]
    pub fn with_label(self, label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..self
        }
    }

    /// The same with these settings of the search; a method without a search stays as it is.
    #[must_use]
    pub fn with_search(self, config: SearchConfig) -> Self {
        let kind = match self.kind {
            Kind::Latent { latent, model_name } => Kind::Latent {
                latent: Box::new(latent.with_config(config)),
                model_name,
            },
            Kind::Auto(auto) => Kind::Auto(auto.map(|method| method.with_search(config))),
            fill @ Kind::Fill(_) => fill,
        };
        Self { kind, ..self }
    }

    /// The same with calibrations of searches, of which it takes the one for its networks and settings, before
    /// those of the embedded models. A method without a search stays as it is.
    #[must_use]
    pub fn with_calibrations(self, calibrations: &[SearchCalibration]) -> Self {
        let kind = match self.kind {
            Kind::Latent {
                mut latent,
                model_name,
            } => {
                latent.set_calibrations(calibrations);
                Kind::Latent { latent, model_name }
            }
            Kind::Auto(auto) => {
                Kind::Auto(auto.map(|method| method.with_calibrations(calibrations)))
            }
            fill @ Kind::Fill(_) => fill,
        };
        Self { kind, ..self }
    }

    /// The same with its networks on a device; a method without networks stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] when the weights cannot be copied there.
    pub fn with_device(self, device: &Device) -> Result<Self> {
        let kind = match self.kind {
            Kind::Latent { latent, model_name } => Kind::Latent {
                latent: Box::new(latent.with_device(device)?),
                model_name,
            },
            Kind::Auto(auto) => Kind::Auto(auto.try_map(|method| method.with_device(device))?),
            fill @ Kind::Fill(_) => fill,
        };
        Ok(Self { kind, ..self })
    }

    /// Which method it is.
    #[must_use]
    pub fn name(&self) -> MethodName {
        self.name
    }

    /// What to call it in tables: its name, unless another was given.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Everything that results depend on besides the images, in one line: settings, and where there is one
    /// the model with a hash of its weights, or the training set.
    #[must_use]
    pub fn settings(&self) -> String {
        let settings = match &self.kind {
            Kind::Latent { latent, model_name } => latent.settings(model_name),
            Kind::Fill(fill) => fill.settings.clone(),
            Kind::Auto(auto) => auto.settings(),
        };
        format!("{}: {settings}", self.name)
    }

    /// The size of the images that it works on; of [`MethodName::Auto`] that of its model's.
    #[must_use]
    pub fn working_size(&self) -> WorkingSize {
        match &self.kind {
            Kind::Latent { latent, .. } => WorkingSize::Square {
                side_px: latent.size_px(),
            },
            Kind::Fill(fill) => fill.size,
            Kind::Auto(auto) => WorkingSize::Square {
                side_px: auto.size_px,
            },
        }
    }

    /// The settings of its search, if it has one.
    #[must_use]
    pub fn search(&self) -> Option<&SearchConfig> {
        match &self.kind {
            Kind::Latent { latent, .. } => Some(&latent.config),
            Kind::Fill(_) => None,
            Kind::Auto(auto) => auto.searching().search(),
        }
    }

    /// Its generator and discriminator, if it has them.
    #[must_use]
    pub fn model(&self) -> Option<&DcganModel> {
        match &self.kind {
            Kind::Latent { latent, .. } => Some(&latent.model),
            Kind::Fill(_) => None,
            Kind::Auto(auto) => auto.searching().model(),
        }
    }

    /// How its completed window is merged into a photo; of [`MethodName::Auto`] that of its search.
    #[must_use]
    pub fn blend(&self) -> Blend {
        match &self.kind {
            Kind::Latent { latent, .. } => latent.config.blend,
            Kind::Fill(fill) => fill.blend,
            Kind::Auto(auto) => auto.searching().blend(),
        }
    }

    /// The method that fills the hole of mask `index`, of which `scale` pixels are one of the model's images:
    /// that which [`MethodName::Auto`] chooses, else this one.
    pub(crate) fn chosen(&self, mask: &Mask, index: usize, scale: f64) -> (&Self, Option<Choice>) {
        match &self.kind {
            Kind::Auto(auto) => {
                let (method, choice) = auto.chosen(mask, index, scale);
                (method, Some(choice))
            }
            _ => (self, None),
        }
    }

    /// The completed images, `[N, C, H, W]`.
    ///
    /// # Errors
    ///
    /// [`Error::Search`] and [`Error::Classical`] for images of another size than
    /// [`Method::working_size`], values that are infinite or NaN, or a failing device.
    pub fn complete(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        Ok(self.complete_observed(corrupted, &mut Silent)?.completed)
    }

    /// As [`Method::complete`], with an observer that sees the search and may stop it, and with what was
    /// found. A search that was stopped gives its best result so far; other methods are not stopped.
    ///
    /// # Errors
    ///
    /// As [`Method::complete`].
    pub fn complete_observed(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn SearchObserver,
    ) -> Result<MethodCompletion> {
        match &self.kind {
            Kind::Latent { latent, .. } => {
                let search = latent.search()?.search(corrupted, observer)?;
                Ok(MethodCompletion {
                    completed: merged(corrupted, &search.generated, &latent.config)?,
                    search: Some(search),
                    ranked: None,
                    choices: Vec::new(),
                })
            }
            Kind::Fill(fill) => Ok(MethodCompletion {
                completed: fill.inpainter.inpaint(corrupted)?,
                search: None,
                ranked: None,
                choices: Vec::new(),
            }),
            Kind::Auto(auto) => auto.complete(corrupted, |method, part| {
                method.complete_observed(part, observer)
            }),
        }
    }

    /// As [`Method::complete_observed`], with so many completions of each image, ranked, where the method has
    /// a search.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewRestarts`] when the search has fewer restarts left at its end, else as
    /// [`Method::complete`].
    pub fn complete_ranked(
        &self,
        corrupted: &CorruptedImages,
        count: usize,
        observer: &mut dyn SearchObserver,
    ) -> Result<MethodCompletion> {
        let latent = match &self.kind {
            Kind::Latent { latent, .. } => latent,
            Kind::Fill(_) => return self.complete_observed(corrupted, observer),
            Kind::Auto(auto) => {
                return auto.complete(corrupted, |method, part| {
                    method.complete_ranked(part, count, observer)
                });
            }
        };
        let left = latent.config.restarts_left();
        if count > left {
            return Err(Error::TooFewRestarts { asked: count, left });
        }
        let mut ranked = latent.search()?.completions(corrupted, observer)?;
        ranked.ranks.truncate(count);
        let generated = &ranked.result.generated;
        Ok(MethodCompletion {
            completed: merged(corrupted, generated, &latent.config)?,
            search: Some(ranked.result.clone()),
            ranked: Some(ranked),
            choices: Vec::new(),
        })
    }

    /// All results that it gives at once, for comparisons: one search blended both ways, "latent (overlay)"
    /// and "latent (poisson)"; of other methods the only one, of [`MethodName::Auto`] as its search is blended.
    ///
    /// An observer that stops the search gets the best result so far.
    ///
    /// # Errors
    ///
    /// As [`Method::complete`].
    pub fn complete_variants(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn SearchObserver,
    ) -> Result<Vec<Variant>> {
        Ok(self.variants_and_search(corrupted, observer)?.0)
    }

    /// As [`Method::complete_variants`], with the search where it is that of all images.
    pub(super) fn variants_and_search(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn SearchObserver,
    ) -> Result<(Vec<Variant>, Option<SearchResult>)> {
        match &self.kind {
            Kind::Latent { latent, .. } => {
                let search = latent.search()?.search(corrupted, observer)?;
                let variant = |kind: Blend| {
                    let config = SearchConfig {
                        blend: kind,
                        ..latent.config
                    };
                    Ok(Variant {
                        label: format!("{} ({kind})", self.label),
                        blend: Some(kind),
                        completed: merged(corrupted, &search.generated, &config)?,
                    })
                };
                let variants = [Blend::Overlay, Blend::Poisson].map(variant);
                Ok((variants.into_iter().collect::<Result<_>>()?, Some(search)))
            }
            Kind::Fill(_) | Kind::Auto(_) => {
                let variant = Variant {
                    label: self.label.clone(),
                    blend: None,
                    completed: self.complete_observed(corrupted, observer)?.completed,
                };
                Ok((vec![variant], None))
            }
        }
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Method")
            .field("label", &self.label)
            .field("settings", &self.settings())
            .finish()
    }
}
