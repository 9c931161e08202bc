//! The extension's own functions, as the planner needs them.

use std::ffi::CString;

use pgrx::pg_sys::{self, Datum, Oid};

use super::value::Value;

/// Where a function of the extension's may be executed by the current user: its oid.
pub fn executable(name: &str, arguments: &[Oid]) -> Option<Oid> {
    let function = find(name, arguments)?;
    may_execute(function).then_some(function)
}

fn find(name: &str, arguments: &[Oid]) -> Option<Oid> {
    let name = CString::new(name).ok()?;
    // SAFETY: syscache look-ups.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"rowgrant".as_ptr(), true);
        let arguments = pg_sys::buildoidvector(arguments.as_ptr(), arguments.len() as i32);
        let found = pg_sys::SearchSysCache3(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
            Datum::from(name.as_ptr()),
            Datum::from(arguments),
            schema.into(),
        );
        if found.is_null() {
            return None;
        }
        let oid = (*(pg_sys::GETSTRUCT(found) as pg_sys::Form_pg_proc)).oid;
        pg_sys::ReleaseSysCache(found);
        Some(oid)
    }
}

/// Whether the current user may execute the function.
pub fn may_execute(function: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { super::version::may_execute(function, pg_sys::GetUserId()) }
}

/// The C symbol of a function of the extension's.
pub fn symbol(function: Oid) -> Option<String> {
    // SAFETY: a syscache look-up; the text is copied before it is released.
    unsafe {
        let identifier = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let found = pg_sys::SearchSysCache1(identifier, function.into());
        if found.is_null() {
            return None;
        }
        let mut null = false;
        let column = pg_sys::Anum_pg_proc_prosrc as pg_sys::AttrNumber;
        let datum = pg_sys::SysCacheGetAttr(identifier, found, column, &mut null);
        let symbol = (!null).then(|| Value::new(datum, pg_sys::TEXTOID).as_text());
        pg_sys::ReleaseSysCache(found);
        symbol
    }
}

/// Has this session's plans that call the function made anew when they are next run. What is called
/// tells PostgreSQL's cache of plans what a change of the function would; no other session hears.
pub fn forget_plans_with(function: Oid) {
    // SAFETY: marks plans only; may be called while they run.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let none = Datum::null();
        let hash = pg_sys::GetSysCacheHashValue(cache, function.into(), none, none, none);
        pg_sys::CallSyscacheCallbacks(cache, hash);
    }
}

/// The functions that ask about the transaction's user.
pub(super) fn forget_plans_about_current_user() {
    const TEXT: Oid = pg_sys::TEXTOID;
    const COLUMNS: [Oid; 4] =
        [pg_sys::TEXTOID, pg_sys::REGCLASSOID, pg_sys::ANYOID, pg_sys::ANYOID];
    let functions: [(&str, &[Oid]); 5] = [
        ("current_user_id", &[]),
        ("can", &COLUMNS),
        ("can", &[TEXT, pg_sys::RECORDOID]),
        ("can", &[TEXT, TEXT, pg_sys::ANYELEMENTOID]),
        ("can", &[TEXT, TEXT, TEXT]),
    ];
    for (name, arguments) in functions {
        if let Some(function) = find(name, arguments) {
            forget_plans_with(function);
        }
    }
}
