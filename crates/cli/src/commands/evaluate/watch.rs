use std::ops::Range;

use indicatif::ProgressBar;
use semantic_inpaint::{EvaluationObserver, MaskShape};

use crate::progress::{self, Display};
use crate::{interrupt, output};

/// Parts of one image's completion on the bar, so that a slow batch is seen to move.
const PARTS: u64 = 100;

/// Shows how many completions are made, of which method and mask, tells failures, and passes on Ctrl-C.
pub(crate) struct Watch {
    bar: ProgressBar,
    /// Parts of the batches before this one.
    done: u64,
    /// Images of this batch.
    batch_len: u64,
    num_failures: usize,
}

impl Watch {
    pub(crate) fn new(display: Display) -> Self {
        Self {
            bar: progress::bar("evaluating", 0, display),
            done: 0,
            batch_len: 0,
            num_failures: 0,
        }
    }

    /// Failures that were told.
    pub(crate) fn num_failures(&self) -> usize {
        self.num_failures
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl EvaluationObserver for Watch {
    fn begins(&mut self, num_images: usize) {
        self.bar.set_length(num_images as u64 * PARTS);
    }

    fn starting(&mut self, method: &str, mask: MaskShape, images: Range<usize>, count: usize) {
        self.done += self.batch_len * PARTS;
        self.batch_len = images.len() as u64;
        self.bar.set_position(self.done);
        let (first, last) = (images.start + 1, images.end);
        self.bar.set_message(format!(
            "{method}, {mask}, images {first} to {last} of {count}"
        ));
    }

    fn progressed(&mut self, share: f64) {
        let parts = share.clamp(0.0, 1.0) * (self.batch_len * PARTS) as f64;
        self.bar.set_position(self.done + parts as u64);
    }

    fn failed(&mut self, method: &str, mask: MaskShape, image: &str, reason: &str) {
        self.num_failures += 1;
        let text = format_args!("{method}, {mask}, {image}: {reason}");
        self.bar.suspend(|| output::warn(text));
    }

    fn wants_stop(&mut self) -> bool {
        interrupt::requested()
    }
}
