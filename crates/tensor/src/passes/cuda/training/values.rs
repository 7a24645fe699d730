use crate::Result;
use crate::passes::cuda::arguments::Arguments;
use crate::passes::cuda::launch::Launch;
use crate::passes::cuda::pass::ROW_THREADS;
use crate::passes::cuda::runtime::Memory;

/// What a step of Adam multiplies with, after bias correction.
#[derive(Debug, Clone, Copy)]
pub struct AdamFactors {
    /// Decays of both moments.
    pub decays: [f64; 2],
    /// Learning rate over `1 - beta1^t`.
    pub step_size: f64,
    /// `1 / sqrt(1 - beta2^t)`
    pub root_factor: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

/// What a kernel of single values reads and writes; see `kernels/values.cuh`.
#[derive(Default)]
struct Operands<'a> {
    output: Option<&'a Memory>,
    input: Option<&'a Memory>,
    result: Option<&'a Memory>,
    moments: Option<[&'a Memory; 2]>,
    /// Slope, both decays with their complements, and Adam's three factors.
    numbers: [f64; 8],
}

/// The launch that computes `output = max(x, slope x)` of so many values for a slope of at least 0; at 0
/// and below it is `slope x`.
///
/// # Errors
///
/// [`Error::OutOfRange`](crate::Error::OutOfRange) when a memory is too small.
pub fn rectify(count: usize, input: &Memory, output: &Memory, slope: f64) -> Result<Launch> {
    let operands = Operands {
        output: Some(output),
        input: Some(input),
        numbers: [slope, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ..Operands::default()
    };
    operands.launch("rectify_f32", count)
}

/// The launch that computes the gradient before a rectifier from that behind it and the rectifier's
/// `result`.
///
/// # Errors
///
/// As [`rectify`].
pub fn gate(
    count: usize,
    gradient: &Memory,
    result: &Memory,
    output: &Memory,
    slope: f64,
) -> Result<Launch> {
    let operands = Operands {
        output: Some(output),
        input: Some(gradient),
        result: Some(result),
        numbers: [slope, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ..Operands::default()
    };
    operands.launch("gate_f32", count)
}

/// The launch of `average = decay average + (1 - decay) value`.
///
/// # Errors
///
/// As [`rectify`].
pub fn average(count: usize, average: &Memory, value: &Memory, decay: f64) -> Result<Launch> {
    let operands = Operands {
        output: Some(average),
        input: Some(value),
        numbers: [0.0, decay, 1.0 - decay, 0.0, 0.0, 0.0, 0.0, 0.0],
        ..Operands::default()
    };
    operands.launch("average_f32", count)
}

/// The launch of a step of Adam: moves both `moments` and the `parameter`, as
/// [`adam_step`](crate::ops::adam_step()).
///
/// # Errors
///
/// As [`rectify`].
pub fn adam(
    count: usize,
    parameter: &Memory,
    gradient: &Memory,
    moments: [&Memory; 2],
    factors: AdamFactors,
) -> Result<Launch> {
    let [first, second] = factors.decays;
    let operands = Operands {
        output: Some(parameter),
        input: Some(gradient),
        moments: Some(moments),
        numbers: [
            0.0,
            first,
            1.0 - first,
            second,
            1.0 - second,
            factors.step_size,
            factors.root_factor,
            factors.epsilon,
        ],
        ..Operands::default()
    };
    operands.launch("adam_f32", count)
}

impl Operands<'_> {
    fn launch(self, kernel: &str, count: usize) -> Result<Launch> {
        let [first, second] = self.moments.map_or([None; 2], |moments| moments.map(Some));
        let memory = [self.output, self.input, self.result, first, second];
        for memory in memory.into_iter().flatten() {
            memory.require("bytes of values", count * 4)?;
        }
        let pointers = memory
            .into_iter()
            .fold(Arguments::default(), Arguments::optional);
        let arguments = (self.numbers.into_iter())
            .fold(pointers.counts([count])?, |all, number| {
                all.float(number as f32)
            });
        let grid = [count.div_ceil(ROW_THREADS), 1, 1];
        Launch::new(kernel.into(), grid, ROW_THREADS as u32, arguments)
    }
}
