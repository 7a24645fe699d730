use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::commands::{
    bench, calibrate, evaluate, import, info, inpaint, mask, prepare, sample, score, train,
};
use crate::status::Status;

/// Fills holes in photographs by searching the latent space of a generative network (Yeh et al. 2017)
///
/// A model of faces is built in, so `inpaint` works at once: semantic-inpaint inpaint face.png --mask
/// square:20
#[derive(Debug, Parser)]
#[command(
    name = "semantic-inpaint",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs were skipped as \
                  unreadable or could not be completed, 130 interrupted (what was reached is kept)."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inpaint(Box<inpaint::Arguments>),
    #[command(subcommand)]
    Train(Train),
    Sample(sample::Arguments),
    Score(score::Arguments),
    Evaluate(Box<evaluate::Arguments>),
    Calibrate(Box<calibrate::Arguments>),
    Mask(mask::Arguments),
    Info(info::Arguments),
    Prepare(Box<prepare::Arguments>),
    Import(import::Arguments),
    Bench(bench::Arguments),
}

/// Train a model on a data set
#[derive(Debug, Subcommand)]
enum Train {
    Dcgan(Box<train::dcgan::Arguments>),
    ContextEncoder(Box<train::context_encoder::Arguments>),
    LatentEncoder(Box<train::latent_encoder::Arguments>),
}

impl Arguments {
    pub(crate) fn run(self) -> Result<Status> {
        match self.command {
            Command::Inpaint(arguments) => inpaint::run(&arguments),
            Command::Train(Train::Dcgan(arguments)) => train::dcgan::run(&arguments),
            Command::Train(Train::ContextEncoder(arguments)) => {
                train::context_encoder::run(&arguments)
            }
            Command::Train(Train::LatentEncoder(arguments)) => {
                train::latent_encoder::run(&arguments)
            }
            Command::Sample(arguments) => sample::run(&arguments),
            Command::Score(arguments) => score::run(&arguments),
            Command::Evaluate(arguments) => evaluate::run(&arguments),
            Command::Calibrate(arguments) => calibrate::run(&arguments),
            Command::Mask(arguments) => mask::run(&arguments),
            Command::Info(arguments) => info::run(&arguments),
            Command::Prepare(arguments) => prepare::run(&arguments),
            Command::Import(arguments) => import::run(&arguments),
            Command::Bench(arguments) => bench::run(&arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
