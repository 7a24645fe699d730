use std::time::{Duration, Instant};

use semantic_inpaint_latent_search::{SearchObserver, SearchProgress};

const BETWEEN_LINES: Duration = Duration::from_secs(20);

/// Prints a line with the time left every 20 seconds.
pub(crate) struct ProgressLines {
    started: Instant,
    last_line: Instant,
    num_done: usize,
    num_total: usize,
    label: String,
}

impl ProgressLines {
    /// Lines for `num_total` iterations in all, over all masks and batches.
    pub(crate) fn new(num_total: usize) -> Self {
        let now = Instant::now();
        Self {
            started: now,
            last_line: now,
            num_done: 0,
            num_total,
            label: String::new(),
        }
    }

    /// Names what is searched next.
    pub(crate) fn begin(&mut self, label: String) {
        self.label = label;
    }
}

impl SearchObserver for ProgressLines {
    fn iterated(&mut self, progress: &SearchProgress) {
        self.num_done += 1;
        if self.last_line.elapsed() < BETWEEN_LINES {
            return;
        }
        self.last_line = Instant::now();
        let per_iteration = self.started.elapsed().as_secs_f64() / self.num_done as f64;
        let left = per_iteration * self.num_total.saturating_sub(self.num_done) as f64;
        eprintln!(
            "{}, iteration {} of {}: objective {:.4}; {:.1} min left",
            self.label,
            progress.iteration,
            progress.iterations,
            progress.mean_objective,
            left / 60.0
        );
    }
}
