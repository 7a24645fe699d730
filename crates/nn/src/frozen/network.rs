use std::ops::Range;

use crate::Result;
use crate::frozen::{Activation, Favor, FrozenOptions, Layer, LayerKind, Workspace};
use semantic_inpaint_tensor::ops::ConvGeometry;
use semantic_inpaint_tensor::passes::{
    Direction, Epilogue, InstructionSet, MapShape, Pass, Precision, Span, Tiling,
};
use semantic_inpaint_tensor::{DType, Tensor};

/// Side of the kernels that have passes, in pixels.
const KERNEL: usize = 4;
/// Coarse maps up to this side have so many weights for so few pixels that all images of a workspace
/// go through them together.
const WIDE_SIDE: usize = 4;
/// Images that go through the other layers together, so that their maps stay in cache.
const IMAGES_AT_ONCE: usize = 8;

/// A chain of layers with fixed weights, which gives values and gradients with respect to its input.
///
/// Maps are `f32` on the CPU. An image's results have the same bits whatever images share its
/// [`Workspace`].
#[derive(Debug)]
pub struct FrozenNetwork {
    set: InstructionSet,
    precision: Precision,
    input: MapShape,
    stages: Vec<Stage>,
    segments: Vec<Segment>,
}

/// One layer, both ways.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) forward: Pass,
    pub(super) backward: Pass,
    /// One value for each channel in whole blocks.
    shift: Vec<f32>,
    activation: Activation,
}

impl FrozenNetwork {
    /// The network of these layers on an input of this shape; nothing when a layer has no fast form.
    ///
    /// Those with one are 4x4 convolutions on the CPU in `f32`: of stride 1 without padding between maps
    /// of 1 and 4 pixels, or of stride 2 with padding 1 between maps whose sides are multiples of 4. An
    /// image stands at one end of the chain; tanh, if anywhere, at that end.
    ///
    /// # Errors
    ///
    /// A tensor error when weights cannot be read or do not fit each other.
    pub fn new(layers: &[Layer], input: MapShape, options: FrozenOptions) -> Result<Option<Self>> {
        let mut shape = input;
        let mut stages = Vec::with_capacity(layers.len());
        for (index, layer) in layers.iter().enumerate() {
            let last = index + 1 == layers.len();
            let on_host = layer.weight.device().is_cpu();
            let Some(output) = output_shape(layer, shape, last).filter(|_| on_host) else {
                return Ok(None);
            };
            stages.push(Stage::new(layer, shape, output, options)?);
            shape = output;
        }
        let set = options.instruction_set;
        let segments = Segment::of(&stages);
        Ok((!stages.is_empty()).then_some(Self {
            set,
            precision: options.precision.available(set),
            input,
            stages,
            segments,
        }))
    }

    /// The vector instructions that it is compiled for.
    #[must_use]
    pub fn instruction_set(&self) -> InstructionSet {
        self.set
    }

    /// What the layers between maps multiply: single precision where the processor has nothing else,
    /// whatever was asked for.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// What goes in.
    #[must_use]
    pub fn input(&self) -> MapShape {
        self.input
    }

    /// What comes out.
    #[must_use]
    pub fn output(&self) -> MapShape {
        self.stages
            .last()
            .map_or(self.input, |stage| stage.forward.output())
    }

    /// Buffers for so many images, at least 1.
    #[must_use]
    pub fn workspace(&self, images: usize) -> Workspace {
        Workspace::new(self, images.max(1))
    }

    /// Computes the output of the workspace's input.
    ///
    /// # Panics
    ///
    /// When the workspace is another network's.
    pub fn forward(&self, workspace: &mut Workspace) {
        let Workspace {
            images,
            values,
            forward,
            scratch,
            ..
        } = workspace;
        for segment in self.segments.iter() {
            for (first, count) in segment.spans(*images) {
                let span = Span {
                    from: first,
                    to: first,
                    count,
                };
                for index in segment.stages.clone() {
                    let (inputs, outputs) = values.split_at_mut(index + 1);
                    let (input, output) = (&inputs[index], &mut outputs[0]);
                    let Stage { forward: pass, .. } = &self.stages[index];
                    let epilogue = self.stages[index].epilogue();
                    pass.run(&forward[index], span, input, output, scratch, epilogue);
                }
            }
        }
    }

    /// Computes the gradient with respect to the input from the workspace's gradient with respect to
    /// the output, which it overwrites. The workspace must hold what [`forward`](Self::forward)
    /// computed.
    ///
    /// # Panics
    ///
    /// When the workspace is another network's.
    pub fn backward(&self, workspace: &mut Workspace) {
        let Workspace {
            images,
            values,
            gradients,
            backward,
            scratch,
            ..
        } = workspace;
        let images = *images;
        if self
            .stages
            .last()
            .is_some_and(|stage| stage.activation == Activation::Tanh)
        {
            through_tanh(
                &values[self.stages.len()],
                &mut gradients[self.stages.len()].values,
            );
        }
        for segment in self.segments.iter().rev() {
            for (first, count) in segment.spans(images) {
                for index in segment.stages.clone().rev() {
                    let (outputs, inputs) = gradients.split_at_mut(index + 1);
                    let (input, output) = (&inputs[0], &mut outputs[index]);
                    let place = |held: usize| if held == images { first } else { 0 };
                    let span = Span {
                        from: place(input.images),
                        to: place(output.images),
                        count,
                    };
                    let epilogue = self.gate(index, &values[index], images, first);
                    let pass = &self.stages[index].backward;
                    let (input, output) = (&input.values, &mut output.values);
                    pass.run(&backward[index], span, input, output, scratch, epilogue);
                }
            }
        }
    }

    /// The gradient through the activation before stage `index`, whose outputs are `values`.
    fn gate<'a>(
        &self,
        index: usize,
        values: &'a [f32],
        images: usize,
        first: usize,
    ) -> Epilogue<'a> {
        match index
            .checked_sub(1)
            .map(|before| self.stages[before].activation)
        {
            Some(Activation::LeakyRelu { slope }) => Epilogue::Gate {
                outputs: values,
                images,
                first,
                slope: slope as f32,
            },
            _ => Epilogue::Nothing,
        }
    }

    pub(super) fn stages(&self) -> &[Stage] {
        &self.stages
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

/// Consecutive stages that are run over the same images before the next images' turn.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) stages: Range<usize>,
    wide: bool,
}

impl Segment {
    fn of(stages: &[Stage]) -> Vec<Self> {
        let mut segments: Vec<Self> = Vec::new();
        for (index, stage) in stages.iter().enumerate() {
            let coarse = stage
                .forward
                .input()
                .side()
                .min(stage.forward.output().side());
            let wide = coarse <= WIDE_SIDE;
            match segments.last_mut() {
                Some(segment) if segment.wide == wide => segment.stages.end = index + 1,
                _ => segments.push(Self {
                    stages: index..index + 1,
                    wide,
                }),
            }
        }
        segments
    }

    /// Images that go through the segment at once.
    pub(super) fn images_at_once(&self, images: usize) -> usize {
        if self.wide {
            return images;
        }
        images.div_ceil(images.div_ceil(IMAGES_AT_ONCE))
    }

    /// The first image and number of images of each turn.
    fn spans(&self, images: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let at_once = self.images_at_once(images);
        (0..images)
            .step_by(at_once)
            .map(move |first| (first, at_once.min(images - first)))
    }
}

impl Stage {
    fn new(
        layer: &Layer,
        input: MapShape,
        output: MapShape,
        options: FrozenOptions,
    ) -> Result<Self> {
        let (coarse, fine, direction, back) = match layer.kind {
            LayerKind::Transposed => (input, output, Direction::Up, Direction::Down),
            LayerKind::Convolution => (output, input, Direction::Down, Direction::Up),
        };
        let weights = host(&layer.weight)?;
        let set = options.instruction_set;
        let tiling = match (options.favor, options.precision.available(set)) {
            (Favor::Latency, _) if coarse.side() <= WIDE_SIDE => Tiling::Direct,
            (_, Precision::F32 | Precision::Tf32) => Tiling::Four,
            // Larger tiles have larger values at their points: a tenth faster, and four times the error.
            (_, Precision::Bf16) => Tiling::Two,
        };
        let pass = |direction| {
            let precision = options.precision;
            Pass::new(set, coarse, fine, &weights, direction, tiling, precision).map(Pass::lasting)
        };
        let forward = pass(direction)?;
        let mut shift = match &layer.shift {
            Some(shift) => host(shift)?,
            None => Vec::new(),
        };
        shift.resize(forward.padded_channels(), 0.0);
        Ok(Self {
            backward: pass(back)?,
            forward,
            shift,
            activation: layer.activation,
        })
    }

    fn epilogue(&self) -> Epilogue<'_> {
        let slope = match self.activation {
            // A rectifier of slope 1 leaves nothing but the shift.
            Activation::Identity => 1.0,
            Activation::LeakyRelu { slope } => slope,
            Activation::Tanh => return Epilogue::Tanh,
        };
        Epilogue::Rectify {
            shift: &self.shift,
            slope: slope as f32,
        }
    }
}

/// What a layer makes of an input, if there is a pass for it.
pub(super) fn output_shape(layer: &Layer, input: MapShape, last: bool) -> Option<MapShape> {
    let [coarse, fine, height, width] = *layer.weight.dims() else {
        return None;
    };
    let (inputs, channels) = match layer.kind {
        LayerKind::Transposed => (coarse, fine),
        LayerKind::Convolution => (fine, coarse),
    };
    let shifted = layer.shift.is_some();
    let activation_fits = match layer.activation {
        Activation::Identity => !shifted || !last || layer.kind == LayerKind::Convolution,
        Activation::LeakyRelu { slope } => (0.0..=1.0).contains(&slope),
        Activation::Tanh => !shifted && last,
    };
    let single = layer.weight.dtype() == DType::F32;
    if [height, width] != [KERNEL; 2] || inputs != input.channels() || !activation_fits || !single {
        return None;
    }
    let side = match (layer.geometry, layer.kind, input.side()) {
        (ConvGeometry::PROJECTION, LayerKind::Transposed, 1) => KERNEL,
        (ConvGeometry::PROJECTION, LayerKind::Convolution, KERNEL) => 1,
        (ConvGeometry::STRIDED, LayerKind::Transposed, side) if side % 4 == 0 => 2 * side,
        (ConvGeometry::STRIDED, LayerKind::Convolution, side) if side % 8 == 0 => side / 2,
        _ => return None,
    };
    let image = last && layer.kind == LayerKind::Transposed && side > KERNEL;
    let fits = match (input, image) {
        (MapShape::Image { .. }, _) => layer.kind == LayerKind::Convolution && side >= KERNEL,
        (MapShape::Map { .. }, true) => !matches!(layer.activation, Activation::LeakyRelu { .. }),
        (MapShape::Map { .. }, false) => layer.activation != Activation::Tanh,
    };
    fits.then_some(if image {
        MapShape::Image { channels, side }
    } else {
        MapShape::Map { channels, side }
    })
}

/// All values, wherever they are.
pub(super) fn host(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}

/// `gradient *= 1 - y^2` for outputs y of tanh.
fn through_tanh(outputs: &[f32], gradients: &mut [f32]) {
    for (gradient, &y) in gradients.iter_mut().zip(outputs) {
        *gradient *= 1.0 - y * y;
    }
}
