use std::ops::Range;

use semantic_inpaint_mask::MaskShape;

/// Told how an evaluation goes. `()` observes nothing.
pub trait EvaluationObserver {
    /// So many completions, images times masks times methods, are still to be made.
    fn begins(&mut self, _num_images: usize) {}

    /// A method begins with the images at these places, of `count` in all.
    fn starting(&mut self, _method: &str, _mask: MaskShape, _images: Range<usize>, _count: usize) {}

    /// This share, 0 to 1, of the images that were announced last is done.
    fn progressed(&mut self, _share: f64) {}

    /// A method, or one completion of it, has no valid result for an image.
    fn failed(&mut self, _method: &str, _mask: MaskShape, _image: &str, _reason: &str) {}

    /// Whether the evaluation should stop; asked before each batch and by methods as they go.
    fn wants_stop(&mut self) -> bool {
        false
    }
}

impl EvaluationObserver for () {}
