//! Reading tables row by row under the active snapshot, without privileges or policies: what is
//! read decides permissions and never leaves the functions as it is.

use std::cell::Cell;
use std::ffi::CString;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use pgrx::htup::heap_getattr_raw;
use pgrx::pg_sys::Oid;
use pgrx::{PgList, pg_sys};

use super::types;
use super::value::Value;
use crate::error::{Error, Result};
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
            pub fn get_partition_ancestors(relation: Oid) -> *mut pg_sys::List;
        }
    }

    /// A list of oids: the relation and all that inherit from it, locked.
    ///
    /// # Safety
    /// The relation must be open.
    pub unsafe fn find_all_inheritors(parent: Oid) -> *mut pg_sys::List {
        let lock = pg_sys::AccessShareLock as i32;
        // SAFETY: no list of parents is asked for.
        unsafe {
            pg_guard_ffi_boundary(|| raw::find_all_inheritors(parent, lock, std::ptr::null_mut()))
        }
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

/// The oids of the extension's own tables.
#[derive(Clone, Copy)]
pub struct OwnTables {
    pub catalog_state: Oid,
    pub object_type: Oid,
    pub permission: Oid,
    pub implication: Oid,
    pub subject_source: Oid,
    pub membership_source: Oid,
    pub subject: Oid,
    pub model_grant: Oid,
    pub model_grant_key: Oid,
    /// Table, index by object, index by subject; for bigint, uuid and text keys.
    pub grants: [(Oid, Oid, Oid); 3],
}

thread_local! {
    static OWN_TABLES: Cell<Option<OwnTables>> = const { Cell::new(None) };
}

/// Forgets the oids when any of these tables (or, told by oid 0, any at all) has changed.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn relation_changed(_arg: pg_sys::Datum, relation: Oid) {
    OWN_TABLES.with(|tables| {
        let ours = tables.get().is_some_and(|t| {
            relation == Oid::INVALID || relation == t.catalog_state || relation == t.object_type
        });
        if ours {
            tables.set(None);
        }
    });
}

/// Registers the callback; called once, when the library is loaded.
pub fn init() {
    // SAFETY: the callback lives as long as the library and looks nothing up.
    unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(relation_changed), Oid::INVALID.into()) }
}

/// Looks the extension's tables up, once until they change.
pub fn own_tables() -> Result<OwnTables> {
    if let Some(tables) = OWN_TABLES.with(Cell::get) {
        return Ok(tables);
    }
    // SAFETY: a syscache look-up.
    let schema = unsafe { pg_sys::get_namespace_oid(c"rowgrant".as_ptr(), true) };
    let find = |name: &str| {
        let spelled = CString::new(name).unwrap_or_default();
        // SAFETY: a syscache look-up; the name outlives it.
        let oid = unsafe { pg_sys::get_relname_relid(spelled.as_ptr(), schema) };
        if oid == Oid::INVALID {
            return Err(Error::undefined(format!("relation \"rowgrant.{name}\" does not exist"))
                .hint("Install the extension with CREATE EXTENSION rowgrant."));
        }
        Ok(oid)
    };
    let grants = |family: &str| -> Result<_> {
        Ok((
            find(&format!("grant_{family}"))?,
            find(&format!("grant_{family}_pkey"))?,
            find(&format!("grant_{family}_subject"))?,
        ))
    };
    let tables = OwnTables {
        catalog_state: find("catalog_state")?,
        object_type: find("object_type")?,
        permission: find("permission")?,
        implication: find("implication")?,
        subject_source: find("subject_source")?,
        membership_source: find("membership_source")?,
        subject: find("subject")?,
        model_grant: find("model_grant")?,
        model_grant_key: find("model_grant_pkey")?,
        grants: [grants("bigint")?, grants("uuid")?, grants("text")?],
    };
    OWN_TABLES.with(|known| known.set(Some(tables)));
    Ok(tables)
}

/// An open relation, locked against being dropped or altered until the transaction ends.
pub struct Relation(pg_sys::Relation);

impl Relation {
    /// Opens it; errors where it is gone.
    pub fn open(oid: Oid) -> Self {
        // SAFETY: raises an error where there is no such relation.
        Self(unsafe { pg_sys::relation_open(oid, pg_sys::AccessShareLock as i32) })
    }

    pub(super) fn raw(&self) -> pg_sys::Relation {
        self.0
    }

    fn columns(&self) -> &[pg_sys::FormData_pg_attribute] {
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

    fn required_column(&self, name: &str) -> Result<(i16, Oid)> {
        match self.column(name) {
            Some((number, type_oid, _)) => Ok((number, type_oid)),
            None => Err(Error::undefined(format!(
                "column \"{name}\" of table {} does not exist",
                self.name()
            ))
            .hint("It was renamed or dropped: call the function that registered the table again.")),
        }
    }

    /// `relkind`: r for a table, p for a partitioned one, ...
    pub fn kind(&self) -> u8 {
        // SAFETY: the relation is open.
        unsafe { (*(*self.0).rd_rel).relkind as u8 }
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
                    let total = pg_sys::RelationGetIndexPredicate(index.0).is_null();
                    let btree = (*(*index.0).rd_rel).relam == pg_sys::BTREE_AM_OID;
                    (form, form.indisvalid && total && btree)
                };
                let primary = form.indisprimary;
                usable.then_some((index, primary))
            })
            .collect()
    }

    fn key_columns(&self, count: i16) -> Vec<i16> {
        // SAFETY: an index's pg_index row holds at least indnkeyatts column numbers.
        unsafe {
            let form = (*self.0).rd_index;
            (*form).indkey.values.as_slice(count as usize).to_vec()
        }
    }

    /// An index whose leading columns are exactly these, in any order.
    fn index_on(&self, numbers: &[i16]) -> Option<Relation> {
        self.indexes().into_iter().map(|(index, _)| index).find(|index| {
            // SAFETY: the index is open.
            let count = unsafe { (*(*index.0).rd_index).indnkeyatts };
            let columns = index.key_columns(count);
            columns.len() >= numbers.len()
                && numbers.iter().all(|n| columns[..numbers.len()].contains(n))
                && (0..numbers.len()).all(|i| index.has_default_order(i, self))
        })
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
unsafe fn attributes<'a>(descriptor: pg_sys::TupleDesc) -> &'a [pg_sys::FormData_pg_attribute] {
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

fn name_of(name: &pg_sys::NameData) -> &str {
    // SAFETY: a NameData is NUL-terminated.
    unsafe { std::ffi::CStr::from_ptr(name.data.as_ptr()) }.to_str().unwrap_or_default()
}

/// The type's equality.
///
/// # Safety
/// The entry belongs to PostgreSQL's type cache and lives for ever.
unsafe fn equality(base_type: Oid) -> *mut pg_sys::TypeCacheEntry {
    // SAFETY: the cache fills what the flags ask for.
    unsafe {
        pg_sys::lookup_type_cache(
            base_type,
            (pg_sys::TYPECACHE_EQ_OPR_FINFO | pg_sys::TYPECACHE_BTREE_OPFAMILY) as i32,
        )
    }
}

/// The owner of a relation.
pub fn owner(oid: Oid) -> Result<Oid> {
    // SAFETY: the relation is open while it is read.
    Ok(unsafe { (*(*Relation::open(oid).0).rd_rel).relowner })
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

/// The relation itself and the tables of which it is a partition, nearest first.
pub fn with_ancestors(oid: Oid) -> Vec<Oid> {
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
fn holding_rows(oid: Oid) -> Vec<Oid> {
    // SAFETY: a syscache look-up, and a catalog scan that returns a list of oids.
    unsafe {
        let partitioned = pg_sys::get_rel_relkind(oid) as u8 == pg_sys::RELKIND_PARTITIONED_TABLE;
        if !partitioned && !has_children(oid) {
            return vec![oid];
        }
        let list = unbound::find_all_inheritors(oid);
        PgList::<std::ffi::c_void>::from_pg(list)
            .iter_oid()
            .filter(|oid| pg_sys::get_rel_relkind(*oid) as u8 == pg_sys::RELKIND_RELATION)
            .collect()
    }
}

fn has_children(oid: Oid) -> bool {
    // SAFETY: the relation is open while it is read.
    unsafe { (*(*Relation::open(oid).0).rd_rel).relhassubclass }
}

/// Calls `each` with the columns `want` of every row of `table` (partitions and children included)
/// whose columns equal the given keys, through an index where there is one, until it breaks.
pub fn find_rows(
    table: Oid,
    equal: &[(&str, &Key)],
    want: &[&str],
    mut each: impl FnMut(&[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    for oid in holding_rows(table) {
        let relation = Relation::open(oid);
        let mut keys = Vec::with_capacity(equal.len());
        let mut numbers = Vec::with_capacity(equal.len());
        for (name, key) in equal {
            let (number, declared) = relation.required_column(name)?;
            let base = types::base(declared);
            let Some(value) = Value::of_key(key, base)? else { break };
            let collation = relation.columns()[number as usize - 1].attcollation;
            keys.push(scan_key(number, base, collation, value)?);
            numbers.push(number);
        }
        if keys.len() < equal.len() {
            continue;
        }
        let wanted =
            want.iter().map(|name| relation.required_column(name)).collect::<Result<Vec<_>>>()?;
        let index = if numbers.is_empty() { None } else { relation.index_on(&numbers) };
        if scan(&relation, index.as_ref(), &mut keys, &wanted, &mut each)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn scan_key(number: i16, base: Oid, collation: Oid, value: Value) -> Result<pg_sys::ScanKeyData> {
    // SAFETY: the entry lives for ever; the key is initialised by the call.
    unsafe {
        let entry = equality(base);
        if (*entry).eq_opr_finfo.fn_oid == Oid::INVALID {
            return Err(Error::argument(format!(
                "type {} has no equality operator",
                types::name(base)
            )));
        }
        let mut key = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyEntryInitializeWithInfo(
            &mut key,
            0,
            number,
            pg_sys::BTEqualStrategyNumber as u16,
            Oid::INVALID,
            collation,
            &mut (*entry).eq_opr_finfo,
            value.datum(),
        );
        Ok(key)
    }
}

fn scan(
    relation: &Relation,
    index: Option<&Relation>,
    keys: &mut [pg_sys::ScanKeyData],
    wanted: &[(i16, Oid)],
    each: &mut impl FnMut(&[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<ControlFlow<()>> {
    // SAFETY: the relations stay open during the scan, the snapshot stays active; a tuple is valid
    // until the next step.
    unsafe {
        let index_oid = index.map_or(Oid::INVALID, |i| (*i.0).rd_id);
        let scan = pg_sys::systable_beginscan(
            relation.0,
            index_oid,
            index.is_some(),
            pg_sys::GetActiveSnapshot(),
            keys.len() as i32,
            keys.as_mut_ptr(),
        );
        let mut columns = Vec::with_capacity(wanted.len());
        let mut outcome = Ok(ControlFlow::Continue(()));
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            columns.clear();
            columns.extend(wanted.iter().map(|(number, type_oid)| {
                column_of(tuple, *number, (*relation.0).rd_att)
                    .map(|datum| Value::new(datum, *type_oid))
            }));
            outcome = each(&columns);
            if !matches!(outcome, Ok(ControlFlow::Continue(()))) {
                break;
            }
        }
        pg_sys::systable_endscan(scan);
        outcome
    }
}

/// # Safety
/// The tuple must be of the descriptor's shape.
unsafe fn column_of(
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

/// The row type's oid and a row's columns with the names that the type gives them.
pub struct RowValue {
    pub type_oid: Oid,
    names: Vec<String>,
    columns: Vec<Option<Value>>,
}

impl RowValue {
    /// The column by name; the outer `None` where the row type has none.
    pub fn column(&self, name: &str) -> Option<Option<Value>> {
        let at = self.names.iter().position(|n| n == name)?;
        Some(self.columns[at])
    }
}

/// Takes a row value apart.
pub fn row_value(value: Value) -> RowValue {
    deform(value.datum())
}

pub(super) fn row_value_columns(datum: pg_sys::Datum) -> Vec<Option<Value>> {
    deform(datum).columns
}

fn deform(datum: pg_sys::Datum) -> RowValue {
    // SAFETY: the datum is a composite value: a heap tuple that tells its own type.
    unsafe {
        let header = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()) as pg_sys::HeapTupleHeader;
        let type_oid = (*header).t_choice.t_datum.datum_typeid;
        let typmod = (*header).t_choice.t_datum.datum_typmod;
        let descriptor = pg_sys::lookup_rowtype_tupdesc_copy(type_oid, typmod);
        let mut tuple = pg_sys::HeapTupleData {
            t_len: ((*header).t_choice.t_datum.datum_len_ as u32) >> 2,
            t_data: header,
            ..Default::default()
        };
        let attributes = attributes(descriptor);
        let mut names = Vec::with_capacity(attributes.len());
        let mut columns = Vec::with_capacity(attributes.len());
        for attribute in attributes.iter().filter(|a| !a.attisdropped) {
            names.push(name_of(&attribute.attname).to_owned());
            columns.push(
                column_of(&mut tuple, attribute.attnum, descriptor)
                    .map(|datum| Value::new(datum, attribute.atttypid)),
            );
        }
        RowValue { type_oid, names, columns }
    }
}
