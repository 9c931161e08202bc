//! Trying what may fail without failing the transaction.

use std::panic::AssertUnwindSafe;

use pgrx::{PgSqlErrorCode, PgTryBuilder, pg_sys};

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

/// Runs `action`; where a transaction with a snapshot of its own meets what another has just
/// committed, runs it once more, as it looks at what is committed by now. Without such a snapshot it
/// waits, and goes on by itself.
pub fn past_conflict<T>(action: impl Fn() -> Result<T>) -> Result<T> {
    // SAFETY: reads a variable.
    let own_snapshot = unsafe { pg_sys::XactIsoLevel } >= pg_sys::XACT_REPEATABLE_READ as i32;
    if !own_snapshot {
        return action();
    }
    let code = PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE;
    unless(code, &action).unwrap_or_else(action)
}

/// Runs `action`; `None` where it met a row of which there may be one only, and so did nothing.
pub fn unless_there<T>(action: impl Fn() -> Result<T>) -> Option<Result<T>> {
    unless(PgSqlErrorCode::ERRCODE_UNIQUE_VIOLATION, action)
}

/// Runs `action` in a subtransaction, which is rolled back, with no answer, where that error is
/// raised.
fn unless<T>(code: PgSqlErrorCode, action: impl Fn() -> Result<T>) -> Option<Result<T>> {
    let first = AssertUnwindSafe(|| Some(action()));
    // SAFETY: as in `attempt`; the error that is caught ends the subtransaction at once.
    unsafe {
        let (memory, owner) = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(memory);
        let answer = PgTryBuilder::new(first).catch_when(code, |_| None).execute();
        match &answer {
            Some(_) => pg_sys::ReleaseCurrentSubTransaction(),
            None => pg_sys::RollbackAndReleaseCurrentSubTransaction(),
        }
        pg_sys::MemoryContextSwitchTo(memory);
        pg_sys::CurrentResourceOwner = owner;
        answer
    }
}
