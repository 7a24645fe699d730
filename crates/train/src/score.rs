type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Scores a generator, so that a run can keep its best checkpoint beside the newest ones.
///
/// The score must be a function of the generator and the step alone, so that a resumed run keeps
/// what it would have kept. Closures `FnMut(u64, &G) -> Result<f64, E>` are scores.
pub trait CheckpointScore<G> {
    /// The score of the averaged generator at a step, lower being better; nothing where checkpoints
    /// are not scored, and a number that is not finite is the worst.
    ///
    /// # Errors
    ///
    /// Whatever the score says; training stops with it.
    fn score(&mut self, step: u64, generator: &G) -> std::result::Result<Option<f64>, Fault>;
}

impl<G, F, E> CheckpointScore<G> for F
where
    F: FnMut(u64, &G) -> std::result::Result<f64, E>,
    E: Into<Fault>,
{
    fn score(&mut self, step: u64, generator: &G) -> std::result::Result<Option<f64>, Fault> {
        self(step, generator).map(Some).map_err(Into::into)
    }
}

/// No score: the newest checkpoints are kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unscored;

impl<G> CheckpointScore<G> for Unscored {
    fn score(&mut self, _step: u64, _generator: &G) -> std::result::Result<Option<f64>, Fault> {
        Ok(None)
    }
}
