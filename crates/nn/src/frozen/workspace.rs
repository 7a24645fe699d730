use semantic_inpaint_tensor::passes::{Buffer, InstructionSet, MapShape, PassPlan, Scratch};

use crate::frozen::FrozenNetwork;

/// The values and gradients of a number of images in a frozen network, and memory for its passes.
#[derive(Debug)]
pub struct Workspace {
    set: InstructionSet,
    pub(super) images: usize,
    input: MapShape,
    output: MapShape,
    /// What goes into each stage, and what comes out of the last.
    pub(super) values: Vec<Buffer>,
    /// The gradients with respect to `values`.
    pub(super) gradients: Vec<Gradient>,
    pub(super) forward: Vec<PassPlan>,
    pub(super) backward: Vec<PassPlan>,
    pub(super) scratch: Scratch,
}

/// The gradient with respect to one map.
#[derive(Debug)]
pub(super) struct Gradient {
    pub(super) values: Buffer,
    /// All images of the workspace, or only those that go through a segment at once.
    pub(super) images: usize,
}

impl Workspace {
    pub(super) fn new(network: &FrozenNetwork, images: usize) -> Self {
        let set = network.instruction_set();
        let stages = network.stages();
        let shapes: Vec<MapShape> = std::iter::once(network.input())
            .chain(stages.iter().map(|stage| stage.forward.output()))
            .collect();
        let mut held = vec![images; shapes.len()];
        for segment in network.segments() {
            for inner in segment.stages.clone().skip(1) {
                held[inner] = segment.images_at_once(images);
            }
        }
        let forward: Vec<PassPlan> = stages
            .iter()
            .map(|stage| stage.forward.plan(images, images))
            .collect();
        let backward: Vec<PassPlan> = (stages.iter().enumerate())
            .map(|(index, stage)| stage.backward.plan(held[index + 1], held[index]))
            .collect();
        let gradient = |(shape, &images): (&MapShape, &usize)| Gradient {
            values: Buffer::lasting(shape.len(set, images)),
            images,
        };
        Self {
            set,
            images,
            input: network.input(),
            output: network.output(),
            values: shapes
                .iter()
                .map(|shape| Buffer::lasting(shape.len(set, images)))
                .collect(),
            gradients: shapes.iter().zip(&held).map(gradient).collect(),
            scratch: Scratch::lasting(forward.iter().chain(&backward)),
            forward,
            backward,
        }
    }

    /// How many images it holds.
    #[must_use]
    pub fn images(&self) -> usize {
        self.images
    }

    /// Sets the input, `[N, C, side, side]`.
    pub fn set_input(&mut self, images: &[f32]) {
        self.input
            .write_images(self.set, self.images, images, &mut self.values[0]);
    }

    /// Writes the output to `images`, `[N, C, side, side]`.
    pub fn read_output(&self, images: &mut [f32]) {
        let last = self.values.len() - 1;
        self.output
            .read_images(self.set, self.images, &self.values[last], images);
    }

    /// Sets the gradient with respect to the output, `[N, C, side, side]`.
    pub fn set_output_gradient(&mut self, images: &[f32]) {
        let last = self.values.len() - 1;
        let values = &mut self.gradients[last].values;
        self.output
            .write_images(self.set, self.images, images, values);
    }

    /// The output as it lies in memory, and the gradient with respect to it to be written: images are
    /// `[N, C, side, side]`.
    pub fn output_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        let last = self.values.len() - 1;
        (&self.values[last], &mut self.gradients[last].values)
    }

    /// The input as it lies in memory, and the gradient with respect to it to be changed.
    pub fn input_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        (&self.values[0], &mut self.gradients[0].values)
    }

    /// Exchanges the output and its gradient for the input of `next` and its gradient: what one network
    /// makes is what the next one reads, and no image is copied. A second exchange takes it back.
    ///
    /// # Panics
    ///
    /// When this output is not of the shape and number of the other's inputs.
    pub fn exchange(&mut self, next: &mut Self) {
        assert_eq!(
            (self.output, self.images),
            (next.input, next.images),
            "the output of a network and the input of the next"
        );
        let last = self.values.len() - 1;
        std::mem::swap(&mut self.values[last], &mut next.values[0]);
        std::mem::swap(&mut self.gradients[last], &mut next.gradients[0]);
    }

    /// Writes the gradient with respect to the input to `images`, `[N, C, side, side]`.
    pub fn read_input_gradient(&self, images: &mut [f32]) {
        self.input
            .read_images(self.set, self.images, &self.gradients[0].values, images);
    }
}
