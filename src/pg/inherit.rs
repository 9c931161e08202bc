//! Partitions and children.

use std::ops::ControlFlow;

use pgrx::PgList;
use pgrx::pg_sys::{self, Oid};

use super::relation::Relation;
use super::scan::find_rows;
use super::spi::{self, Argument, See};
use super::value::Value;
use crate::error::Result;
use crate::key::Key;

/// Functions that pgrx does not bind, behind the guard that turns an error into a panic.
mod unbound {
    use pgrx::pg_sys::{self, Oid, ffi::pg_guard_ffi_boundary};

    mod raw {
        use super::{Oid, pg_sys};

        unsafe extern "C-unwind" {
            pub fn find_all_inheritors(
                parent: Oid,
                lock: pg_sys::LOCKMODE,
                parents: *mut *mut pg_sys::List,
            ) -> *mut pg_sys::List;
            pub fn find_inheritance_children_extended(
                parent: Oid,
                omit_detached: bool,
                lock: pg_sys::LOCKMODE,
                detached_exist: *mut bool,
                detached_by: *mut pg_sys::TransactionId,
            ) -> *mut pg_sys::List;
            pub fn get_partition_ancestors(relation: Oid) -> *mut pg_sys::List;
        }
    }

    /// A list of oids: the relation and all that inherit from it, locked.
    ///
    /// # Safety
    /// The relation must be locked.
    pub unsafe fn find_all_inheritors(parent: Oid) -> *mut pg_sys::List {
        let lock = pg_sys::AccessShareLock as i32;
        // SAFETY: no list of parents is asked for.
        unsafe {
            pg_guard_ffi_boundary(|| raw::find_all_inheritors(parent, lock, std::ptr::null_mut()))
        }
    }

    /// Whether a partition of the table waits to be detached.
    pub fn has_detached(parent: Oid) -> bool {
        let (lock, nobody) = (pg_sys::NoLock as i32, std::ptr::null_mut());
        let mut exist = false;
        // SAFETY: a catalog scan, of whatever relation; nothing is done with the children.
        unsafe {
            pg_guard_ffi_boundary(|| {
                raw::find_inheritance_children_extended(parent, true, lock, &mut exist, nobody)
            });
        }
        exist
    }

    /// A list of oids: the tables of which it is a partition, nearest first.
    ///
    /// # Safety
    /// The relation must be a partition.
    pub unsafe fn get_partition_ancestors(relation: Oid) -> *mut pg_sys::List {
        // SAFETY: the caller's promise.
        unsafe { pg_guard_ffi_boundary(|| raw::get_partition_ancestors(relation)) }
    }
}

/// pg_inherits has this oid in every version.
const PG_INHERITS: Oid = Oid::from_u32(2611);

/// The relation itself and the tables of which it is a partition or child, to any depth, nearest first.
pub fn with_ancestors(oid: Oid) -> Result<Vec<Oid>> {
    let mut all = with_partitioned(oid);
    let mut at = 0;
    while let Some(&child) = all.get(at) {
        at += 1;
        // SAFETY: a syscache look-up.
        let is_partition = unsafe { pg_sys::get_rel_relispartition(child) };
        if is_partition || !is_reliable(child) {
            continue;
        }
        let key = Key::Bigint(i64::from(child.to_u32()));
        find_rows(PG_INHERITS, &[("inhrelid", &key)], &["inhparent"], |row| {
            all.extend(row[0].map(Value::as_oid).filter(|parent| !all.contains(parent)));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(all)
}

fn with_partitioned(oid: Oid) -> Vec<Oid> {
    let mut all = vec![oid];
    // SAFETY: get_partition_ancestors wants a partition.
    unsafe {
        if pg_sys::get_rel_relispartition(oid) {
            let list = PgList::<std::ffi::c_void>::from_pg(unbound::get_partition_ancestors(oid));
            all.extend(list.iter_oid());
        }
    }
    all
}

/// The tables that hold the rows of `oid`: itself, or its partitions and children.
pub fn holding_rows(oid: Oid) -> Vec<Oid> {
    with_descendants(oid).into_iter().filter(|oid| has_rows_itself(*oid)).collect()
}

/// The table and all its partitions and children, to any depth, as the active snapshot has them.
pub fn with_descendants(oid: Oid) -> Vec<Oid> {
    if !has_children(oid) {
        return vec![oid];
    }
    // SAFETY: the table is locked since it was looked at.
    let all = unsafe { PgList::<std::ffi::c_void>::from_pg(unbound::find_all_inheritors(oid)) };
    all.iter_oid().filter(|oid| is_reliable(*oid)).collect()
}

/// Whether a partition of the table waits to be detached: one of its partitions for older snapshots, and
/// none for newer ones.
pub fn is_losing_partitions(oid: Oid) -> bool {
    // SAFETY: a syscache look-up.
    let kind = unsafe { pg_sys::get_rel_relkind(oid) as u8 };
    kind == pg_sys::RELKIND_PARTITIONED_TABLE && unbound::has_detached(oid)
}

/// Whether the table's rows can be relied on: those of foreign tables change unseen, temporary ones
/// vanish unseen, and those of other sessions cannot be read.
fn is_reliable(oid: Oid) -> bool {
    // SAFETY: syscache look-ups; where there is no such relation the first answers with zero, and the
    // second would raise an error.
    unsafe {
        ![0, pg_sys::RELKIND_FOREIGN_TABLE].contains(&(pg_sys::get_rel_relkind(oid) as u8))
            && pg_sys::get_rel_persistence(oid) as u8 != pg_sys::RELPERSISTENCE_TEMP
    }
}

/// The condition, to follow another one, that a row of the table, which a query calls `name`, is in
/// one of `with_descendants`.
pub fn and_reliable(table: Oid, name: &str) -> String {
    if !has_children(table) {
        return String::new();
    }
    // SAFETY: the relation is locked.
    let all = unsafe { PgList::<std::ffi::c_void>::from_pg(unbound::find_all_inheritors(table)) };
    let left_out: Vec<String> = all
        .iter_oid()
        .filter(|oid| !is_reliable(*oid))
        .map(|oid| oid.to_u32().to_string())
        .collect();
    if left_out.is_empty() {
        return String::new();
    }
    let left_out = left_out.join(",");
    format!(" AND {name}.tableoid OPERATOR(pg_catalog.<>) ALL ('{{{left_out}}}'::pg_catalog.oid[])")
}

/// Whether the table is a partition or child of the other, to any depth; a partition that waits to be
/// detached still is.
pub fn is_below(oid: Oid, whole: Oid) -> Result<bool> {
    let found = spi::execute(
        "WITH RECURSIVE above (oid) AS (\
         SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid OPERATOR(pg_catalog.=) $1 \
         UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i \
         JOIN above a ON i.inhrelid OPERATOR(pg_catalog.=) a.oid) \
         SELECT FROM above WHERE oid OPERATOR(pg_catalog.=) $2",
        &[Argument::oid(oid), Argument::oid(whole)],
        See::Latest,
    )?;
    Ok(found > 0)
}

/// The tables that a change of a table's columns changes: the table and all its partitions and
/// children; of a type's, the tables declared OF it.
pub fn with_columns_of(oid: Oid) -> Result<Vec<Oid>> {
    // SAFETY: a syscache look-up.
    let kind = unsafe { pg_sys::get_rel_relkind(oid) as u8 };
    if kind != pg_sys::RELKIND_COMPOSITE_TYPE {
        return Ok(with_descendants(oid));
    }
    let mut tables = Vec::new();
    spi::query(
        "SELECT t.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_class t \
         ON t.reloftype OPERATOR(pg_catalog.=) c.reltype WHERE c.oid OPERATOR(pg_catalog.=) $1",
        &[Argument::oid(oid)],
        See::Latest,
        |row| {
            tables.extend(row.as_oid(1).into_iter().flat_map(with_descendants));
            Ok(())
        },
    )?;
    Ok(tables)
}

/// Whether it is a table that holds rows, rather than a partitioned one.
pub fn has_rows_itself(oid: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_rel_relkind(oid) as u8 == pg_sys::RELKIND_RELATION }
}

/// Whether it is a partition of another table.
pub fn is_partition(oid: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_rel_relispartition(oid) }
}

/// Locks the table. None where it is gone: whoever uses it next will say so.
fn has_children(oid: Oid) -> bool {
    // SAFETY: the relation is open while it is read.
    Relation::try_open(oid).is_some_and(|table| unsafe { (*(*table.raw()).rd_rel).relhassubclass })
}
