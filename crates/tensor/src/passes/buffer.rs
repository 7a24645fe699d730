use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use memmap2::{MmapMut, MmapOptions};
use pulp::bytemuck;

/// Bytes of a cache line, and of the widest vector register.
const LINE: usize = 64;
/// Bytes of a huge page where pages are of 4 KiB.
const HUGE_PAGE: usize = 2 << 20;
/// Memory that a thread keeps for [`Buffer::reused`].
const KEPT: usize = 8;

thread_local! {
    /// Memory that was given back, the last at the end.
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Values that start at a cache line, so that no vector load crosses two lines.
#[derive(Debug)]
pub struct Buffer(Memory);

#[derive(Debug)]
enum Memory {
    Heap {
        values: Vec<f32>,
        start: usize,
        len: usize,
        after: After,
    },
    /// In huge pages where the system has them: a pass over packed weights reads tens of megabytes
    /// once, and looking up where each small page lies costs as much as reading it.
    Mapped(MmapMut),
}

/// What becomes of memory when its buffer is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Freed,
    /// The thread keeps it for the next [`Buffer::reused`].
    Kept,
}

impl Buffer {
    /// Values of any content, in memory that this thread had for the same before, if it has enough:
    /// for what is needed again and again and overwritten each time.
    #[must_use]
    pub(crate) fn reused(len: usize) -> Self {
        let wanted = len + LINE / size_of::<f32>();
        let found = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            let enough = free.iter().enumerate();
            let enough = enough.filter(|(_, values)| values.len() >= wanted);
            let smallest = enough.min_by_key(|(_, values)| values.len());
            let index = smallest.map(|(index, _)| index)?;
            Some(free.swap_remove(index))
        });
        let values = found.ok().flatten();
        Self::on_heap(
            values.unwrap_or_else(|| vec![0.0; wanted]),
            len,
            After::Kept,
        )
    }

    fn on_heap(values: Vec<f32>, len: usize, after: After) -> Self {
        let start = values.as_ptr().align_offset(LINE);
        Self(Memory::Heap {
            values,
            start,
            len,
            after,
        })
    }

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
        Self::on_heap(values, len, After::Freed)
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

impl Drop for Buffer {
    fn drop(&mut self) {
        let Memory::Heap {
            values,
            after: After::Kept,
            ..
        } = &mut self.0
        else {
            return;
        };
        let values = std::mem::take(values);
        // A thread that ends keeps nothing.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() == KEPT {
                free.remove(0);
            }
            free.push(values);
        });
    }
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
            Memory::Heap {
                values, start, len, ..
            } => &values[*start..][..*len],
            Memory::Mapped(map) => bytemuck::cast_slice(map),
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        match &mut self.0 {
            Memory::Heap {
                values, start, len, ..
            } => &mut values[*start..][..*len],
            Memory::Mapped(map) => bytemuck::cast_slice_mut(map),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gets_back_the_smallest_memory_that_is_enough() {
        let place = |buffer: &Buffer| buffer.as_ptr() as usize;
        let (large, small) = (Buffer::reused(1000), Buffer::reused(100));
        let places = [place(&large), place(&small)];
        drop((large, small));
        let (first, second) = (Buffer::reused(90), Buffer::reused(90));
        assert_eq!([place(&second), place(&first)], places);
        assert_eq!((first.len(), second.len()), (90, 90));
        let many: Vec<Buffer> = (0..2 * KEPT).map(|_| Buffer::reused(8)).collect();
        drop((first, second, many));
        assert_eq!(FREE.with(|free| free.borrow().len()), KEPT);
    }

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
