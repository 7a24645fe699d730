use semantic_inpaint_tensor::passes::cuda::{
    Memory, Runtime, element_bytes, from_stored, stored, to_elements, to_stored,
};
use semantic_inpaint_tensor::passes::{MapShape, Precision};

use super::CudaNetwork;
use crate::Result;

/// The values and gradients of a number of images in a frozen network, in a CUDA device's memory, which
/// copies share.
#[derive(Debug, Clone)]
pub struct CudaWorkspace {
    runtime: Runtime,
    num_images: usize,
    precision: Precision,
    input: MapShape,
    output: MapShape,
    /// What goes into each stage, and what comes out of the last.
    values: Vec<Memory>,
    /// The gradients with respect to `values`.
    gradients: Vec<Memory>,
    /// The output in single precision where it is images.
    images: Option<Memory>,
    partial: Memory,
}

impl CudaWorkspace {
    pub(super) fn new(
        network: &CudaNetwork,
        num_images: usize,
        before: Option<&Self>,
    ) -> Result<Self> {
        let runtime = &network.runtime;
        let shapes: Vec<MapShape> = network.shapes().collect();
        let last = shapes.len() - 1;
        let allocate = |index: usize, single: bool| {
            let bytes = if single {
                4
            } else {
                element_bytes(network.precision)
            };
            runtime.allocate(num_images * stored_len(shapes[index]) * bytes)
        };
        let image = matches!(shapes[last], MapShape::Image { .. });
        let mut values = Vec::with_capacity(shapes.len());
        let mut gradients = Vec::with_capacity(shapes.len());
        for index in 0..shapes.len() {
            match before {
                Some(before) if index == 0 => {
                    values.push(before.value(before.values.len() - 1).clone());
                    gradients.push(before.output_gradient().clone());
                }
                _ => {
                    values.push(allocate(index, index == last && !image)?);
                    gradients.push(allocate(index, index == 0)?);
                }
            }
        }
        Ok(Self {
            runtime: runtime.clone(),
            num_images,
            precision: network.precision,
            input: network.input,
            output: shapes[last],
            values,
            gradients,
            images: image.then(|| allocate(last, true)).transpose()?,
            partial: runtime.allocate(network.partial_bytes(num_images))?,
        })
    }

    /// The same memory but for an input of its own, zeros at first: networks of several inputs take
    /// turns.
    ///
    /// # Errors
    ///
    /// A tensor error when the device has no memory.
    pub fn with_own_input(&self) -> Result<Self> {
        let mut own = self.clone();
        own.values[0] = self.runtime.upload(&vec![0; self.values[0].bytes()])?;
        Ok(own)
    }

    /// How many images it holds.
    #[must_use]
    pub fn num_images(&self) -> usize {
        self.num_images
    }

    /// Sets the input of the first images, `[N, C, side, side]`.
    ///
    /// # Errors
    ///
    /// A tensor error when there are more than it holds, or the driver fails.
    pub fn set_input(&self, images: &[f32]) -> Result<()> {
        self.write(self.input, images, &self.values[0])
    }

    /// Sets the gradient with respect to the output (before its tanh, if it has one) of the first
    /// images, `[N, C, side, side]`.
    ///
    /// # Errors
    ///
    /// A tensor error when there are more than it holds, or the driver fails.
    pub fn set_output_gradient(&self, images: &[f32]) -> Result<()> {
        self.write(self.output, images, self.output_gradient())
    }

    /// The output of the first `count` images, `[N, C, side, side]`.
    ///
    /// # Errors
    ///
    /// A tensor error when the driver fails.
    pub fn read_output(&self, count: usize) -> Result<Vec<f32>> {
        self.read(self.output, self.output(), count)
    }

    /// The gradient with respect to the input of the first `count` images, `[N, C, side, side]`; of no
    /// meaning where the input is another network's output.
    ///
    /// # Errors
    ///
    /// A tensor error when the driver fails.
    pub fn read_input_gradient(&self, count: usize) -> Result<Vec<f32>> {
        self.read(self.input, &self.gradients[0], count)
    }

    /// The input as it is multiplied, `[N, side, side, stored channels]`.
    #[must_use]
    pub fn input(&self) -> &Memory {
        &self.values[0]
    }

    /// The output in single precision, `[N, side, side, stored channels]`.
    #[must_use]
    pub fn output(&self) -> &Memory {
        let last = self.values.len() - 1;
        self.images.as_ref().unwrap_or(&self.values[last])
    }

    /// The gradient with respect to the input in single precision, likewise; as it is multiplied where
    /// the input is another network's output.
    #[must_use]
    pub fn input_gradient(&self) -> &Memory {
        &self.gradients[0]
    }

    /// The gradient with respect to the output, before its tanh if it has one, as it is multiplied.
    #[must_use]
    pub fn output_gradient(&self) -> &Memory {
        &self.gradients[self.gradients.len() - 1]
    }

    /// Bytes of the device's memory, those shared with another workspace included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let maps = self.values.iter().chain(&self.gradients);
        let all = maps.chain(&self.images).chain([&self.partial]);
        all.map(Memory::bytes).sum()
    }

    pub(super) fn value(&self, index: usize) -> &Memory {
        &self.values[index]
    }

    pub(super) fn gradient(&self, index: usize) -> &Memory {
        &self.gradients[index]
    }

    pub(super) fn images(&self) -> Option<&Memory> {
        self.images.as_ref()
    }

    pub(super) fn partial(&self) -> &Memory {
        &self.partial
    }

    fn write(&self, shape: MapShape, images: &[f32], memory: &Memory) -> Result<()> {
        let (channels, pixels) = (shape.channels(), shape.side() * shape.side());
        let values = to_stored(images, channels, pixels);
        let bytes = to_elements(self.precision, &values);
        Ok(self.runtime.write(memory, &bytes)?)
    }

    fn read(&self, shape: MapShape, memory: &Memory, count: usize) -> Result<Vec<f32>> {
        let values = self.runtime.read_floats(memory)?;
        let len = values.len().min(count * stored_len(shape));
        let pixels = shape.side() * shape.side();
        Ok(from_stored(&values[..len], shape.channels(), pixels))
    }
}

/// Stored values of an image.
fn stored_len(shape: MapShape) -> usize {
    shape.side() * shape.side() * stored(shape.channels())
}
