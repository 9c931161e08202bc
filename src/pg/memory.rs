//! How much memory an operation may take.

use pgrx::pg_sys;

/// What a hash table of one operation may take, in bytes: work_mem times hash_mem_multiplier.
pub fn hash_limit() -> usize {
    // SAFETY: reads variables.
    let (kilobytes, multiplier) = unsafe { (pg_sys::work_mem, pg_sys::hash_mem_multiplier) };
    (f64::from(kilobytes) * 1024.0 * multiplier) as usize
}
