use indicatif::ProgressBar;
use semantic_inpaint::{SearchObserver, SearchProgress};

use crate::interrupt;
use crate::progress::{self, Display};

/// Shows how many completions are made, of which method and mask, and passes on Ctrl-C.
pub(crate) struct Watch {
    bar: ProgressBar,
    current: String,
}

impl Watch {
    /// For so many completions: images, times masks, times methods.
    pub(crate) fn new(num_completions: usize, display: Display) -> Self {
        Self {
            bar: progress::bar("evaluating", num_completions as u64, display),
            current: String::new(),
        }
    }

    /// A method begins with a mask.
    pub(crate) fn begins(&mut self, method: &str, mask: &str) {
        self.current = format!("{method}, {mask}");
        self.bar.set_message(self.current.clone());
    }

    /// So many images more are completed.
    pub(crate) fn completed(&mut self, num_images: usize) {
        self.bar.inc(num_images as u64);
        self.bar.set_message(self.current.clone());
    }

    /// Completions so far.
    pub(crate) fn num_completed(&self) -> u64 {
        self.bar.position()
    }

    /// Removes the bar.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

impl SearchObserver for Watch {
    fn iterated(&mut self, progress: &SearchProgress) {
        let SearchProgress {
            iteration,
            iterations,
            ..
        } = progress;
        let current = &self.current;
        self.bar
            .set_message(format!("{current}, iteration {iteration} of {iterations}"));
    }

    fn wants_stop(&mut self) -> bool {
        interrupt::requested()
    }
}
