//! Relations: their columns, keys and indexes.

use std::ffi::CString;
use std::num::NonZeroUsize;

use pgrx::htup::heap_getattr_raw;
use pgrx::pg_sys::Oid;
use pgrx::{PgList, pg_sys};

use super::types;
use super::value::Value;
use crate::error::{Error, Result};

/// An open relation, locked against being dropped or altered until the transaction ends.
pub struct Relation(pg_sys::Relation);

impl Relation {
    /// Opens it, unless it is gone: dropped while its lock was waited for, say.
    pub fn try_open(oid: Oid) -> Option<Self> {
        // SAFETY: null where there is no such relation.
        let relation =
            unsafe { pg_sys::try_relation_open(oid, pg_sys::AccessShareLock as pg_sys::LOCKMODE) };
        if relation.is_null() { None } else { Some(Self(relation)) }
    }

    /// Opens it; errors where it is gone.
    pub fn open(oid: Oid) -> Self {
        // SAFETY: raises an error where there is no such relation.
        Self(unsafe { pg_sys::relation_open(oid, pg_sys::AccessShareLock as i32) })
    }

    pub fn oid(&self) -> Oid {
        // SAFETY: the relation is open.
        unsafe { (*self.0).rd_id }
    }

    pub(super) fn raw(&self) -> pg_sys::Relation {
        self.0
    }

    pub(super) fn columns(&self) -> &[pg_sys::FormData_pg_attribute] {
        // SAFETY: the descriptor lives as long as the relation is open.
        unsafe { attributes((*self.0).rd_att) }
    }

    /// Number, declared type and collation of the column; `None` where there is none.
    pub fn column(&self, name: &str) -> Option<(i16, Oid, Oid)> {
        self.columns()
            .iter()
            .find(|a| !a.attisdropped && name_of(&a.attname) == name)
            .map(|a| (a.attnum, a.atttypid, a.attcollation))
    }

    /// The declared types of all columns, in order.
    pub fn column_types(&self) -> Vec<Oid> {
        self.columns().iter().filter(|a| !a.attisdropped).map(|a| a.atttypid).collect()
    }

    /// Whether the column can hold NULL.
    pub fn column_is_nullable(&self, name: &str) -> bool {
        self.columns().iter().any(|a| !a.attnotnull && name_of(&a.attname) == name)
    }

    pub fn required_column(&self, name: &str) -> Result<(i16, Oid)> {
        match self.column(name) {
            Some((number, type_oid, _)) => Ok((number, type_oid)),
            None => Err(Error::undefined(format!(
                "column \"{name}\" of table {} does not exist",
                self.name()
            ))
            .hint("It was renamed or dropped: call the function that registered the table again.")),
        }
    }

    /// Whether it has a trigger of that name.
    pub fn has_trigger(&self, name: &str) -> bool {
        let Ok(name) = CString::new(name) else { return false };
        // SAFETY: the relation is open; a look-up that may find nothing.
        unsafe { pg_sys::get_trigger_oid((*self.0).rd_id, name.as_ptr(), true) != Oid::INVALID }
    }

    /// The modifier of a column's type, by number: a length, say.
    pub fn type_modifier(&self, number: i16) -> i32 {
        self.columns()[number as usize - 1].atttypmod
    }

    /// The collation of a column by number.
    pub fn collation(&self, number: i16) -> Oid {
        self.columns()[number as usize - 1].attcollation
    }

    /// Lets a trigger just made fire whatever session_replication_role is. Not by ALTER TABLE, which
    /// refuses while the transaction has deferred constraints to check.
    pub fn enable_trigger_always(&self, name: &str) -> Result<()> {
        let name = std::ffi::CString::new(name)
            .map_err(|_| Error::internal("a trigger's name holds a zero byte"))?;
        // SAFETY: the relation is open; making the trigger has locked it. The change is made visible
        // to what follows.
        unsafe {
            super::version::enable_always(self.0, &name);
            pg_sys::CommandCounterIncrement();
        }
        Ok(())
    }

    /// `relkind`: r for a table, p for a partitioned one, ...
    pub fn kind(&self) -> u8 {
        // SAFETY: the relation is open.
        unsafe { (*(*self.0).rd_rel).relkind as u8 }
    }

    /// The number of its pages.
    pub fn pages(&self) -> u32 {
        // SAFETY: the relation is open.
        unsafe { pg_sys::RelationGetNumberOfBlocksInFork(self.0, pg_sys::ForkNumber::MAIN_FORKNUM) }
    }

    /// Whether it is a temporary table.
    pub fn is_temporary(&self) -> bool {
        // SAFETY: the relation is open.
        unsafe { (*(*self.0).rd_rel).relpersistence as u8 == pg_sys::RELPERSISTENCE_TEMP }
    }

    /// The table's name, without schema.
    pub fn name(&self) -> String {
        // SAFETY: the relation is open.
        name_of(unsafe { &(*(*self.0).rd_rel).relname }).to_owned()
    }

    /// The columns of the unique indexes over plain columns, with whether each is the primary key.
    pub fn unique_keys(&self) -> Vec<(Vec<String>, bool)> {
        let mut found = Vec::new();
        for (index, primary) in self.indexes() {
            // SAFETY: the index is open.
            let form = unsafe { &*(*index.0).rd_index };
            if !form.indisunique {
                continue;
            }
            let numbers = index.key_columns(form.indnkeyatts);
            let names = numbers.iter().map(|n| {
                let column = usize::try_from(*n).ok()?.checked_sub(1)?;
                Some(name_of(&self.columns().get(column)?.attname).to_owned())
            });
            if let Some(names) = names.collect::<Option<Vec<_>>>() {
                found.push((names, primary));
            }
        }
        found
    }

    /// Whether no two rows can have the same values in these columns even while a command runs: a
    /// constraint that is not deferrable is checked row by row.
    pub fn is_unique_at_once(&self, columns: &[&str]) -> bool {
        self.indexes().iter().any(|(index, _)| {
            // SAFETY: the index is open.
            let form = unsafe { &*(*index.0).rd_index };
            let numbers = index.key_columns(form.indnkeyatts);
            let named = numbers.iter().filter_map(|n| {
                let column = usize::try_from(*n).ok()?.checked_sub(1)?;
                Some(name_of(&self.columns().get(column)?.attname))
            });
            form.indisunique
                && form.indimmediate
                && numbers.len() == columns.len()
                && named.filter(|name| columns.contains(name)).count() == columns.len()
        })
    }

    /// Valid B-tree indexes over all rows, with whether each is the primary key's.
    fn indexes(&self) -> Vec<(Relation, bool)> {
        // SAFETY: the relation is open; the list is a copy of its own.
        let list =
            unsafe { PgList::<std::ffi::c_void>::from_pg(pg_sys::RelationGetIndexList(self.0)) };
        list.iter_oid()
            .filter_map(|oid| {
                let index = Relation::open(oid);
                // SAFETY: the index is open.
                let (form, usable) = unsafe {
                    let form = &*(*index.0).rd_index;
                    // Not by reading the predicate, which would call functions in it.
                    let predicate = pg_sys::Anum_pg_index_indpred as i32;
                    let total = pg_sys::heap_attisnull(
                        (*index.0).rd_indextuple,
                        predicate,
                        std::ptr::null_mut(),
                    );
                    let btree = (*(*index.0).rd_rel).relam == pg_sys::BTREE_AM_OID;
                    (form, form.indisvalid && total && btree)
                };
                let primary = form.indisprimary;
                usable.then_some((index, primary))
            })
            .collect()
    }

    fn key_columns(&self, count: i16) -> Vec<i16> {
        // SAFETY: an index's pg_index row holds indnatts column numbers.
        unsafe {
            let form = (*self.0).rd_index;
            (*form).indkey.values.as_slice(count as usize).to_vec()
        }
    }

    /// Whether the index, being one, leads to the rows of all snapshots that are still in use: not
    /// where it was built over rows that were updated in place and that some may still see as they
    /// were.
    pub(super) fn serves_all_snapshots(&self) -> bool {
        // SAFETY: the index is open; its row of pg_index belongs to it.
        unsafe {
            if !(*(*self.0).rd_index).indcheckxmin {
                return true;
            }
            let header = &*(*(*self.0).rd_indextuple).t_data;
            let frozen = pg_sys::HEAP_XMIN_FROZEN as u16;
            header.t_infomask & frozen == frozen
                || pg_sys::TransactionIdPrecedes(
                    header.t_choice.t_heap.t_xmin,
                    pg_sys::TransactionXmin,
                )
        }
    }

    /// An index whose leading columns are exactly these, in any order; one that holds the columns
    /// `want`, too, where there is any.
    pub(super) fn index_on(&self, numbers: &[i16], want: &[i16]) -> Option<Relation> {
        let mut indexes: Vec<Relation> = self.indexes_on(numbers);
        let covering = indexes.iter().position(|index| self.places_in(index, want).is_some());
        (!indexes.is_empty()).then(|| indexes.swap_remove(covering.unwrap_or(0)))
    }

    /// The places of columns, all of them the table's, in this index, from 1.
    pub(super) fn places_of(&self, numbers: &[i16]) -> Vec<i16> {
        // SAFETY: the index is open.
        let held = unsafe { self.key_columns((*(*self.0).rd_index).indnatts) };
        let place = |number| held.iter().position(|held| held == number).map(|at| at as i16 + 1);
        numbers.iter().filter_map(place).collect()
    }

    /// The columns' places in an index that holds them all as the table does, from 1.
    pub(super) fn places_in(&self, index: &Relation, numbers: &[i16]) -> Option<Vec<i16>> {
        // SAFETY: both are open; an index has as many columns as its descriptor, counted and
        // described alike.
        let held = unsafe { index.key_columns((*(*index.0).rd_index).indnatts) };
        let place = |number: &i16| {
            let at = held.iter().position(|held| held == number)?;
            let column = self.columns().get(usize::try_from(*number).ok()?.checked_sub(1)?)?;
            let same = index.columns().get(at)?.atttypid == column.atttypid;
            same.then_some(at as i16 + 1)
        };
        numbers.iter().map(place).collect()
    }

    fn indexes_on(&self, numbers: &[i16]) -> Vec<Relation> {
        let serves = |index: &Relation| {
            // SAFETY: the index is open.
            let count = unsafe { (*(*index.0).rd_index).indnkeyatts };
            let columns = index.key_columns(count);
            columns.len() >= numbers.len()
                && numbers.iter().all(|n| columns[..numbers.len()].contains(n))
                && (0..numbers.len()).all(|i| index.has_default_order(i, self))
        };
        self.indexes().into_iter().map(|(index, _)| index).filter(serves).collect()
    }

    /// Whether the index's i-th column is ordered by its type's default operator class and the
    /// table column's collation, so that the type's own `=` may be looked up in it.
    fn has_default_order(&self, i: usize, table: &Relation) -> bool {
        // SAFETY: arrays of an open index, each as long as its number of key columns.
        unsafe {
            let column = *(*(*self.0).rd_index).indkey.values.as_slice(i + 1).last().unwrap_or(&0);
            let Some(attribute) =
                usize::try_from(column).ok().and_then(|c| table.columns().get(c.wrapping_sub(1)))
            else {
                return false;
            };
            let entry = equality(types::base(attribute.atttypid));
            *(*self.0).rd_opfamily.add(i) == (*entry).btree_opf
                && *(*self.0).rd_indcollation.add(i) == attribute.attcollation
        }
    }
}

impl Drop for Relation {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: opened by `open`; the lock stays until the end of the transaction.
            unsafe { pg_sys::relation_close(self.0, pg_sys::NoLock as i32) }
        }
    }
}

/// # Safety
/// The descriptor must be valid for the lifetime chosen by the caller.
pub(super) unsafe fn attributes<'a>(
    descriptor: pg_sys::TupleDesc,
) -> &'a [pg_sys::FormData_pg_attribute] {
    // SAFETY: the caller's promise; a descriptor holds natts attributes.
    unsafe {
        let count = (*descriptor).natts as usize;
        #[cfg(not(feature = "pg18"))]
        let first = (*descriptor).attrs.as_ptr();
        #[cfg(feature = "pg18")]
        let first = pg_sys::TupleDescAttr(descriptor, 0);
        std::slice::from_raw_parts(first, count)
    }
}

pub(super) fn name_of(name: &pg_sys::NameData) -> &str {
    // SAFETY: a NameData is NUL-terminated.
    unsafe { std::ffi::CStr::from_ptr(name.data.as_ptr()) }.to_str().unwrap_or_default()
}

/// The type's equality.
///
/// # Safety
/// The entry belongs to PostgreSQL's type cache and lives for ever.
pub(super) unsafe fn equality(base_type: Oid) -> *mut pg_sys::TypeCacheEntry {
    // SAFETY: the cache fills what the flags ask for.
    unsafe {
        pg_sys::lookup_type_cache(
            base_type,
            (pg_sys::TYPECACHE_EQ_OPR_FINFO | pg_sys::TYPECACHE_BTREE_OPFAMILY) as i32,
        )
    }
}

/// Has all sessions make their plans with the table anew, once this transaction is committed.
pub fn forget_plans(oid: Oid) {
    // SAFETY: sends a message at the end of the transaction; the relation exists.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(oid) }
}

/// The owner of a relation.
pub fn owner(oid: Oid) -> Result<Oid> {
    let relation = Relation::try_open(oid).ok_or_else(|| {
        Error::undefined(format!("the table with oid {} was dropped just now", oid.to_u32()))
            .hint("Try again.")
    })?;
    // SAFETY: the relation is open while it is read.
    Ok(unsafe { (*(*relation.0).rd_rel).relowner })
}

/// Whether an index serves a look-up by that column.
pub fn has_index_on(table: Oid, column: &str) -> bool {
    let relation = Relation::open(table);
    relation.column(column).is_some_and(|(number, ..)| relation.index_on(&[number], &[]).is_some())
}

/// The schema that a relation is in.
pub fn schema_of(oid: Oid) -> Oid {
    // SAFETY: a syscache look-up.
    unsafe { pg_sys::get_rel_namespace(oid) }
}

/// Whether there is such a relation.
pub fn exists(oid: Oid) -> bool {
    // SAFETY: a syscache look-up.
    !unsafe { pg_sys::get_rel_name(oid) }.is_null()
}

/// The relation's name with its schema, quoted where SQL wants quotes.
pub fn qualified_name(oid: Oid) -> String {
    // SAFETY: syscache look-ups; null where the relation is gone.
    unsafe {
        let name = pg_sys::get_rel_name(oid);
        if name.is_null() {
            return format!("{}", oid.to_u32());
        }
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(oid));
        types::copy_cstr(pg_sys::quote_qualified_identifier(schema, name)).unwrap_or_default()
    }
}

/// A column's name, quoted where SQL wants quotes.
pub fn quote(name: &str) -> String {
    let spelled = CString::new(name).unwrap_or_default();
    // SAFETY: the string is NUL-terminated; the result is copied.
    types::copy_cstr(unsafe { pg_sys::quote_identifier(spelled.as_ptr()) }).unwrap_or_default()
}

/// A text as a literal of SQL.
pub fn quote_literal(text: &str) -> String {
    let spelled = CString::new(text).unwrap_or_default();
    // SAFETY: the string is NUL-terminated; the result is copied.
    types::copy_cstr(unsafe { pg_sys::quote_literal_cstr(spelled.as_ptr()) }).unwrap_or_default()
}

/// # Safety
/// The tuple must be of the descriptor's shape.
pub(super) unsafe fn column_of(
    tuple: pg_sys::HeapTuple,
    number: i16,
    descriptor: pg_sys::TupleDesc,
) -> Option<pg_sys::Datum> {
    let number = NonZeroUsize::new(usize::try_from(number).ok()?)?;
    // SAFETY: the caller's promise.
    unsafe { heap_getattr_raw(tuple, number, descriptor) }
}

/// The columns of a tuple of an open relation, by name.
///
/// # Safety
/// The tuple must be one of `relation`, and valid while the values are used.
pub(super) unsafe fn columns_by_name(
    relation: pg_sys::Relation,
    tuple: pg_sys::HeapTuple,
    names: &[String],
) -> Result<Vec<Option<Value>>> {
    // SAFETY: the relation is open by the caller's promise and must not be closed here.
    unsafe {
        let open = std::mem::ManuallyDrop::new(Relation(relation));
        names
            .iter()
            .map(|name| {
                let (number, type_oid) = open.required_column(name)?;
                let datum = column_of(tuple, number, (*relation).rd_att);
                Ok(datum.map(|datum| Value::new(datum, type_oid)))
            })
            .collect()
    }
}
