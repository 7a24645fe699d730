use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whether a progress bar may be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Display {
    /// Where stderr is a terminal.
    Terminal,
    /// Never.
    Hidden,
}

/// A bar on stderr with count, message and the estimated time left.
pub(crate) fn bar(title: &'static str, length: u64, display: Display) -> ProgressBar {
    let target = match display {
        Display::Terminal => ProgressDrawTarget::stderr_with_hz(4),
        Display::Hidden => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(length), target).with_prefix(title);
    match ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg} {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
