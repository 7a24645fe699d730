//! Where the numbers of a tensor lie in a PyTorch file.

use semantic_inpaint_tensor::DType;

/// Numbers in an entry of the archive.
#[derive(Debug, Clone)]
pub(super) struct StorageRecord {
    pub(super) key: String,
    pub(super) dtype: DType,
}

/// A view of a storage: sizes and strides in numbers, not bytes.
#[derive(Debug, Clone)]
pub(super) struct TensorRecord {
    pub(super) storage: StorageRecord,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

impl TensorRecord {
    /// The distance from the first to behind the last number; `None` where the tensor is empty or
    /// repeats numbers, which no saved weights need.
    pub(super) fn span(&self) -> Option<usize> {
        if self.shape.contains(&0) {
            return None;
        }
        let count = self
            .shape
            .iter()
            .try_fold(1_usize, |n, &size| n.checked_mul(size))?;
        let span = self
            .shape
            .iter()
            .zip(&self.strides)
            .try_fold(1_usize, |span, (size, stride)| {
                span.checked_add((size - 1).checked_mul(*stride)?)
            })?;
        (count <= span).then_some(span)
    }

    /// Whether the numbers lie in row-major order; of a tensor that has a [`span`](Self::span).
    pub(super) fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        self.shape
            .iter()
            .zip(&self.strides)
            .rev()
            .all(|(&size, &stride)| {
                let fits = size == 1 || stride == expected;
                expected *= size;
                fits
            })
    }

    /// The positions of the numbers from the offset on, in row-major order.
    pub(super) fn positions(&self) -> impl Iterator<Item = usize> {
        let count: usize = self.shape.iter().product();
        (0..count).map(|flat| {
            let mut rest = flat;
            let dims = self.shape.iter().zip(&self.strides).rev();
            dims.map(|(size, stride)| {
                let index = rest % size;
                rest /= size;
                index * stride
            })
            .sum()
        })
    }
}
