//! Probing and listing grants, straight from the indexes.

use std::ops::ControlFlow;

use pgrx::IntoDatum;
use pgrx::pg_sys::{self, Datum, Oid};

use super::own::{self, GrantTable};
use super::relation::Relation;
use super::value::{Value, uuid_datum};
use super::visible::{raw, seek};
use super::{snapshot, version};
use crate::error::Result;
use crate::key::{Family, KeyRef};

/// From so many entries of one object on, exact probes of each subject take over from reading all
/// of the object's grants.
const ENTRIES_READ: usize = 64;

pub(super) const INT4EQ: u32 = 65;
const INT4LE: u32 = 149;
const INT4GE: u32 = 150;
const INT8EQ: u32 = 467;
const INT8GT: u32 = 470;
const TEXTEQ: u32 = 67;
const TEXT_GT: u32 = 742;
const UUID_EQ: u32 = 2956;
const UUID_GT: u32 = 2958;
const C_COLLATION: u32 = 950;

pub(super) const FORWARD: pg_sys::ScanDirection::Type = pg_sys::ScanDirection::ForwardScanDirection;

/// What a grant must be for to count: any of the permissions, any of the subjects (both in
/// ascending order).
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub permissions: &'a [i32],
    pub subjects: &'a [i32],
}

/// Whether an unexpired grant of any wanted permission to any wanted subject stands on the object.
pub fn any_on_object(object: KeyRef, wanted: Wanted) -> Result<bool> {
    let tables = own::own_tables()?;
    let (family, datum) = key_datum(object);
    let GrantTable { heap, by_object: index, .. } = tables.grants[family as usize];
    Ok(Probe::new(heap, index, Some((family, datum)), Some(4)).any(wanted))
}

/// Whether a model-level grant of any wanted permission to any wanted subject stands.
pub fn any_model_level(wanted: Wanted) -> Result<bool> {
    let tables = own::own_tables()?;
    Ok(Probe::new(tables.model_grant, tables.model_grant_key, None, None).any(wanted))
}

/// Whether any grant at all stands on the object, expired ones too, as of now rather than as of
/// the statement: for cleaning.
pub fn any_of_permissions_latest(object: KeyRef, permissions: &[i32]) -> Result<bool> {
    let (Some(&least), Some(&most)) = (permissions.first(), permissions.last()) else {
        return Ok(false);
    };
    let tables = own::own_tables()?;
    let (family, datum) = key_datum(object);
    let GrantTable { heap, by_object: index, .. } = tables.grants[family as usize];
    let mut probe = Probe::new(heap, index, Some((family, datum)), None);
    // SAFETY: registered while the scan lasts; released by the resource owner on error.
    let latest = unsafe { pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot()) };
    probe.snapshot = latest;
    let found = probe.scan(least, most, None, usize::MAX, |permission, _| {
        permissions.binary_search(&permission).is_ok()
    });
    // SAFETY: registered above.
    unsafe { pg_sys::UnregisterSnapshot(latest) };
    Ok(found == Some(true))
}

/// Calls `each` with the permission and subject of every unexpired grant of a wanted permission (in
/// ascending order) on the object.
pub fn each_on_object(
    object: KeyRef,
    permissions: &[i32],
    each: impl FnMut(i32, i32),
) -> Result<()> {
    let (family, datum) = key_datum(object);
    let GrantTable { heap, by_object: index, .. } = own::own_tables()?.grants[family as usize];
    each_holder(heap, index, Some((family, datum)), permissions, always(each));
    Ok(())
}

/// Calls `each` with the permission and subject of every model-level grant of a wanted permission.
pub fn each_model_level(permissions: &[i32], each: impl FnMut(i32, i32)) -> Result<()> {
    let tables = own::own_tables()?;
    each_holder(tables.model_grant, tables.model_grant_key, None, permissions, always(each));
    Ok(())
}

/// The subjects that hold the permission at model level, ascending; `None` where they are more than
/// `limit`.
pub fn model_level_holders(permission: i32, limit: usize) -> Result<Option<Vec<i32>>> {
    let tables = own::own_tables()?;
    let mut holders = Vec::new();
    let add = |_, subject| {
        holders.push(subject);
        if holders.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    each_holder(tables.model_grant, tables.model_grant_key, None, &[permission], add);
    Ok((holders.len() <= limit).then_some(holders))
}

fn always(mut each: impl FnMut(i32, i32)) -> impl FnMut(i32, i32) -> ControlFlow<()> {
    move |permission, subject| {
        each(permission, subject);
        ControlFlow::Continue(())
    }
}

fn each_holder(
    heap: Oid,
    index: Oid,
    object: Option<(Family, Datum)>,
    permissions: &[i32],
    mut each: impl FnMut(i32, i32) -> ControlFlow<()>,
) {
    let (heap, index) = (Relation::open(heap), Relation::open(index));
    let now = snapshot::now();
    let first = usize::from(object.is_some());
    // SAFETY: both relations are open, the active snapshot outlives the scan, the slot is dropped
    // before it ends. Tables of grants on objects have four columns, the other has two.
    unsafe {
        let count = first as i32 + 1;
        let snapshot = pg_sys::GetActiveSnapshot();
        let scan = version::index_beginscan(heap.raw(), index.raw(), snapshot, count);
        let slot = pg_sys::table_slot_create(heap.raw(), std::ptr::null_mut());
        for &permission in permissions {
            let mut keys: Vec<_> =
                object.map(|(family, datum)| object_key(family, datum)).into_iter().collect();
            let column = first as i16 + 1;
            keys.push(integer_key(column, pg_sys::BTEqualStrategyNumber, INT4EQ, permission));
            pg_sys::index_rescan(scan, keys.as_mut_ptr(), count, std::ptr::null_mut(), 0);
            while pg_sys::index_getnext_slot(scan, FORWARD, slot) {
                pg_sys::slot_getsomeattrs(slot, if first == 1 { 4 } else { 2 });
                if first == 0 || is_live(slot, now) {
                    let subject = *(*slot).tts_values.add(first + 1);
                    if each(permission, subject.value() as i32).is_break() {
                        break;
                    }
                }
            }
        }
        pg_sys::ExecDropSingleTupleTableSlot(slot);
        pg_sys::index_endscan(scan);
    }
}

/// A look into an index on (\[object,\] perm, subject).
struct Probe {
    heap: Relation,
    index: Relation,
    object: Option<(Family, Datum)>,
    expiry_column: Option<i32>,
    snapshot: pg_sys::Snapshot,
    now: pg_sys::TimestampTz,
}

impl Probe {
    fn new(
        heap: Oid,
        index: Oid,
        object: Option<(Family, Datum)>,
        expiry_column: Option<i32>,
    ) -> Self {
        Self {
            heap: Relation::open(heap),
            index: Relation::open(index),
            object,
            expiry_column,
            // SAFETY: a function called from SQL runs under an active snapshot.
            snapshot: unsafe { pg_sys::GetActiveSnapshot() },
            now: snapshot::now(),
        }
    }

    /// One descent reads all grants of the object; where they are many, one descent for each
    /// permission and subject.
    fn any(&self, wanted: Wanted) -> bool {
        let (Some(&least), Some(&most)) = (wanted.permissions.first(), wanted.permissions.last())
        else {
            return false;
        };
        let matches = |permission, subject| {
            wanted.permissions.binary_search(&permission).is_ok()
                && wanted.subjects.binary_search(&subject).is_ok()
        };
        if let Some(answer) = self.scan(least, most, None, ENTRIES_READ, matches) {
            return answer;
        }
        wanted.permissions.iter().any(|&permission| {
            wanted.subjects.iter().any(|&subject| {
                let exact = Some(subject);
                self.scan(permission, permission, exact, usize::MAX, |_, _| true) == Some(true)
            })
        })
    }

    /// Reads index entries in order; those that match are looked up in the table. `None` where
    /// more than `limit` entries were read without an answer.
    fn scan(
        &self,
        least: i32,
        most: i32,
        subject: Option<i32>,
        limit: usize,
        matches: impl Fn(i32, i32) -> bool,
    ) -> Option<bool> {
        let first = if self.object.is_some() { 2 } else { 1 };
        let mut keys = Vec::with_capacity(4);
        if let Some((family, datum)) = self.object {
            keys.push(object_key(family, datum));
        }
        if least == most {
            keys.push(integer_key(first, pg_sys::BTEqualStrategyNumber, INT4EQ, least));
        } else {
            keys.push(integer_key(first, pg_sys::BTGreaterEqualStrategyNumber, INT4GE, least));
            keys.push(integer_key(first, pg_sys::BTLessEqualStrategyNumber, INT4LE, most));
        }
        if let Some(subject) = subject {
            keys.push(integer_key(first + 1, pg_sys::BTEqualStrategyNumber, INT4EQ, subject));
        }
        // SAFETY: both relations are open, the snapshot outlives the scan; index tuples and slot
        // are used before the scan moves on, and the slot is dropped before the scan ends.
        unsafe {
            let count = keys.len() as i32;
            let scan =
                version::index_beginscan(self.heap.raw(), self.index.raw(), self.snapshot, count);
            (*scan).xs_want_itup = true;
            pg_sys::index_rescan(scan, keys.as_mut_ptr(), count, std::ptr::null_mut(), 0);
            let mut slot: *mut pg_sys::TupleTableSlot = std::ptr::null_mut();
            let family = self.object.map(|(family, _)| family);
            let is_wanted = |tuple| {
                let [permission, subject] = permission_and_subject(scan, tuple, family);
                matches(permission, subject)
            };
            let mut left = limit;
            let answer = loop {
                match seek(scan, &mut left, is_wanted) {
                    Some(true) => {}
                    other => break other,
                }
                if slot.is_null() {
                    slot = pg_sys::table_slot_create(self.heap.raw(), std::ptr::null_mut());
                }
                // The table row decides: the entry may be dead, or its grant expired.
                if pg_sys::index_fetch_heap(scan, slot) && self.counts(slot) {
                    break Some(true);
                }
            };
            if !slot.is_null() {
                pg_sys::ExecDropSingleTupleTableSlot(slot);
            }
            pg_sys::index_endscan(scan);
            answer
        }
    }

    /// # Safety
    /// The slot must hold a row of the probed table.
    unsafe fn counts(&self, slot: *mut pg_sys::TupleTableSlot) -> bool {
        let Some(column) = self.expiry_column else { return true };
        // SAFETY: the caller's promise; grant tables have four columns.
        unsafe {
            pg_sys::slot_getsomeattrs(slot, column);
            is_live(slot, self.now)
        }
    }
}

/// Of an entry of the scan's index on (\[object,\] perm, subject).
///
/// # Safety
/// The tuple must be the one that the scan is on, its index one of grants on objects of that family.
unsafe fn permission_and_subject(
    scan: pg_sys::IndexScanDesc,
    tuple: pg_sys::IndexTuple,
    family: Option<Family>,
) -> [i32; 2] {
    let object = match family {
        None => 0,
        Some(Family::Bigint) => size_of::<i64>(),
        Some(Family::Uuid) => size_of::<uuid::Bytes>(),
        // SAFETY: the caller's promise; there are three columns.
        Some(Family::Text) => unsafe {
            let (mut values, mut nulls) = ([Datum::null(); 3], [false; 3]);
            let descriptor = (*scan).xs_itupdesc;
            raw::index_deform_tuple(tuple, descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            return [values[1].value() as i32, values[2].value() as i32];
        },
    };
    // SAFETY: none of the columns can be NULL, so that they lie behind the header and the object; the
    // size of which is a multiple of their alignment.
    unsafe {
        let at = tuple.cast::<u8>().add(size_of::<pg_sys::IndexTupleData>() + object);
        *at.cast::<[i32; 2]>()
    }
}

/// # Safety
/// The slot must hold a row of a grant table with its four columns extracted.
pub(super) unsafe fn is_live(slot: *mut pg_sys::TupleTableSlot, now: pg_sys::TimestampTz) -> bool {
    // SAFETY: the caller's promise.
    unsafe { *(*slot).tts_isnull.add(3) || (*(*slot).tts_values.add(3)).value() as i64 > now }
}

pub(super) fn key_datum(key: KeyRef) -> (Family, Datum) {
    match key {
        KeyRef::Bigint(number) => (Family::Bigint, Datum::from(number)),
        KeyRef::Uuid(uuid) => (Family::Uuid, uuid_datum(uuid).unwrap_or(Datum::null())),
        KeyRef::Text(text) => (Family::Text, text.into_datum().unwrap_or(Datum::null())),
    }
}

/// A value of the column `object` of the family's table.
///
/// # Safety
/// The datum must be one.
pub(super) unsafe fn object(family: Family, datum: Datum) -> Value {
    let type_oid = match family {
        Family::Bigint => pg_sys::INT8OID,
        Family::Uuid => pg_sys::UUIDOID,
        Family::Text => pg_sys::TEXTOID,
    };
    // SAFETY: the caller's promise.
    unsafe { Value::new(datum, type_oid) }
}

/// How an object is compared with a given one.
#[derive(Clone, Copy)]
pub(super) enum Compare {
    Equal,
    Greater,
}

fn object_key(family: Family, datum: Datum) -> pg_sys::ScanKeyData {
    object_comparison(1, Compare::Equal, family, datum)
}

pub(super) fn object_comparison(
    column: i16,
    compare: Compare,
    family: Family,
    datum: Datum,
) -> pg_sys::ScanKeyData {
    let ([equal, greater], collation) = match family {
        Family::Bigint => ([INT8EQ, INT8GT], 0),
        Family::Uuid => ([UUID_EQ, UUID_GT], 0),
        Family::Text => ([TEXTEQ, TEXT_GT], C_COLLATION),
    };
    let (strategy, procedure) = match compare {
        Compare::Equal => (pg_sys::BTEqualStrategyNumber, equal),
        Compare::Greater => (pg_sys::BTGreaterStrategyNumber, greater),
    };
    scan_key(column, strategy, collation, procedure, datum)
}

pub(super) fn integer_key(
    column: i16,
    strategy: u32,
    procedure: u32,
    value: i32,
) -> pg_sys::ScanKeyData {
    scan_key(column, strategy, 0, procedure, Datum::from(value))
}

fn scan_key(
    column: i16,
    strategy: u32,
    collation: u32,
    procedure: u32,
    value: Datum,
) -> pg_sys::ScanKeyData {
    let mut key = pg_sys::ScanKeyData::default();
    // SAFETY: the built-in procedures above have had these oids in every version.
    unsafe {
        pg_sys::ScanKeyEntryInitialize(
            &mut key,
            0,
            column,
            strategy as u16,
            Oid::INVALID,
            Oid::from(collation),
            procedure.into(),
            value,
        );
    }
    key
}
