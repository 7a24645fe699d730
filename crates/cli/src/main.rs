//! The command line of semantic-inpaint: arguments in, files out, no method of its own.

mod arguments;
mod commands;
mod interrupt;
mod mask_choice;
mod model_choice;
mod output;
mod progress;
mod status;

use std::process::ExitCode;

use clap::Parser as _;

/// The networks allocate and free large tensors in every step, which the system's allocator hands
/// back each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match arguments::Arguments::parse().run() {
        Ok(status) => status.into(),
        Err(error) => status::report(&error),
    }
}
