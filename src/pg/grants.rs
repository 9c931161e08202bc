//! Probing and listing grants, straight from the indexes.

use std::ops::ControlFlow;

use pgrx::IntoDatum;
use pgrx::pg_sys::{self, Datum, Oid};
use smallvec::SmallVec;

use super::own::{self, GrantTable};
use super::relation::Relation;
use super::snapshot;
use super::value::{Value, uuid_datum};
use super::visible::{Entries, Reads, Row, raw};
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
    Ok(Probe::new(heap, index, Some((family, datum)), true).any(wanted))
}

/// Whether a model-level grant of any wanted permission to any wanted subject stands.
pub fn any_model_level(wanted: Wanted) -> Result<bool> {
    let tables = own::own_tables()?;
    Ok(Probe::new(tables.model_grant, tables.model_grant_key, None, false).any(wanted))
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
    let mut probe = Probe::new(heap, index, Some((family, datum)), false);
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
    // The row tells when a grant expires; those at model level never do.
    let (columns, reads) = match object {
        Some(_) => (2, Reads::Both),
        None => (1, Reads::Entries),
    };
    // SAFETY: both relations are open, the active snapshot outlives the scan; an entry, and the row in
    // the slot, are used before the scan moves on.
    unsafe {
        let snapshot = pg_sys::GetActiveSnapshot();
        let mut entries = Entries::begin(&heap, &index, snapshot, columns, reads);
        let (descriptor, family) = (entries.descriptor(), object.map(|object| object.0));
        for &permission in permissions {
            let mut keys: SmallVec<[pg_sys::ScanKeyData; 2]> =
                object.map(|(family, datum)| object_key(family, datum)).into_iter().collect();
            let equal = pg_sys::BTEqualStrategyNumber;
            keys.push(integer_key(columns as i16, equal, INT4EQ, permission));
            entries.restart(&mut keys);
            while let Some((_, row)) = entries.next() {
                let counts = match (row, object) {
                    (Row::Read(slot), Some(_)) => is_live(slot, now),
                    (Row::Read(_) | Row::Visible, None) => true,
                    (Row::Visible, Some(_)) | (Row::Invisible, _) => false,
                };
                let [_, subject] = permission_and_subject(entries.tuple(), descriptor, family);
                if counts && each(permission, subject).is_break() {
                    break;
                }
            }
        }
        entries.end();
    }
}

/// A look into an index on (\[object,\] perm, subject).
struct Probe {
    heap: Relation,
    index: Relation,
    object: Option<(Family, Datum)>,
    /// Whether grants may expire; those that have expired count no more then.
    may_expire: bool,
    snapshot: pg_sys::Snapshot,
    now: pg_sys::TimestampTz,
}

impl Probe {
    fn new(heap: Oid, index: Oid, object: Option<(Family, Datum)>, may_expire: bool) -> Self {
        Self {
            heap: Relation::open(heap),
            index: Relation::open(index),
            object,
            may_expire,
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
        let mut keys = SmallVec::<[pg_sys::ScanKeyData; 4]>::new();
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
        // SAFETY: both relations are open, the snapshot outlives the scan; an entry, and the row in the
        // slot, are used before the scan moves on.
        unsafe {
            let (heap, index, reads) = (&self.heap, &self.index, Reads::Entries);
            let mut entries = Entries::begin(heap, index, self.snapshot, keys.len(), reads);
            entries.restart(&mut keys);
            let (descriptor, family) = (entries.descriptor(), self.object.map(|object| object.0));
            let is_wanted = |tuple| {
                let [permission, subject] = permission_and_subject(tuple, descriptor, family);
                matches(permission, subject)
            };
            let mut left = limit;
            let answer = loop {
                match entries.seek(&mut left, is_wanted) {
                    Some(true) => {}
                    other => break other,
                }
                // The table row decides: the entry may be dead, or its grant expired.
                if let Some(slot) = entries.fetch()
                    && (!self.may_expire || is_live(slot, self.now))
                {
                    break Some(true);
                }
            };
            entries.end();
            answer
        }
    }
}

/// Of an entry of an index on (\[object,\] perm, subject).
///
/// # Safety
/// The tuple must be one of such an index, of grants on objects of that family, and the descriptor its.
unsafe fn permission_and_subject(
    tuple: pg_sys::IndexTuple,
    descriptor: pg_sys::TupleDesc,
    family: Option<Family>,
) -> [i32; 2] {
    let object = match family {
        None => 0,
        Some(Family::Bigint) => size_of::<i64>(),
        Some(Family::Uuid) => size_of::<uuid::Bytes>(),
        // SAFETY: the caller's promise; there are three columns.
        Some(Family::Text) => unsafe {
            let (mut values, mut nulls) = ([Datum::null(); 3], [false; 3]);
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

/// Whether a grant has not expired.
///
/// # Safety
/// The slot must hold a row of a grant table.
pub(super) unsafe fn is_live(slot: *mut pg_sys::TupleTableSlot, now: pg_sys::TimestampTz) -> bool {
    // SAFETY: the caller's promise; grant tables have four columns.
    unsafe {
        pg_sys::slot_getsomeattrs(slot, 4);
        *(*slot).tts_isnull.add(3) || (*(*slot).tts_values.add(3)).value() as i64 > now
    }
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
