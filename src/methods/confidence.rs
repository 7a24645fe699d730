use semantic_inpaint_latent_search::{
    CalibrationSample, Evidence, ExpectedPsnr, SearchObserver, SearchResult,
};
use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_metrics::{Region, region_psnr};
use semantic_inpaint_tensor::ImageBatch;

use super::Method;
use super::method::Kind;
use crate::{Error, Result, SearchCalibration};

/// How sure a search is of one fill. Neither part of it has seen a hidden pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    /// What speaks for and against the fill.
    pub evidence: Evidence,
    /// The PSNR to be expected in the hole, where there is a calibration for the networks and the settings
    /// ([`SearchCalibration`]), and the search was not stopped before its end.
    pub expected: Option<ExpectedPsnr>,
}

impl Confidence {
    /// A number that rises with the error to be expected: to rank fills by, on a scale of its own.
    #[must_use]
    pub fn uncertainty(&self) -> f64 {
        match self.expected {
            Some(expected) => -expected.psnr_db,
            None => self.evidence.ring_error,
        }
    }
}

impl Method {
    /// How sure this method's search is of each of its fills; nothing for a method without a search.
    #[must_use]
    pub fn confidence(&self, search: &SearchResult) -> Vec<Confidence> {
        let latent = match &self.kind {
            Kind::Latent { latent, .. } => latent,
            Kind::Fill(_) => return Vec::new(),
            Kind::Auto(auto) => return auto.searching().confidence(search),
        };
        let evidence = search.evidence.iter().zip(&search.converged);
        let confidence = |(evidence, converged): (&Evidence, &Option<usize>)| {
            let is_whole = !search.stopped || converged.is_some();
            let calibration = latent.calibration().filter(|_| is_whole);
            Confidence {
                evidence: *evidence,
                expected: calibration.and_then(|calibration| calibration.expect(evidence)),
            }
        };
        evidence.map(confidence).collect()
    }

    /// Fills of images whose truth is known, to calibrate this method's search by; nothing for a method without
    /// a search, or when the observer stops it.
    ///
    /// # Errors
    ///
    /// As [`Method::complete`], and when the mask is not of the images' size.
    pub fn calibration_samples(
        &self,
        truth: &ImageBatch,
        mask: &Mask,
        observer: &mut dyn SearchObserver,
    ) -> Result<Vec<CalibrationSample>> {
        let corrupted = CorruptedImages::new(truth, mask)?;
        let completion = self.complete_observed(&corrupted, observer)?;
        let Some(search) = completion.search.filter(|search| !search.stopped) else {
            return Ok(Vec::new());
        };
        let hole = region_psnr(truth, &completion.completed, corrupted.mask(), Region::Hole)?;
        let pairs = search.evidence.into_iter().zip(hole);
        Ok(pairs
            .map(|(evidence, hole_psnr_db)| CalibrationSample {
                evidence,
                hole_psnr_db,
            })
            .collect())
    }

    /// The calibration of this method's search by samples of it, with a word on where they are from.
    ///
    /// # Errors
    ///
    /// [`Error::NothingToCalibrate`] for a method without a search; [`Error::Search`] for too few samples or
    /// values that are not finite.
    pub fn calibrate(
        &self,
        samples: &[CalibrationSample],
        provenance: impl Into<String>,
    ) -> Result<SearchCalibration> {
        match &self.kind {
            Kind::Latent { latent, model_name } => {
                latent.calibrate(model_name, samples, provenance.into())
            }
            Kind::Auto(auto) => auto.searching().calibrate(samples, provenance),
            Kind::Fill(_) => Err(Error::NothingToCalibrate {
                method: self.name(),
            }),
        }
    }
}
