use std::time::Instant;

use semantic_inpaint_latent_search::{
    Blend, SearchConfig, SearchObserver, SearchProgress, SearchResult,
};
use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_metrics::{
    BoxedError, CoursePoint, Error as MetricsError, EvaluatedMethod, LabeledCompletion,
    MethodConfidence, MethodFamily, MethodObserver,
};

use super::{Method, Requirement, Variant};

/// Images that are searched together.
const SEARCH_BATCH_LEN: usize = 50;
/// Images that other methods complete at once: a batch is what a stopped evaluation loses.
const FILL_BATCH_LEN: usize = 20;

/// Passes the course of a search on as the share of a batch that is done.
struct SearchShare<'a> {
    observer: &'a mut dyn MethodObserver,
    was_stopped: bool,
}

impl SearchObserver for SearchShare<'_> {
    fn iterated(&mut self, progress: &SearchProgress) {
        let share = progress.iteration as f64 / progress.iterations as f64;
        self.observer.progressed(share);
    }

    fn wants_stop(&mut self) -> bool {
        self.was_stopped |= self.observer.wants_stop();
        self.was_stopped
    }
}

/// A method under evaluation by its label. A search is blended both ways, and both are measured.
impl EvaluatedMethod for Method {
    fn name(&self) -> String {
        self.label().into()
    }

    fn settings(&self) -> String {
        Self::settings(self)
    }

    fn family(&self) -> MethodFamily {
        match self.name().requirement() {
            Requirement::Nothing => MethodFamily::Classical,
            _ => MethodFamily::Learned,
        }
    }

    fn batch_len(&self) -> usize {
        match self.search() {
            Some(_) => SEARCH_BATCH_LEN,
            None => FILL_BATCH_LEN,
        }
    }

    fn complete(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn MethodObserver,
    ) -> Result<Vec<LabeledCompletion>, BoxedError> {
        let started = Instant::now();
        let mut share = SearchShare {
            observer,
            was_stopped: false,
        };
        let (variants, search) = self.variants_and_search(corrupted, &mut share)?;
        if share.was_stopped {
            return Err(MetricsError::EvaluationStopped.into());
        }
        let seconds = started.elapsed().as_secs_f64();
        let completion = |variant: Variant| LabeledCompletion {
            label: variant.label,
            images: variant.completed,
            seconds,
            confidence: (search.as_ref().zip(variant.blend))
                .map_or_else(Vec::new, |(search, blend)| {
                    self.confidence_in(search, blend)
                }),
        };
        let completions = variants.into_iter().map(completion).collect();
        if let Some(search) = search {
            let course = search.trace.into_iter().map(|point| CoursePoint {
                iteration: point.iteration,
                objective: point.objective,
            });
            observer.descended(&course.collect::<Vec<_>>());
        }
        Ok(completions)
    }
}

impl Method {
    /// How sure a search is of its fills in a blending, which a calibration is for as for any other setting.
    fn confidence_in(&self, search: &SearchResult, blend: Blend) -> Vec<MethodConfidence> {
        let blended = self.search().filter(|config| config.blend != blend);
        let blended =
            blended.map(|&config| self.clone().with_search(SearchConfig { blend, ..config }));
        let confidence = blended.as_ref().unwrap_or(self).confidence(search);
        let confidence = confidence.iter().map(|confidence| MethodConfidence {
            uncertainty: confidence.uncertainty(),
            expected_hole_psnr: confidence.expected.map(|expected| expected.psnr_db),
        });
        confidence.collect()
    }
}
