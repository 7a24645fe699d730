use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest vector register.
const LINE: usize = 64;

/// Values that start at a cache line, so that no vector load crosses two lines.
#[derive(Debug, Default)]
pub struct Buffer {
    values: Vec<f32>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// Zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        let values = vec![0.0f32; len + LINE / size_of::<f32>()];
        let start = values.as_ptr().align_offset(LINE);
        Self { values, start, len }
    }

    /// A buffer of at least this length: this one, or a new one of zeros.
    pub(crate) fn reserve(&mut self, len: usize) {
        if self.len < len {
            *self = Self::zeros(len);
        }
    }
}

impl From<&[f32]> for Buffer {
    fn from(values: &[f32]) -> Self {
        let mut buffer = Self::zeros(values.len());
        buffer.copy_from_slice(values);
        buffer
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.start..][..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..][..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_at_a_cache_line() {
        for len in [0, 1, 15, 16, 1000] {
            let buffer = Buffer::zeros(len);
            assert_eq!(buffer.as_ptr() as usize % LINE, 0);
            assert_eq!(buffer.len(), len);
        }
    }
}
