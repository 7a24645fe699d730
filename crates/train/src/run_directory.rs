use std::path::{Path, PathBuf};

use semantic_inpaint_nn::weight_file::write_whole;

use crate::checkpoint::read_scores;
use crate::checkpoint_folder;
use crate::error::io;
use crate::{CheckpointScores, Error, Result};

/// The folder of one run.
///
/// ```text
/// config.toml               complete, with the defaults written out
/// environment.json          versions, device, command
/// events.jsonl              a JSON object per line
/// samples/step-000500.png   the same latents every time
/// curves/training.png       losses and logits, drawn with the feature `curves`
/// curves/scores.png         scores of checkpoints
/// tensorboard/              an event file, with the feature `tensorboard`
/// checkpoints/step-000500/  weights, averages, optimizers, position
/// checkpoints/last          the name of the newest complete checkpoint
/// checkpoints/best          the name of the best, where checkpoints are scored
/// ```
#[derive(Debug, Clone)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Makes the folder of a new run and writes `config.toml` and `environment.json`.
    ///
    /// # Errors
    ///
    /// [`Error::RunExists`] when a run is there already; [`Error::Io`] naming the file.
    pub fn create(path: &Path, config: &str, environment: &str) -> Result<Self> {
        let run = Self {
            path: path.to_owned(),
        };
        if run.config_path().exists() {
            return Err(Error::RunExists {
                path: path.to_owned(),
            });
        }
        for folder in [run.samples(), run.checkpoints()] {
            std::fs::create_dir_all(&folder).map_err(io(&folder))?;
        }
        write_whole(&path.join("environment.json"), environment.as_bytes())?;
        write_whole(&run.config_path(), config.as_bytes())?;
        Ok(run)
    }

    /// Opens the folder of an earlier run.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when it holds no `config.toml`.
    pub fn open(path: &Path) -> Result<Self> {
        let run = Self {
            path: path.to_owned(),
        };
        run.config()?;
        Ok(run)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text of `config.toml`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] naming the file.
    pub fn config(&self) -> Result<String> {
        std::fs::read_to_string(self.config_path()).map_err(io(self.config_path()))
    }

    /// The folder of sample grids.
    #[must_use]
    pub fn samples(&self) -> PathBuf {
        self.path.join("samples")
    }

    /// The file of the sample grid of a step.
    #[must_use]
    pub fn sample_file(&self, step: u64) -> PathBuf {
        self.samples().join(format!("step-{step:06}.png"))
    }

    /// The event log.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    /// The folder of the pictures of losses and scores.
    #[must_use]
    pub fn curves(&self) -> PathBuf {
        self.path.join("curves")
    }

    /// The folder of event files for TensorBoard.
    #[must_use]
    pub fn tensorboard(&self) -> PathBuf {
        self.path.join("tensorboard")
    }

    /// The folder of the checkpoint of a step.
    #[must_use]
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.checkpoints().join(format!("step-{step:06}"))
    }

    /// The oldest checkpoint that is kept: its step and folder.
    ///
    /// # Errors
    ///
    /// [`Error::NoCheckpoint`] when there is none.
    pub fn oldest_checkpoint(&self) -> Result<(u64, PathBuf)> {
        self.found(self.checkpoint_steps()?.first())
    }

    /// The newest complete checkpoint: its step and folder.
    ///
    /// # Errors
    ///
    /// [`Error::NoCheckpoint`] when there is none.
    pub fn last_checkpoint(&self) -> Result<(u64, PathBuf)> {
        self.found(self.checkpoint_steps()?.last())
    }

    /// The checkpoint with the lowest score, the earliest where several have it: its step and folder.
    ///
    /// # Errors
    ///
    /// [`Error::NoCheckpoint`] when none has a score that can be read.
    pub fn best_checkpoint(&self) -> Result<(u64, PathBuf)> {
        self.found(self.best_of(&self.checkpoint_steps()?).as_ref())
    }

    /// The scores of the checkpoint of a step; `None` where it was saved without.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when there is no such checkpoint, [`Error::Damaged`] when it cannot be read.
    pub fn scores(&self, step: u64) -> Result<Option<CheckpointScores>> {
        read_scores(&checkpoint_folder::find(&self.checkpoint(step)))
    }

    fn found(&self, step: Option<&u64>) -> Result<(u64, PathBuf)> {
        let step = step.ok_or_else(|| Error::NoCheckpoint {
            path: self.path.clone(),
        })?;
        Ok((*step, checkpoint_folder::find(&self.checkpoint(*step))))
    }

    fn best_of(&self, steps: &[u64]) -> Option<u64> {
        let mut best: Option<(f64, u64)> = None;
        for &step in steps {
            let folder = checkpoint_folder::find(&self.checkpoint(step));
            if let Ok(Some(scores)) = read_scores(&folder)
                && best.is_none_or(|(lowest, _)| scores.decisive < lowest)
            {
                best = Some((scores.decisive, step));
            }
        }
        best.map(|(_, step)| step)
    }

    /// The newest checkpoint up to `limit` that is due at a multiple of `every` steps, one that a run
    /// writes whether or not it is stopped in between; where there is none, the oldest.
    pub(crate) fn good_checkpoint(&self, limit: u64, every: u64) -> Result<(u64, PathBuf)> {
        let steps = self.checkpoint_steps()?;
        let is_good = |step: &&u64| **step <= limit && step.is_multiple_of(every);
        self.found(steps.iter().rfind(is_good).or(steps.first()))
    }

    /// Names `step` as the newest and removes all up to it but the newest `keep`, the best, and those
    /// of the steps in `needed`.
    pub(crate) fn checkpoint_written(&self, step: u64, keep: usize, needed: &[u64]) -> Result<()> {
        self.name("last", step)?;
        let mut steps = self.checkpoint_steps()?;
        // Those of later steps stem from a run that went further before it was taken up again here.
        steps.retain(|&other| other <= step);
        let best = self.best_of(&steps);
        if let Some(best) = best {
            self.name("best", best)?;
        }
        let num_old = steps.len().saturating_sub(keep);
        for &old in &steps[..num_old] {
            if Some(old) != best && !needed.contains(&old) {
                checkpoint_folder::remove_checkpoint(&self.checkpoint(old))?;
            }
        }
        Ok(())
    }

    /// Removes all checkpoints of later steps than `step`, the newest first, so that a run that is
    /// killed in between resumes from one that leads to the same removal.
    pub(crate) fn return_to(&self, step: u64) -> Result<()> {
        let mut steps = self.checkpoint_steps()?;
        while let Some(later) = steps.pop_if(|later| *later > step) {
            checkpoint_folder::remove_checkpoint(&self.checkpoint(later))?;
        }
        self.name("last", step)?;
        match self.best_of(&steps) {
            Some(best) => self.name("best", best),
            None => Ok(()),
        }
    }

    /// Removes what a killed program left half-written or half-removed.
    pub(crate) fn remove_leftovers(&self) -> Result<()> {
        checkpoint_folder::remove_leftovers(&self.checkpoints())
    }

    fn name(&self, role: &str, step: u64) -> Result<()> {
        let name = format!("step-{step:06}\n");
        Ok(write_whole(
            &self.checkpoints().join(role),
            name.as_bytes(),
        )?)
    }

    fn checkpoint_steps(&self) -> Result<Vec<u64>> {
        let folder = self.checkpoints();
        let mut steps = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(io(&folder))? {
            let entry = entry.map_err(io(&folder))?;
            if !entry.path().is_dir() {
                continue;
            }
            let name = entry.file_name();
            let name = name.to_str().map(checkpoint_folder::checkpoint_name);
            let step = name.and_then(|name| name.strip_prefix("step-"));
            steps.extend(step.and_then(|step| step.parse::<u64>().ok()));
        }
        steps.sort_unstable();
        steps.dedup();
        Ok(steps)
    }

    fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    fn config_path(&self) -> PathBuf {
        self.path.join("config.toml")
    }
}
