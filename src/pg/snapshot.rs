//! Which snapshot an answer belongs to.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use pgrx::pg_sys;

/// Counts ends of subtransactions: after ROLLBACK TO SAVEPOINT a snapshot may have the very fields that
/// one before it had, and yet show other rows. Of serializable transactions, too: what one does not
/// read again is not guarded against the changes of others.
static GENERATION: AtomicU64 = AtomicU64::new(0);
/// Counts ends of transactions.
static TRANSACTION: AtomicU64 = AtomicU64::new(0);

/// Asked at every call, and so without the guard that turns errors into panics: it raises none.
mod unguarded {
    use pgrx::pg_sys;

    unsafe extern "C-unwind" {
        pub fn GetActiveSnapshot() -> pg_sys::Snapshot;
        pub fn GetTopTransactionIdIfAny() -> pg_sys::TransactionId;
        pub fn GetCurrentStatementStartTimestamp() -> pg_sys::TimestampTz;
    }
}

/// Identifies what a statement sees: two equal stamps of one session see the same rows, be they of
/// one transaction or of two between which no other has ended. Used to tell whether something that
/// is remembered still holds.
///
/// A snapshot shows what the transactions before `xmax` have committed that do not run. Of two with
/// the same `xmax` the later one can only list fewer as running; so that where they list as many, they
/// list the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    generation: u64,
    xmin: u32,
    xmax: u32,
    running: (u32, i32),
    /// The transaction whose changes up to a command it shows, too, if that has an id.
    own: u32,
    command: u32,
    in_recovery: bool,
    serializable: bool,
}

/// A stamp, and when its statement began: what depends on expiry, too, is remembered for as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    stamp: Stamp,
    now: pg_sys::TimestampTz,
}

fn next_generation() {
    GENERATION.fetch_add(1, Relaxed);
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn transaction_ended(
    _event: pg_sys::XactEvent::Type,
    _arg: *mut std::ffi::c_void,
) {
    if is_serializable() {
        next_generation();
    }
    TRANSACTION.fetch_add(1, Relaxed);
}

/// Whether the transaction is serializable.
pub fn is_serializable() -> bool {
    // SAFETY: reads a variable.
    unsafe { pg_sys::XactIsoLevel >= pg_sys::XACT_SERIALIZABLE as i32 }
}

/// A number that only the running transaction has, of all of this session.
pub fn transaction() -> u64 {
    TRANSACTION.load(Relaxed)
}

/// Whether the id is that of the running transaction, or of a subtransaction of it.
pub fn is_current_transaction(id: u32) -> bool {
    // SAFETY: looks at this backend's own state.
    unsafe { pg_sys::TransactionIdIsCurrentTransactionId(id.into()) }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn subtransaction_ended(
    _event: pg_sys::SubXactEvent::Type,
    _mine: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut std::ffi::c_void,
) {
    next_generation();
}

/// Registers the callbacks; called once, when the library is loaded.
pub fn init() {
    // SAFETY: both callbacks live as long as the library, which PostgreSQL never unloads.
    unsafe {
        pg_sys::RegisterXactCallback(Some(transaction_ended), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(subtransaction_ended), std::ptr::null_mut());
    }
}

/// The stamp of the active snapshot.
pub fn stamp() -> Stamp {
    // SAFETY: a function called from SQL always runs under an active snapshot.
    let snapshot = unsafe { &*unguarded::GetActiveSnapshot() };
    Stamp {
        generation: GENERATION.load(Relaxed),
        xmin: snapshot.xmin.into_inner(),
        xmax: snapshot.xmax.into_inner(),
        running: (snapshot.xcnt, snapshot.subxcnt),
        // SAFETY: reads a variable.
        own: unsafe { unguarded::GetTopTransactionIdIfAny() }.into_inner(),
        command: snapshot.curcid,
        in_recovery: snapshot.takenDuringRecovery,
        serializable: is_serializable(),
    }
}

/// The moment of the running statement.
pub fn moment() -> Moment {
    Moment { stamp: stamp(), now: now() }
}

/// Runs `action` under a snapshot of all that is committed by now, and of this transaction's own
/// changes up to now: for functions that change something, which must not decide on what was true
/// when their statement, or their transaction, began.
pub fn with_latest<T>(action: impl FnOnce() -> T) -> T {
    // SAFETY: popped below, or by the abort of the (sub)transaction.
    unsafe {
        pg_sys::CommandCounterIncrement();
        pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
    }
    let result = action();
    // SAFETY: pushed above.
    unsafe { pg_sys::PopActiveSnapshot() };
    result
}

/// The time against which expiry is judged: the start of the statement, in microseconds since
/// 2000-01-01. One statement's answers agree with each other.
pub fn now() -> pg_sys::TimestampTz {
    // SAFETY: reads a variable.
    unsafe { unguarded::GetCurrentStatementStartTimestamp() }
}
