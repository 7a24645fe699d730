use std::sync::{Mutex, PoisonError};

use super::buffer::Buffer;
use super::pass::PassPlan;

/// Memory between the stages of a pass, kept from one pass to the next.
#[derive(Debug)]
pub struct Scratch {
    /// What all threads of a pass read.
    pub(crate) shared: Buffer,
    pub(crate) threads: ThreadScratch,
}

/// Memory of each thread's own.
#[derive(Debug)]
pub(crate) struct ThreadScratch(Vec<Mutex<Buffer>>);

impl Scratch {
    /// Memory for any of these plans, which this thread may have had for others before.
    #[must_use]
    pub fn new<'a>(plans: impl IntoIterator<Item = &'a PassPlan>) -> Self {
        Self::of(plans, Buffer::reused)
    }

    /// [`Scratch::new`] in [lasting](Buffer::lasting) memory.
    #[must_use]
    pub fn lasting<'a>(plans: impl IntoIterator<Item = &'a PassPlan>) -> Self {
        Self::of(plans, Buffer::lasting)
    }

    fn of<'a>(
        plans: impl IntoIterator<Item = &'a PassPlan>,
        allocate: impl Fn(usize) -> Buffer,
    ) -> Self {
        let (mut shared, mut per_thread) = (0, 0);
        for plan in plans {
            shared = shared.max(plan.scratch.0);
            per_thread = per_thread.max(plan.scratch.1);
        }
        // One more, for a caller that is no thread of the pool.
        let buffers = 0..rayon::current_num_threads() + 1;
        Self {
            shared: allocate(shared),
            threads: ThreadScratch(buffers.map(|_| Mutex::new(allocate(per_thread))).collect()),
        }
    }
}

impl ThreadScratch {
    /// Lends this thread's memory, at least `len` values of any content.
    pub(crate) fn lend<R>(&self, len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
        let index = rayon::current_thread_index().map_or(self.0.len() - 1, |index| index);
        let buffer = &self.0[index.min(self.0.len() - 1)];
        let mut buffer = buffer.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.reserve(len);
        work(&mut buffer[..len])
    }
}
