//! The application user of the running transaction, in this backend's memory: no setting that a role
//! could change holds it, and it ends with the transaction.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use pgrx::PgLogLevel;
use pgrx::pg_sys::{self, SubTransactionId, panic::ErrorReport};

/// What one subtransaction has set, under those around it.
struct Set {
    by: SubTransactionId,
    user: Option<String>,
}

thread_local! {
    static USERS: RefCell<Vec<Set>> = const { RefCell::new(Vec::new()) };
}

static GENERATION: AtomicU64 = AtomicU64::new(0);

/// A number that is another whenever the user may be another.
pub fn generation() -> u64 {
    GENERATION.load(Relaxed)
}

thread_local! {
    /// The user for whom plans were made since plans were last given up.
    static PLANNED_FOR: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// Notes that a plan is being made for the present user.
pub fn plans_depend() {
    PLANNED_FOR.set(Some(user()));
}

/// Gives up this session's plans that ask about the transaction's user where they were made for
/// another one: with next to nothing to see, or with all of it, the best plan is another.
fn replan() {
    let stale = PLANNED_FOR.with_borrow(|planned| planned.as_ref().is_some_and(|p| *p != user()));
    if stale {
        PLANNED_FOR.set(None);
        super::function::forget_plans_about_current_user();
    }
}

fn change<T>(action: impl FnOnce(&mut Vec<Set>) -> T) -> T {
    GENERATION.fetch_add(1, Relaxed);
    USERS.with_borrow_mut(action)
}

/// Sets the user until the transaction ends, or the subtransaction is rolled back.
pub fn set_user(user: Option<String>) {
    // SAFETY: reads variables.
    let (by, in_block) =
        unsafe { (pg_sys::GetCurrentSubTransactionId(), pg_sys::IsTransactionBlock()) };
    change(|users| {
        users.retain(|set| set.by != by);
        users.push(Set { by, user });
    });
    replan();
    if !in_block {
        let code = pgrx::PgSqlErrorCode::ERRCODE_NO_ACTIVE_SQL_TRANSACTION;
        let message = "set_user has no effect beyond this statement";
        ErrorReport::new(code, message, "set_user")
            .set_hint("It lasts as long as the transaction: call it after BEGIN.")
            .report(PgLogLevel::WARNING);
    }
}

/// The user that is set; `None` where none is.
pub fn user() -> Option<String> {
    USERS.with_borrow(|users| users.last().and_then(|set| set.user.clone()))
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn transaction_ended(
    event: pg_sys::XactEvent::Type,
    _arg: *mut std::ffi::c_void,
) {
    use pg_sys::XactEvent::{
        XACT_EVENT_PARALLEL_PRE_COMMIT, XACT_EVENT_PRE_COMMIT, XACT_EVENT_PRE_PREPARE,
    };
    // What runs at the end of the transaction, deferred triggers among it, still has its user.
    let before = [XACT_EVENT_PRE_COMMIT, XACT_EVENT_PARALLEL_PRE_COMMIT, XACT_EVENT_PRE_PREPARE];
    if !before.contains(&event) {
        change(Vec::clear);
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn subtransaction_ended(
    event: pg_sys::SubXactEvent::Type,
    own: SubTransactionId,
    parent: SubTransactionId,
    _arg: *mut std::ffi::c_void,
) {
    change(|users| match event {
        pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB => users.retain(|set| set.by != own),
        pg_sys::SubXactEvent::SUBXACT_EVENT_COMMIT_SUB => {
            // Its user is now the parent's, in place of the one that the parent had set.
            if users.iter().any(|set| set.by == own) {
                users.retain(|set| set.by != parent);
            }
            for set in users.iter_mut().filter(|set| set.by == own) {
                set.by = parent;
            }
        }
        _ => {}
    });
}

/// Registers the callbacks; called once, when the library is loaded.
pub fn init() {
    // SAFETY: both callbacks live as long as the library, which PostgreSQL never unloads.
    unsafe {
        pg_sys::RegisterXactCallback(Some(transaction_ended), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(subtransaction_ended), std::ptr::null_mut());
    }
}
