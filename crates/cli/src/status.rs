use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

/// What shells report of a program that wrote to a pipe which nobody reads.
const CLOSED_PIPE: u8 = 141;

/// How a command ended when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Done,
    /// Some inputs were unreadable; the others are done.
    Skipped,
    /// The user asked to stop; what was reached is kept.
    Interrupted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Done => 0,
            Status::Skipped => 3,
            Status::Interrupted => 130,
        })
    }
}

/// Writes the error to stderr in one line.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let is_closed_pipe = |cause: &(dyn std::error::Error + 'static)| {
        let cause = cause.downcast_ref::<std::io::Error>();
        cause.is_some_and(|cause| cause.kind() == ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_closed_pipe) {
        return ExitCode::from(CLOSED_PIPE);
    }
    let _ = writeln!(std::io::stderr(), "error: {}", one_line(error));
    ExitCode::FAILURE
}

/// The chain of causes, joined by colons. Many errors name their cause themselves, and backtraces
/// follow the first line: neither is repeated.
pub(crate) fn one_line(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        let cause = cause.lines().next().unwrap_or_default().trim();
        if text.contains(cause) {
            continue;
        }
        if !text.is_empty() {
            text += ": ";
        }
        text += cause;
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    #[test]
    fn errors_are_one_line_without_repetition() {
        let error = anyhow!("disk full\nbacktrace")
            .context("out.png: cannot be written (disk full)")
            .context("saving");
        assert_eq!(
            super::one_line(&error),
            "saving: out.png: cannot be written (disk full)"
        );
    }
}
