use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use semantic_inpaint_nn::weight_file::{self, StoredPrecision};
use semantic_inpaint_nn::{Adam, Discriminator, Network, Params};
use semantic_inpaint_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::checkpoint_folder;
use crate::error::io;
use crate::stability::Health;
use crate::{Adversaries, CheckpointScores, Error, Result};

const STATE: &str = "state.json";

/// What a checkpoint keeps beside tensors. The random numbers and the data of a step are functions of
/// the seed and the step, so this is the position of both.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    format: u32,
    step: u64,
    seed: u64,
    batch_size: usize,
    generator_optimizer_steps: u64,
    discriminator_optimizer_steps: u64,
    #[serde(default)]
    health: Health,
    /// Lower is better; absent where the checkpoint was not scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    /// Other scores by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    named_scores: BTreeMap<String, f64>,
}

const FORMAT: u32 = 1;

impl<G: Network, D: Discriminator> Adversaries<G, D> {
    /// Writes everything that a resumed run needs into `folder`, which appears whole or not at all; one
    /// that is there already stays until the new one takes its place.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] naming the file; an earlier checkpoint is untouched then.
    pub fn save_checkpoint(&self, folder: &Path) -> Result<()> {
        self.save_scored_checkpoint(folder, None)
    }

    /// The same with scores, of which the decisive one is finite.
    pub(crate) fn save_scored_checkpoint(
        &self,
        folder: &Path,
        scores: Option<&CheckpointScores>,
    ) -> Result<()> {
        let parent = folder.parent().unwrap_or(Path::new("."));
        let partial = checkpoint_folder::partial(parent)?;
        let save = |name: &str, tensors: &BTreeMap<String, Tensor>| {
            let path = file(partial.path(), name);
            weight_file::save(&path, tensors, "{}", StoredPrecision::F32)
        };
        save("generator", &self.generator().params().to_tensors()?)?;
        let discriminator = self.discriminator().params().to_tensors()?;
        save("discriminator", &discriminator)?;
        let averaged = self.averaged_generator().params().to_tensors()?;
        save("averaged_generator", &averaged)?;
        save("adam_generator", &self.generator_optimizer.to_tensors()?)?;
        let moments = self.discriminator_optimizer.to_tensors()?;
        save("adam_discriminator", &moments)?;
        let state = State {
            format: FORMAT,
            step: self.step,
            seed: self.config().seed,
            batch_size: self.config().batch_size,
            generator_optimizer_steps: self.generator_optimizer.steps(),
            discriminator_optimizer_steps: self.discriminator_optimizer.steps(),
            health: self.health,
            score: scores.map(|scores| scores.decisive),
            named_scores: scores.map_or_else(BTreeMap::new, |scores| scores.named.clone()),
        };
        let path = partial.path().join(STATE);
        let invalid = |error: serde_json::Error| std::io::Error::other(error);
        let text = serde_json::to_string_pretty(&state)
            .map_err(invalid)
            .map_err(io(&path))?;
        weight_file::write_whole(&path, text.as_bytes())?;
        checkpoint_folder::publish(partial, folder)
    }

    /// Restores what [`Adversaries::save_checkpoint`] wrote; training then goes on as if it had never
    /// stopped, bit for bit on the CPU.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when the state is unreadable or was written with another seed or batch size;
    /// a weight error with the parameter's name when the networks differ. Nothing changes then.
    pub fn restore_checkpoint(&mut self, folder: &Path) -> Result<()> {
        let folder = &checkpoint_folder::find(folder);
        let state = read_state(folder)?;
        self.check_settings(&state, folder)?;
        let load = |name: &str| -> Result<BTreeMap<String, Tensor>> {
            Ok(weight_file::load(&file(folder, name))?.tensors)
        };
        let networks = [
            (self.generator().params(), load("generator")?),
            (self.discriminator().params(), load("discriminator")?),
            (
                self.averaged_generator().params(),
                load("averaged_generator")?,
            ),
        ];
        for (params, tensors) in &networks {
            params.duplicate()?.assign(tensors)?;
        }
        let generator_optimizer = restored(
            self.generator().params(),
            &self.generator_optimizer,
            &load("adam_generator")?,
            state.generator_optimizer_steps,
        )?;
        let discriminator_optimizer = restored(
            self.discriminator().params(),
            &self.discriminator_optimizer,
            &load("adam_discriminator")?,
            state.discriminator_optimizer_steps,
        )?;
        // Everything fits; only now does anything change.
        for (params, tensors) in &networks {
            params.assign(tensors)?;
        }
        self.generator_optimizer = generator_optimizer;
        self.discriminator_optimizer = discriminator_optimizer;
        self.step = state.step;
        self.set_health(state.health)
    }

    fn check_settings(&self, state: &State, folder: &Path) -> Result<()> {
        let differs = |what: &str, theirs: u64, ours: u64| {
            let reason = format!("it was written with {what} {theirs}, this run has {ours}");
            Err(Error::Damaged {
                path: folder.join(STATE),
                reason,
            })
        };
        if state.seed != self.config().seed {
            return differs("seed", state.seed, self.config().seed);
        }
        if state.batch_size != self.config().batch_size {
            let (theirs, ours) = (state.batch_size as u64, self.config().batch_size as u64);
            return differs("batch size", theirs, ours);
        }
        Ok(())
    }
}

/// An optimizer with the settings of `current` and the state of a checkpoint.
fn restored(
    params: &Params,
    current: &Adam,
    tensors: &BTreeMap<String, Tensor>,
    steps: u64,
) -> Result<Adam> {
    let mut adam = Adam::new(params, current.config())?;
    adam.restore(tensors, steps)?;
    Ok(adam)
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.safetensors"))
}

/// The scores that a checkpoint was saved with.
pub(crate) fn read_scores(folder: &Path) -> Result<Option<CheckpointScores>> {
    let state = read_state(folder)?;
    let named = state.named_scores;
    Ok(state
        .score
        .map(|decisive| CheckpointScores { decisive, named }))
}

fn read_state(folder: &Path) -> Result<State> {
    let path = folder.join(STATE);
    let text = std::fs::read_to_string(&path).map_err(io(&path))?;
    let damaged = |reason: String| Error::Damaged {
        path: path.clone(),
        reason,
    };
    let state: State = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    if state.format != FORMAT {
        return Err(damaged(format!(
            "format {} is unknown: update this program",
            state.format
        )));
    }
    Ok(state)
}
