mod workspace;

use semantic_inpaint_tensor::passes::cuda::{
    ContextTerms, Epilogue, Launch, Memory, Pass, Runtime, Target,
};
use semantic_inpaint_tensor::passes::{Direction, MapShape, Precision};

use super::network::{host, output_shape};
use crate::Result;
use crate::frozen::{Activation, Favor, Layer, LayerKind};
pub use workspace::CudaWorkspace;

/// A chain of layers with fixed weights on a CUDA device: what
/// [`FrozenNetwork`](super::FrozenNetwork) is on the CPU, with the same layers and the same meaning.
///
/// It computes nothing itself: it makes the launches of a forward and of a backward pass, to be
/// recorded together with a search's other launches. An image's results have the same bits whatever
/// images are beside it.
#[derive(Debug)]
pub struct CudaNetwork {
    runtime: Runtime,
    precision: Precision,
    input: MapShape,
    stages: Vec<Stage>,
}

/// One layer, both ways.
#[derive(Debug)]
struct Stage {
    forward: Pass,
    backward: Pass,
    shift: Option<Memory>,
    activation: Activation,
}

impl CudaNetwork {
    /// The network of these layers on an input of this shape; nothing when a layer has no fast form
    /// (those with one are the [`FrozenNetwork`](super::FrozenNetwork)'s, weights on any device).
    ///
    /// Sums are split over the device's processors for one image where `favor` says
    /// [`Favor::Latency`], for 64 otherwise.
    ///
    /// # Errors
    ///
    /// A tensor error when weights cannot be read, do not fit each other or find no memory.
    pub fn new(
        runtime: &Runtime,
        layers: &[Layer],
        input: MapShape,
        precision: Precision,
        favor: Favor,
    ) -> Result<Option<Self>> {
        let mut shape = input;
        let mut stages = Vec::with_capacity(layers.len());
        for (index, layer) in layers.iter().enumerate() {
            let last = index + 1 == layers.len();
            let Some(output) = output_shape(layer, shape, last) else {
                return Ok(None);
            };
            let image = matches!(output, MapShape::Image { .. });
            if image != (layer.activation == Activation::Tanh) {
                return Ok(None);
            }
            let Some(stage) = Stage::new(runtime, layer, (shape, output), precision, favor)? else {
                return Ok(None);
            };
            stages.push(stage);
            shape = output;
        }
        Ok((!stages.is_empty()).then(|| Self {
            runtime: runtime.clone(),
            precision,
            input,
            stages,
        }))
    }

    /// What the layers multiply.
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

    /// Memory for so many images, at least 1.
    ///
    /// # Errors
    ///
    /// A tensor error when the device has not so much.
    pub fn workspace(&self, images: usize) -> Result<CudaWorkspace> {
        CudaWorkspace::new(self, images.max(1), None)
    }

    /// Memory whose input is the output of another network's workspace, and likewise their gradients.
    ///
    /// # Errors
    ///
    /// A tensor error when the device has not so much, or that output is too small for the input.
    pub fn workspace_after(&self, before: &CudaWorkspace) -> Result<CudaWorkspace> {
        CudaWorkspace::new(self, before.num_images(), Some(before))
    }

    /// Adds the launches that compute the output of the workspace's first images.
    ///
    /// # Errors
    ///
    /// A tensor error when the workspace is too small.
    pub fn forward(
        &self,
        images: usize,
        workspace: &CudaWorkspace,
        launches: &mut Vec<Launch>,
    ) -> Result<()> {
        for (index, stage) in self.stages.iter().enumerate() {
            let output = workspace.value(index + 1);
            // Between layers, values are what the next layer multiplies; so is an image.
            let target = match workspace.images() {
                None if index + 1 == self.stages.len() => Target::Single(output),
                _ => Target::Elements(output),
            };
            stage.forward.launches(
                images,
                workspace.value(index),
                target,
                stage.epilogue(workspace.images()),
                workspace.partial(),
                launches,
            )?;
        }
        Ok(())
    }

    /// Adds the launches that compute the gradient with respect to the input of the workspace's first
    /// images, from the gradient with respect to the output (before its tanh, if it has one). The
    /// workspace must hold what [`forward`](Self::forward) computed.
    ///
    /// With `terms`, the gradient is that of the objective before the tanh that made the input
    /// ([`Epilogue::ImageGradient`]), as that network's backward pass takes it.
    ///
    /// # Errors
    ///
    /// A tensor error when the workspace is too small.
    pub fn backward(
        &self,
        images: usize,
        workspace: &CudaWorkspace,
        terms: Option<ContextTerms<'_>>,
        launches: &mut Vec<Launch>,
    ) -> Result<()> {
        for (index, stage) in self.stages.iter().enumerate().rev() {
            let output = workspace.gradient(index);
            let before = index.checked_sub(1).map(|before| &self.stages[before]);
            let (target, epilogue) = match (before, terms) {
                (Some(before), _) => (
                    Target::Elements(output),
                    before.gate(workspace.value(index)),
                ),
                (None, Some(terms)) => (Target::Elements(output), Epilogue::ImageGradient(terms)),
                (None, None) => (Target::Single(output), SUM),
            };
            let (input, partial) = (workspace.gradient(index + 1), workspace.partial());
            let pass = &stage.backward;
            pass.launches(images, input, target, epilogue, partial, launches)?;
        }
        Ok(())
    }

    /// Shapes of the input and of every layer's output.
    fn shapes(&self) -> impl Iterator<Item = MapShape> {
        let outputs = self.stages.iter().map(|stage| stage.forward.output());
        std::iter::once(self.input).chain(outputs)
    }

    /// Bytes that the parts of split sums take at most.
    fn partial_bytes(&self, images: usize) -> usize {
        let passes = self
            .stages
            .iter()
            .flat_map(|stage| [&stage.forward, &stage.backward]);
        passes
            .map(|pass| pass.partial_bytes(images))
            .max()
            .unwrap_or(0)
    }
}

const SUM: Epilogue<'static> = Epilogue::Rectify {
    shift: None,
    slope: 1.0,
};

impl Stage {
    fn new(
        runtime: &Runtime,
        layer: &Layer,
        (input, output): (MapShape, MapShape),
        precision: Precision,
        favor: Favor,
    ) -> Result<Option<Self>> {
        let (shapes, direction, back) = match layer.kind {
            LayerKind::Transposed => ((input, output), Direction::Up, Direction::Down),
            LayerKind::Convolution => ((output, input), Direction::Down, Direction::Up),
        };
        let nominal_images = match favor {
            Favor::Latency => 1,
            Favor::Throughput => 64,
        };
        let weights = host(&layer.weight)?;
        let pass = |direction| {
            Pass::new(
                runtime,
                shapes,
                &weights,
                direction,
                precision,
                nominal_images,
            )
        };
        let (Some(forward), Some(backward)) = (pass(direction)?, pass(back)?) else {
            return Ok(None);
        };
        let shift = match &layer.shift {
            Some(shift) => Some(forward.upload_shift(runtime, &host(shift)?)?),
            None => None,
        };
        Ok(Some(Self {
            forward,
            backward,
            shift,
            activation: layer.activation,
        }))
    }

    fn epilogue<'a>(&'a self, images: Option<&'a Memory>) -> Epilogue<'a> {
        let slope = match (self.activation, images) {
            (Activation::Tanh, Some(images)) => return Epilogue::Tanh { images },
            (Activation::LeakyRelu { slope }, _) => slope as f32,
            _ => 1.0,
        };
        Epilogue::Rectify {
            shift: self.shift.as_ref(),
            slope,
        }
    }

    /// The gradient through this layer's activation, whose outputs are `values`.
    fn gate<'a>(&self, values: &'a Memory) -> Epilogue<'a> {
        match self.activation {
            Activation::LeakyRelu { slope } => Epilogue::Gate {
                outputs: values,
                slope: slope as f32,
            },
            _ => SUM,
        }
    }
}

#[cfg(test)]
mod tests;
