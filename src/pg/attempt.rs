//! Trying what may fail without failing the transaction.

use pgrx::pg_sys;

use crate::error::Result;

/// Runs `action` in a subtransaction, which is rolled back where the answer is an error. Errors that
/// PostgreSQL raises and `action` does not turn into an answer leave it as they are.
pub fn attempt<T>(action: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: as PL/pgSQL's blocks with EXCEPTION do it: memory and resources go back to what they
    // were; an error that passes through ends this subtransaction with those around it.
    unsafe {
        let (memory, owner) = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(memory);
        let answer = action();
        match &answer {
            Ok(_) => pg_sys::ReleaseCurrentSubTransaction(),
            Err(_) => pg_sys::RollbackAndReleaseCurrentSubTransaction(),
        }
        pg_sys::MemoryContextSwitchTo(memory);
        pg_sys::CurrentResourceOwner = owner;
        answer
    }
}
