/// How layers with statistics behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Batch normalization uses the batch's own statistics and updates the running averages.
    Train,
    /// Batch normalization uses the running averages: images of a batch do not influence each other,
    /// and nothing is changed.
    Eval,
}
