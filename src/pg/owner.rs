//! Acting as the owner of the extension.

use std::ffi::CStr;

use pgrx::pg_sys;

use super::{own, relation};
use crate::error::Result;

const SECURITY_LOCAL_USERID_CHANGE: i32 = 0x0001;

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
/// its schema and casts to base types only: a domain's CHECK would run with these rights.
pub fn run<T>(action: impl FnOnce() -> Result<T>) -> Result<T> {
    let owner = relation::owner(own::own_tables()?.object_type)?;
    // SAFETY: the nest level and the user are restored by AsOwner, or by the abort.
    let _restore = unsafe {
        let (mut role, mut context) = (pg_sys::InvalidOid, 0);
        pg_sys::GetUserIdAndSecContext(&mut role, &mut context);
        let settings = pg_sys::NewGUCNestLevel();
        let restore = AsOwner { role, context, settings };
        set_local(c"search_path", c"pg_catalog, pg_temp");
        set_local(c"row_security", c"on");
        pg_sys::SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
        restore
    };
    action()
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
