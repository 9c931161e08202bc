//! What differs between the versions of PostgreSQL.

use pgrx::{PgList, pg_sys};

/// Begins an index scan without order-by keys.
///
/// # Safety
/// As `index_beginscan`: both relations open and locked, the snapshot valid while the scan lasts.
pub unsafe fn index_beginscan(
    heap: pg_sys::Relation,
    index: pg_sys::Relation,
    snapshot: pg_sys::Snapshot,
    keys: i32,
) -> pg_sys::IndexScanDesc {
    #[cfg(not(feature = "pg18"))]
    // SAFETY: the caller's promise.
    unsafe {
        pg_sys::index_beginscan(heap, index, snapshot, keys, 0)
    }
    #[cfg(feature = "pg18")]
    // SAFETY: the caller's promise; no instrumentation is asked for.
    unsafe {
        pg_sys::index_beginscan(heap, index, snapshot, std::ptr::null_mut(), keys, 0)
    }
}

/// Whether `role` owns the relation, directly, as a member, or as a superuser.
pub fn owns_relation(relation: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    #[cfg(any(feature = "pg14", feature = "pg15"))]
    // SAFETY: a syscache look-up; errors out where the relation is gone.
    unsafe {
        pg_sys::pg_class_ownercheck(relation, role)
    }
    #[cfg(not(any(feature = "pg14", feature = "pg15")))]
    // SAFETY: as above.
    unsafe {
        pg_sys::object_ownercheck(pg_sys::RelationRelationId, relation, role)
    }
}

/// The number of the table of the query whose column it is.
///
/// # Safety
/// Must be a Var.
pub unsafe fn table_number(var: *const pg_sys::Var) -> i32 {
    // SAFETY: the caller's promise.
    let number = unsafe { (*var).varno };
    #[cfg(feature = "pg14")]
    let number = number as i32;
    number
}

/// The members of a class of equal expressions, with those of that table, if it is a child.
///
/// # Safety
/// The class must be one of the planner's.
pub unsafe fn members(
    class: *const pg_sys::EquivalenceClass,
    table: i32,
) -> Vec<*mut pg_sys::EquivalenceMember> {
    // SAFETY: the caller's promise; from 18 on each child has a list of its own, or null.
    unsafe {
        let of = |list| PgList::<pg_sys::EquivalenceMember>::from_pg(list).iter_ptr().collect();
        let members: Vec<_> = of((*class).ec_members);
        #[cfg(not(feature = "pg18"))]
        let (own, _) = (Vec::new(), table);
        #[cfg(feature = "pg18")]
        let own = match (*class).ec_childmembers.is_null() || table >= (*class).ec_childmembers_size
        {
            true => Vec::new(),
            false => of(*(*class).ec_childmembers.add(table as usize)),
        };
        members.into_iter().chain(own).collect()
    }
}

/// Whether `role` may execute the function.
///
/// # Safety
/// Errors out where the function is gone.
pub unsafe fn may_execute(function: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    #[cfg(any(feature = "pg14", feature = "pg15"))]
    // SAFETY: a syscache look-up.
    let result = unsafe { pg_sys::pg_proc_aclcheck(function, role, pg_sys::ACL_EXECUTE) };
    #[cfg(not(any(feature = "pg14", feature = "pg15")))]
    // SAFETY: as above.
    let result = unsafe {
        let mode = pg_sys::ACL_EXECUTE.into();
        pg_sys::object_aclcheck(pg_sys::ProcedureRelationId, function, role, mode)
    };
    result == pg_sys::AclResult::ACLCHECK_OK
}

/// Lets a trigger of an open table fire in sessions that replicate too; its partitions' are left
/// alone, or follow.
///
/// # Safety
/// The relation must be open, and locked as for CREATE TRIGGER.
pub unsafe fn enable_always(relation: pg_sys::Relation, name: &std::ffi::CStr) {
    let always = pg_sys::TRIGGER_FIRES_ALWAYS as std::ffi::c_char;
    let lock = pg_sys::ShareRowExclusiveLock as i32;
    #[cfg(any(feature = "pg14", feature = "pg15"))]
    // SAFETY: the caller's promise.
    unsafe {
        pg_sys::EnableDisableTrigger(relation, name.as_ptr(), always, false, lock);
    }
    #[cfg(not(any(feature = "pg14", feature = "pg15")))]
    // SAFETY: the caller's promise; no parent trigger is named.
    unsafe {
        let parent = pg_sys::Oid::INVALID;
        let name = name.as_ptr();
        pg_sys::EnableDisableTrigger(relation, name, parent, always, false, false, lock);
    }
}
