use std::ops::{Deref, DerefMut};

use memmap2::{MmapMut, MmapOptions};
use pulp::bytemuck;

/// Bytes of a cache line, and of the widest vector register.
const LINE: usize = 64;
/// Bytes of a huge page where pages are of 4 KiB.
const HUGE_PAGE: usize = 2 << 20;

/// Values that start at a cache line, so that no vector load crosses two lines.
#[derive(Debug)]
pub struct Buffer(Memory);

#[derive(Debug)]
enum Memory {
    Heap {
        values: Vec<f32>,
        start: usize,
        len: usize,
    },
    /// In huge pages where the system has them: a pass over packed weights reads tens of megabytes
    /// once, and looking up where each small page lies costs as much as reading it.
    Mapped(MmapMut),
}

impl Buffer {
    /// Zeros in memory that is read and written many times: in huge pages if there are so many that it
    /// counts. Asking the system for such memory takes longer than asking the allocator.
    #[must_use]
    pub fn lasting(len: usize) -> Self {
        let bytes = len * size_of::<f32>();
        let map = (bytes >= HUGE_PAGE).then(|| mapped(bytes)).flatten();
        map.map_or_else(|| Self::zeros(len), |map| Self(Memory::Mapped(map)))
    }

    /// The same values in [lasting](Self::lasting) memory.
    pub(crate) fn settle(&mut self) {
        let mut settled = Self::lasting(self.len());
        settled.copy_from_slice(self);
        *self = settled;
    }

    /// Zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        let values = vec![0.0f32; len + LINE / size_of::<f32>()];
        let start = values.as_ptr().align_offset(LINE);
        Self(Memory::Heap { values, start, len })
    }

    /// A buffer of at least this length: this one, or a new one of zeros.
    pub(crate) fn reserve(&mut self, len: usize) {
        if self.len() < len {
            *self = Self::zeros(len);
        }
    }
}

/// Zeroed pages of the system's, huge ones if it agrees.
fn mapped(bytes: usize) -> Option<MmapMut> {
    let map = MmapOptions::new().len(bytes).map_anon().ok()?;
    // A kernel without huge pages refuses: the small ones serve.
    #[cfg(target_os = "linux")]
    let _ = map.advise(memmap2::Advice::HugePage);
    Some(map)
}

impl Default for Buffer {
    fn default() -> Self {
        Self::zeros(0)
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
        match &self.0 {
            Memory::Heap { values, start, len } => &values[*start..][..*len],
            Memory::Mapped(map) => bytemuck::cast_slice(map),
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        match &mut self.0 {
            Memory::Heap { values, start, len } => &mut values[*start..][..*len],
            Memory::Mapped(map) => bytemuck::cast_slice_mut(map),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_at_a_cache_line_and_hold_zeros() {
        let huge = HUGE_PAGE / size_of::<f32>();
        for len in [0, 1, 15, 16, 1000, huge - 1, huge, huge + 1, 3 * huge + 7] {
            for mut buffer in [Buffer::zeros(len), Buffer::lasting(len)] {
                assert_eq!(buffer.as_ptr() as usize % LINE, 0);
                assert_eq!(buffer.len(), len);
                assert!(buffer.iter().all(|&value| value == 0.0));
                buffer.fill(1.0);
                buffer.settle();
                assert_eq!(buffer.iter().sum::<f32>(), len as f32);
            }
        }
    }
}
