//! PostgreSQL's roles.

use std::ffi::CString;

use pgrx::pg_sys::{self, Oid};

use super::types::copy_cstr;

/// What stands for PUBLIC in place of a role.
pub const PUBLIC: Oid = Oid::INVALID;

/// The role of that name.
pub fn find(name: &str) -> Option<Oid> {
    let name = CString::new(name).ok()?;
    // SAFETY: a syscache look-up.
    let role = unsafe { pg_sys::get_role_oid(name.as_ptr(), true) };
    (role != Oid::INVALID).then_some(role)
}

/// The role's name, quoted where SQL wants quotes; PUBLIC for all roles.
pub fn spelled(role: Oid) -> String {
    if role == PUBLIC {
        return "PUBLIC".to_owned();
    }
    // SAFETY: a syscache look-up; null where the role is gone.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        if name.is_null() {
            return role.to_u32().to_string();
        }
        copy_cstr(pg_sys::quote_identifier(name)).unwrap_or_default()
    }
}

/// Whether what holds for `role` holds for `member`.
pub fn covers(role: Oid, member: Oid) -> bool {
    // SAFETY: a look-up of memberships.
    role == PUBLIC || unsafe { pg_sys::has_privs_of_role(member, role) }
}
