use std::collections::BTreeMap;

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What a checkpoint is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckpointScores {
    /// What the best checkpoint is chosen by, lower being better; a number that is not finite is none.
    pub decisive: f64,
    /// Whatever else was measured, and that number where it has a name: for the event log, the curves
    /// and the model's card. Lower is better, unless its name says otherwise, as that of a PSNR.
    pub named: BTreeMap<String, f64>,
}

impl From<f64> for CheckpointScores {
    /// A score without names.
    fn from(decisive: f64) -> Self {
        Self {
            decisive,
            named: BTreeMap::new(),
        }
    }
}

/// Scores a generator, so that a run can keep its best checkpoint beside the newest ones.
///
/// The scores must be a function of the generator and the step alone, so that a resumed run keeps
/// what it would have kept. Closures `FnMut(u64, &G) -> Result<S, E>` are scores, where S is a number
/// or [`CheckpointScores`].
pub trait CheckpointScore<G> {
    /// The scores of the averaged generator at a step; nothing where checkpoints are not scored.
    ///
    /// # Errors
    ///
    /// Whatever the score says; training stops with it.
    fn score(
        &mut self,
        step: u64,
        generator: &G,
    ) -> std::result::Result<Option<CheckpointScores>, Fault>;
}

impl<G, F, S, E> CheckpointScore<G> for F
where
    F: FnMut(u64, &G) -> std::result::Result<S, E>,
    S: Into<CheckpointScores>,
    E: Into<Fault>,
{
    fn score(
        &mut self,
        step: u64,
        generator: &G,
    ) -> std::result::Result<Option<CheckpointScores>, Fault> {
        let scores = self(step, generator).map_err(Into::into)?;
        Ok(Some(scores.into()))
    }
}

/// No score: the newest checkpoints are kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unscored;

impl<G> CheckpointScore<G> for Unscored {
    fn score(
        &mut self,
        _step: u64,
        _generator: &G,
    ) -> std::result::Result<Option<CheckpointScores>, Fault> {
        Ok(None)
    }
}
