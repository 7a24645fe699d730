//! The command line of semantic-inpaint: arguments in, files out, no method of its own.

mod allocator;
mod arguments;
mod commands;
mod encoder_choice;
mod interrupt;
mod mask_choice;
mod method_choice;
mod model_choice;
mod output;
mod progress;
mod scoring;
mod search_options;
mod status;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    allocator::keep_freed_memory();
    keep_candle_to_one_thread();
    match arguments::Arguments::parse().run() {
        Ok(status) => status.into(),
        Err(error) => status::report(&error),
    }
}

/// Unless the user has chosen, keeps candle from a thread pool of its own: its threads wait in a loop
/// for the cores that our operations are using (`docs/experiments/2026-11-22-z-search-speed.md`).
#[allow(unsafe_code)]
fn keep_candle_to_one_thread() {
    const THREADS: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(THREADS).is_none() {
        // SAFETY: `main` has started no thread yet, so that no other reads the environment.
        unsafe { std::env::set_var(THREADS, "1") };
    }
}
