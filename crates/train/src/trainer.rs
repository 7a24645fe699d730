use semantic_inpaint_nn::{Discriminator, Network};
use semantic_inpaint_tensor::ImageBatch;

use crate::{Adversaries, Result, StepReport};

/// What [`train`](crate::train) runs: a pair of networks and the step that moves them.
///
/// Steps, checkpoints and the health of a run are those of the [`Adversaries`]; an implementation adds
/// what its generator makes images of. Like every random number of a run, those of a step are a function
/// of the seed and the step, so that a resumed run makes the steps of one that was not stopped.
pub trait Trainer {
    /// The network that is trained; scores see its running average.
    type Generator: Network;
    /// The network that judges it.
    type Discriminator: Discriminator;

    /// The networks and the state of their training.
    fn adversaries(&self) -> &Adversaries<Self::Generator, Self::Discriminator>;

    /// The same, to be restored from a checkpoint.
    fn adversaries_mut(&mut self) -> &mut Adversaries<Self::Generator, Self::Discriminator>;

    /// Moves both networks once, on a batch of real images `[N, C, H, W]`.
    ///
    /// # Errors
    ///
    /// Those of [`Adversaries::step`]; [`Error::Trainer`](crate::Error::Trainer) with the trainer's own.
    fn step(&mut self, real: &ImageBatch) -> Result<StepReport>;

    /// Pictures of what the averaged generator can do, of the same subjects every time: `[N, C, H, W]`.
    ///
    /// # Errors
    ///
    /// A tensor error when the device fails.
    fn samples(&self) -> Result<ImageBatch>;

    /// How much the generator's images of different inputs differ, by which a collapse is noticed;
    /// nothing where that says nothing.
    ///
    /// # Errors
    ///
    /// A tensor error when the device fails.
    fn diversity(&self) -> Result<Option<f64>>;
}
