//! Acting as the owner of the extension, or of a table.

use std::ffi::CStr;

use pgrx::pg_sys;

use super::{own, relation};
use crate::error::Result;

const SECURITY_LOCAL_USERID_CHANGE: i32 = 0x0001;
const SECURITY_NOFORCE_RLS: i32 = 0x0004;

/// Restores the caller when dropped.
struct AsOwner {
    role: pg_sys::Oid,
    context: i32,
    settings: i32,
}

impl Drop for AsOwner {
    fn drop(&mut self) {
        // While an error unwinds, the (sub)transaction's abort restores both, in its own order.
        if !std::thread::panicking() {
            // SAFETY: undoes in reverse order what `run` did in this very (sub)transaction.
            unsafe {
                pg_sys::AtEOXact_GUC(true, self.settings);
                pg_sys::SetUserIdAndSecContext(self.role, self.context);
            }
        }
    }
}

/// Runs `action` with the rights of the extension's owner and a search_path that holds
/// `pg_catalog` only, whatever the caller's are. The SQL that runs within names every object with
/// its schema, casts to base types only (a domain's CHECK would run with these rights), and reads
/// no table of the application's: see `run_for`.
pub fn run<T>(action: impl FnOnce() -> Result<T>) -> Result<T> {
    let owner = relation::owner(own::own_tables()?.object_type)?;
    run_as(owner, SECURITY_LOCAL_USERID_CHANGE, action)
}

/// Runs `action`, which reads one table of the application's, with the rights of that table's owner
/// and free of its policies, as PostgreSQL checks foreign keys. Planning alone calls functions that
/// the owner has put into the table's indexes and constraints: they get no other rights than his.
pub fn run_for<T>(table: pg_sys::Oid, action: impl FnOnce() -> Result<T>) -> Result<T> {
    let flags = SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS;
    run_as(relation::owner(table)?, flags, action)
}

fn run_as<T>(owner: pg_sys::Oid, flags: i32, action: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: the nest level and the user are restored by AsOwner, or by the abort.
    let _restore = unsafe {
        let (mut role, mut context) = (pg_sys::InvalidOid, 0);
        pg_sys::GetUserIdAndSecContext(&mut role, &mut context);
        let settings = pg_sys::NewGUCNestLevel();
        let restore = AsOwner { role, context, settings };
        set_local(c"search_path", c"pg_catalog, pg_temp");
        set_local(c"row_security", c"on");
        pg_sys::SetUserIdAndSecContext(owner, context | flags);
        restore
    };
    action()
}

/// Whether the current role may act as the extension's owner.
pub fn is_owner() -> Result<bool> {
    let owner = relation::owner(own::own_tables()?.object_type)?;
    // SAFETY: a look-up of memberships.
    Ok(unsafe { pg_sys::has_privs_of_role(current_role(), owner) })
}

/// # Safety
/// Within a nest level of settings that will be ended.
unsafe fn set_local(name: &CStr, value: &CStr) {
    // SAFETY: both strings are NUL-terminated and copied by PostgreSQL.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

/// The role on whose behalf the current statement runs.
pub fn current_role() -> pg_sys::Oid {
    // SAFETY: reads a variable.
    unsafe { pg_sys::GetUserId() }
}
