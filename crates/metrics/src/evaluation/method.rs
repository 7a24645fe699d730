use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_tensor::ImageBatch;

/// An error of any method.
pub type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// A method under evaluation.
///
/// It sees corrupted images only. Equal images must give equal results, and an image's result must not
/// depend on the other images of its batch; where a batch fails, its images are asked for one by one.
pub trait EvaluatedMethod {
    /// The method's name as the user spells it (`latent`, `harmonic`); unique in an evaluation.
    fn name(&self) -> String;

    /// Everything that the results depend on besides images and masks, such as settings and model, in
    /// one line. Stored parts of an evaluation that were made with another line are refused.
    fn settings(&self) -> String;

    /// Whether the method has learned from other images; it decides what the report compares.
    fn family(&self) -> MethodFamily {
        MethodFamily::Learned
    }

    /// The most images to complete at once.
    fn batch_len(&self) -> usize {
        50
    }

    /// The completions of the corrupted images. Most methods give one, a search with two blendings two;
    /// each has its own label, which no other method of the evaluation uses.
    ///
    /// # Errors
    ///
    /// As the method says. A method that was told to stop returns an error, which one is the same.
    fn complete(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn MethodObserver,
    ) -> Result<Vec<LabeledCompletion>, BoxedError>;
}

/// Whether a method has learned from other images than the one with the hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MethodFamily {
    /// A network or another model of images.
    Learned,
    /// A fill by rule.
    Classical,
}

/// Completed images under the name that rows and tables give them.
#[derive(Debug, Clone)]
pub struct LabeledCompletion {
    /// The name, such as `latent (overlay)`.
    pub label: String,
    /// The images, `[N, C, H, W]`, in the order of the corrupted ones, known pixels bit for bit.
    pub images: ImageBatch,
    /// What the whole batch took, in seconds.
    pub seconds: f64,
    /// How sure the method is of each image; empty if it does not say.
    pub confidence: Vec<MethodConfidence>,
}

/// How sure a method is of one completion, from what it may see.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct MethodConfidence {
    /// Rises with the error that the method expects, on a scale of its own.
    pub uncertainty: f64,
    /// The PSNR in the hole that it expects, in dB, if it can tell.
    pub expected_hole_psnr: Option<f64>,
}

/// Where a method that lowers an objective stands after some iterations.
#[derive(Debug, Clone, PartialEq)]
pub struct CoursePoint {
    /// Iterations made.
    pub iteration: usize,
    /// The lowest objective so far, an entry for each image of the batch.
    pub objective: Vec<f64>,
}

/// Told by a method how a batch goes.
pub trait MethodObserver {
    /// This share of the batch is done, 0 to 1.
    fn progressed(&mut self, _share_done: f64) {}

    /// How the objective of the batch's images fell, iterations rising: told once, by methods that have
    /// one.
    fn descended(&mut self, _course: &[CoursePoint]) {}

    /// Whether the method should stop at once and return an error.
    fn wants_stop(&mut self) -> bool {
        false
    }
}

/// Observes nothing.
impl MethodObserver for () {}
