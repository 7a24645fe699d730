use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use semantic_inpaint_tensor::DeviceChoice;

use crate::COUNT;

const USAGE: &str = "arguments:
  --data PATH           aligned originals: a folder, an archive, or a prepared set
                        (default datasets/celeba/img_align_celeba.zip)
  --training-set PATH   what the model was trained on, for the mean face and --train
  --train STEPS         train a model for so many steps instead of using the embedded one
  --count N             images to measure on (default 200)
  --skip N              images to pass over first (default 0)
  --iterations N        iterations of the search (default: the paper's)
  --device DEVICE       auto, cpu or cuda:INDEX (default cpu)
  --out DIR             where everything is written (default out/celeba)";

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) data: PathBuf,
    pub(crate) training_set: Option<PathBuf>,
    pub(crate) train: Option<u64>,
    pub(crate) count: usize,
    pub(crate) skip: usize,
    pub(crate) iterations: Option<usize>,
    pub(crate) device: DeviceChoice,
    pub(crate) out: PathBuf,
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut arguments = Self {
            data: "datasets/celeba/img_align_celeba.zip".into(),
            training_set: None,
            train: None,
            count: COUNT,
            skip: 0,
            iterations: None,
            device: DeviceChoice::Cpu,
            out: "out/celeba".into(),
        };
        while let Some(name) = words.next() {
            let value = words
                .next()
                .with_context(|| format!("{name} lacks a value\n{USAGE}"))?;
            match name.as_str() {
                "--data" => arguments.data = value.into(),
                "--training-set" => arguments.training_set = Some(value.into()),
                "--train" => arguments.train = Some(number(&name, &value)?),
                "--count" => arguments.count = number(&name, &value)?,
                "--skip" => arguments.skip = number(&name, &value)?,
                "--iterations" => arguments.iterations = Some(number(&name, &value)?),
                "--device" => arguments.device = value.parse()?,
                "--out" => arguments.out = value.into(),
                _ => bail!("unknown argument {name}\n{USAGE}"),
            }
        }
        if arguments.train.is_some() && arguments.training_set.is_none() {
            bail!("--train needs --training-set");
        }
        Ok(arguments)
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T> {
    let number = value.parse().ok();
    number.with_context(|| format!("{name} {value}: give a whole number\n{USAGE}"))
}
