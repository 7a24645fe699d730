/// Asks for the cache line of a value that is read soon; a place beyond the slice is of no consequence.
#[inline(always)]
pub(super) fn prefetch(values: &[f32], place: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        let pointer = values.as_ptr().wrapping_add(place);
        // SAFETY: a prefetch reads nothing and faults at no address; SSE is part of every x86-64.
        #[allow(unsafe_code)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T1>(pointer.cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, place);
}
