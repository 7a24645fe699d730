//! Memory for the tensors of a step, which are allocated and freed in the next one just the same.

use libmimalloc_sys::{mi_option_get, mi_option_set, mi_option_t, mi_option_use_numa_nodes};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Milliseconds after which freed memory goes back to the system, -1 for never. The option before the
/// one that the bindings name.
const PURGE_DELAY: mi_option_t = mi_option_use_numa_nodes - 1;

/// Keeps freed memory until the program ends, unless the user has chosen by `MIMALLOC_PURGE_DELAY`: memory
/// that comes back from the system is cleared first, which cost a fifth of a training step
/// (`docs/experiments/2026-11-23-memory-of-search-and-training.md`).
#[allow(unsafe_code)]
pub(crate) fn keep_freed_memory() {
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: both read and write one number of the allocator's and may be called at any time.
        unsafe {
            if mi_option_get(PURGE_DELAY) > 0 {
                mi_option_set(PURGE_DELAY, -1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(unsafe_code)]
    fn the_option_is_the_delay_of_purges() {
        // SAFETY: as above.
        let delay = || unsafe { mi_option_get(PURGE_DELAY) };
        assert!([10, 1000].contains(&delay()), "{} ms", delay());
        keep_freed_memory();
        assert_eq!(delay(), -1);
    }
}
