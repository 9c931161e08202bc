//! Locks on object types, and on who users and groups are: whoever grants holds them with others;
//! whoever removes a type, a permission or a key, or registers another table, waits for them. Held
//! until the transaction ends. Heavyweight locks rather than locks on rows, which every grant would
//! have to write. Those on users and groups are taken before those on object types, users first.

use pgrx::pg_sys;

use super::own;
use crate::error::Result;

/// What ids mean.
#[derive(Clone, Copy)]
pub enum Ids {
    OfUsers = 1,
    OfGroups = 2,
}

/// Keeps the table of users, or of groups, registered as it is; together with others that grant.
pub fn keep_ids(ids: Ids) -> Result<()> {
    lock(own::own_tables()?.subject_source, ids as u32, pg_sys::AccessShareLock);
    Ok(())
}

/// Alone, to register another.
pub fn change_ids(ids: Ids) -> Result<()> {
    lock(own::own_tables()?.subject_source, ids as u32, pg_sys::AccessExclusiveLock);
    Ok(())
}

/// Together with others that grant.
pub fn for_granting(object_type: i32) -> Result<()> {
    lock(own::own_tables()?.object_type, object_type as u32, pg_sys::AccessShareLock);
    Ok(())
}

/// Alone.
pub fn for_removal(object_type: i32) -> Result<()> {
    lock(own::own_tables()?.object_type, object_type as u32, pg_sys::AccessExclusiveLock);
    Ok(())
}

fn lock(class: pg_sys::Oid, object: u32, mode: u32) {
    // SAFETY: released at the end of the transaction.
    unsafe { pg_sys::LockDatabaseObject(class, object.into(), 0, mode as i32) }
}
