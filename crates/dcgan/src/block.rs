use semantic_inpaint_nn::ParamSpec;
use semantic_inpaint_tensor::ops::ConvGeometry;

/// Side of every kernel in pixels.
pub(crate) const KERNEL: usize = 4;

/// Sizes of one block of a network: a convolution and perhaps batch normalization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockShape {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) geometry: ConvGeometry,
    pub(crate) norm: Norm,
}

/// Whether a block normalizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    Batch,
    Absent,
}

impl BlockShape {
    pub(crate) fn strided(inputs: usize, outputs: usize, norm: Norm) -> Self {
        Self {
            inputs,
            outputs,
            geometry: ConvGeometry::STRIDED,
            norm,
        }
    }

    pub(crate) fn projection(inputs: usize, outputs: usize, norm: Norm) -> Self {
        Self {
            inputs,
            outputs,
            geometry: ConvGeometry::PROJECTION,
            norm,
        }
    }
}

/// Names of block `index`: of its convolution and of its normalization.
pub(crate) fn names(index: usize) -> (String, String) {
    (format!("block{index}.conv"), format!("block{index}.norm"))
}

/// The declarations of all blocks, the convolutions' by `conv`.
pub(crate) fn specs(
    blocks: &[BlockShape],
    conv: fn(&str, usize, usize, usize) -> Vec<ParamSpec>,
) -> Vec<ParamSpec> {
    let mut specs = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let (conv_name, norm_name) = names(index);
        specs.extend(conv(&conv_name, block.inputs, block.outputs, KERNEL));
        if block.norm == Norm::Batch {
            specs.extend(semantic_inpaint_nn::BatchNorm::specs(
                &norm_name,
                block.outputs,
            ));
        }
    }
    specs
}
