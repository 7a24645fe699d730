use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::steal::CpuTicks;
use crate::interrupt;

/// Consecutive iterations that were timed as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub(super) iterations: u64,
    pub(super) elapsed: Duration,
    /// `None` where the system does not tell.
    pub(super) cpu: Option<CpuTicks>,
}

impl Window {
    /// Milliseconds per iteration.
    pub(super) fn ms(&self) -> f64 {
        1e3 * self.elapsed.as_secs_f64() / self.iterations as f64
    }

    /// The share of the processor time that the host gave to others, from 0 to 1.
    pub(super) fn steal(&self) -> Option<f64> {
        self.cpu.and_then(CpuTicks::steal_share)
    }
}

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// A window ends with the first iteration after this time.
    pub(super) window: Duration,
    /// The measurement ends with the first window after this time.
    pub(super) total: Duration,
}

/// Cuts the iterations of a workload into windows.
///
/// The first tick starts the time, so that the iteration before it warms up. What a window's end
/// costs, reading the processor's counts among it, belongs to no window.
pub(super) struct Clock<'a> {
    span: Span,
    begun: Option<Instant>,
    window_begun: Instant,
    cpu_then: Option<CpuTicks>,
    iterations: u64,
    windows: Vec<Window>,
    progress: &'a mut dyn FnMut(Duration),
}

impl<'a> Clock<'a> {
    /// A clock that tells `progress` at the end of each window how long it has been running.
    pub(super) fn new(span: Span, progress: &'a mut dyn FnMut(Duration)) -> Self {
        Self {
            span,
            begun: None,
            window_begun: Instant::now(),
            cpu_then: None,
            iterations: 0,
            windows: Vec::new(),
            progress,
        }
    }

    /// Notes that an iteration has ended; breaks when there is enough or the user wants to stop.
    pub(super) fn tick(&mut self) -> ControlFlow<()> {
        self.tick_many(1)
    }

    /// Notes that so many iterations have ended since the last tick.
    pub(super) fn tick_many(&mut self, iterations: u64) -> ControlFlow<()> {
        let elapsed = self.window_begun.elapsed();
        let Some(begun) = self.begun else {
            self.begun = Some(Instant::now());
            self.begin_window();
            return Self::flow(false);
        };
        self.iterations += iterations;
        if elapsed < self.span.window {
            return Self::flow(false);
        }
        let cpu = CpuTicks::now().zip(self.cpu_then);
        self.windows.push(Window {
            iterations: self.iterations,
            elapsed,
            cpu: cpu.map(|(now, then)| now.since(then)),
        });
        (self.progress)(begun.elapsed());
        self.begin_window();
        Self::flow(begun.elapsed() >= self.span.total)
    }

    fn begin_window(&mut self) {
        self.iterations = 0;
        self.cpu_then = CpuTicks::now();
        self.window_begun = Instant::now();
    }

    fn flow(enough: bool) -> ControlFlow<()> {
        match enough || interrupt::requested() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    pub(super) fn into_windows(self) -> Vec<Window> {
        self.windows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(window_ms: u64, total_ms: u64, iteration_ms: u64) -> (Vec<Window>, usize) {
        let span = Span {
            window: Duration::from_millis(window_ms),
            total: Duration::from_millis(total_ms),
        };
        let mut told = 0;
        let mut progress = |_| told += 1;
        let mut clock = Clock::new(span, &mut progress);
        while clock.tick().is_continue() {
            std::thread::sleep(Duration::from_millis(iteration_ms));
        }
        let windows = clock.into_windows();
        (windows, told)
    }

    #[test]
    fn windows_hold_whole_iterations_and_fill_the_time() {
        let (windows, told) = run(6, 30, 2);
        assert!((1..=5).contains(&windows.len()), "{windows:?}");
        assert_eq!(told, windows.len());
        for window in windows {
            assert!((1..=3).contains(&window.iterations), "{window:?}");
            assert!(window.ms() >= 2.0, "{window:?}");
        }
    }

    #[test]
    fn iterations_that_end_together_are_counted_as_many() {
        let span = Span {
            window: Duration::ZERO,
            total: Duration::ZERO,
        };
        let mut silent = |_| ();
        let mut clock = Clock::new(span, &mut silent);
        assert!(clock.tick_many(10).is_continue(), "the first tick starts");
        assert!(clock.tick_many(10).is_break());
        assert_eq!(clock.into_windows()[0].iterations, 10);
    }

    #[test]
    fn an_iteration_longer_than_the_whole_time_is_one_window() {
        let (windows, _) = run(0, 0, 3);
        assert_eq!(windows.len(), 1);
        assert_eq!(windows[0].iterations, 1);
    }
}
