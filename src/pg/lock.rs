//! Locks on object types: whoever grants holds one with others, whoever removes a type, a permission
//! or a key waits for them. Held until the transaction ends. Heavyweight locks rather than locks on
//! rows, which every grant would have to write.

use pgrx::pg_sys;

use super::own;
use crate::error::Result;

/// Together with others that grant.
pub fn for_granting(object_type: i32) -> Result<()> {
    lock(object_type, pg_sys::AccessShareLock)
}

/// Alone.
pub fn for_removal(object_type: i32) -> Result<()> {
    lock(object_type, pg_sys::AccessExclusiveLock)
}

fn lock(object_type: i32, mode: u32) -> Result<()> {
    let class = own::own_tables()?.object_type;
    // SAFETY: released at the end of the transaction.
    unsafe {
        pg_sys::LockDatabaseObject(class, (object_type as u32).into(), 0, mode as i32);
    }
    Ok(())
}
