//! Finding rows of any table by the values of columns, under the active snapshot, without privileges
//! or policies: what is read decides permissions and never leaves the functions as it is.

use std::cell::RefCell;
use std::num::NonZeroU16;
use std::ops::ControlFlow;
use std::rc::Rc;

use pgrx::pg_sys::{self, Oid};

use super::grants::FORWARD;
use super::inherit::holding_rows;
use super::own;
use super::relation::{Relation, column_of, equality};
use super::value::Value;
use super::visible::{Row, Visibility, page_of};
use super::{types, version};
use crate::error::{Error, Result};
use crate::key::Key;

/// How to find rows of one table or partition: what is looked up in its catalogs.
struct Path {
    relation: Oid,
    index: Option<Oid>,
    /// Number, base type and collation of the columns that are compared.
    equal: Vec<(i16, Oid, Oid)>,
    want: Vec<(i16, Oid)>,
    /// The places in the index of the columns that are compared.
    places: Vec<i16>,
    /// Those of the wanted ones, where the index holds all that the scan is about.
    covered: Option<Vec<i16>>,
    /// Whether no two rows can be visible that are the same in the columns that are said to be unique.
    is_unique: bool,
}

/// The paths to the rows of a table, by columns.
struct Known {
    table: Oid,
    equal: Vec<String>,
    want: Vec<String>,
    unique: Vec<String>,
    paths: Rc<[Path]>,
}

/// So many are remembered at most.
const REMEMBERED: usize = 32;

thread_local! {
    /// Statements ask the same of the same few tables over and over. Known since so many changes.
    static KNOWN: RefCell<(u64, Vec<Known>)> = const { RefCell::new((0, Vec::new())) };
}

/// What is looked for: rows with these keys in these columns.
struct Search<'a> {
    table: Oid,
    equal: &'a [(&'a str, &'a Key)],
    want: &'a [&'a str],
    /// Columns that should be unique together.
    unique: &'a [&'a str],
}

fn paths(search: &Search) -> Result<Rc<[Path]>> {
    let Search { table, equal, want, unique } = *search;
    let known = KNOWN.with_borrow_mut(|(changes, all)| {
        if *changes != own::changes() || all.len() >= REMEMBERED {
            (*changes, *all) = (own::changes(), Vec::new());
        }
        let same = |known: &&Known| {
            known.table == table
                && known.equal.iter().eq(equal.iter().map(|(name, _)| name))
                && known.want.iter().eq(want)
                && known.unique.iter().eq(unique)
        };
        all.iter().find(same).map(|known| Rc::clone(&known.paths))
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let paths = find_paths(search)?;
    KNOWN.with_borrow_mut(|(_, all)| {
        all.push(Known {
            table,
            equal: equal.iter().map(|(name, _)| (*name).to_owned()).collect(),
            want: want.iter().map(|name| (*name).to_owned()).collect(),
            unique: unique.iter().map(|name| (*name).to_owned()).collect(),
            paths: Rc::clone(&paths),
        });
    });
    Ok(paths)
}

/// What the catalogs say now; the relations are locked from here on.
fn find_paths(search: &Search) -> Result<Rc<[Path]>> {
    let Search { table, equal, want, unique } = *search;
    let mut paths = Vec::new();
    for oid in holding_rows(table) {
        let relation = Relation::open(oid);
        let mut columns = Vec::with_capacity(equal.len());
        for (name, _) in equal {
            let (number, declared) = relation.required_column(name)?;
            columns.push((number, types::base(declared), relation.collation(number)));
        }
        let numbers: Vec<i16> = columns.iter().map(|(number, ..)| *number).collect();
        let wanted = want.iter().map(|name| relation.required_column(name));
        let wanted = wanted.collect::<Result<Vec<_>>>()?;
        let wanted_numbers: Vec<i16> = wanted.iter().map(|(number, _)| *number).collect();
        let index = match numbers.as_slice() {
            [] => None,
            numbers => relation.index_on(numbers, &wanted_numbers),
        };
        let places = index.as_ref().map(|index| index.places_of(&numbers)).unwrap_or_default();
        let covered = index.as_ref().and_then(|index| {
            relation.places_in(index, &numbers)?;
            relation.places_in(index, &wanted_numbers)
        });
        let index = index.map(|index| index.oid());
        let is_unique = !unique.is_empty() && relation.is_unique_at_once(unique);
        paths.push(Path {
            relation: oid,
            index,
            equal: columns,
            want: wanted,
            places,
            covered,
            is_unique,
        });
    }
    Ok(paths.into())
}

/// A relation and, where one serves, its index.
type Opened = (Relation, Option<Relation>);

/// The paths, and their relations and indexes, open.
fn open(search: &Search) -> Result<(Rc<[Path]>, Vec<Opened>)> {
    let before = own::changes();
    let paths = paths(search)?;
    let opened = open_all(&paths);
    // Being locked, they stay as they are from here on; what was known of them may be older.
    match opened {
        Some(opened) if before == own::changes() => Ok((paths, opened)),
        _ => {
            let paths = find_paths(search)?;
            let opened = open_all(&paths).ok_or_else(|| {
                Error::undefined(format!(
                    "the table with oid {} was dropped just now",
                    search.table.to_u32()
                ))
                .hint("Try again.")
            })?;
            Ok((paths, opened))
        }
    }
}

fn open_all(paths: &[Path]) -> Option<Vec<Opened>> {
    let open = |path: &Path| {
        let relation = Relation::try_open(path.relation)?;
        let index = path.index.and_then(Relation::try_open);
        Some((relation, index.filter(Relation::serves_all_snapshots)))
    };
    paths.iter().map(open).collect()
}

/// Where a row is. What is found there later may be another row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowId {
    /// The table or partition.
    relation: Oid,
    page: u32,
    /// Numbers in a page begin with one.
    number: NonZeroU16,
}

impl RowId {
    /// `None` for a row that is in no page.
    fn new(relation: &Relation, tid: &pg_sys::ItemPointerData) -> Option<Self> {
        let number = NonZeroU16::new(tid.ip_posid)?;
        Some(Self { relation: relation.oid(), page: page_of(tid), number })
    }

    fn tid(self) -> pg_sys::ItemPointerData {
        let (bi_hi, bi_lo) = ((self.page >> 16) as u16, self.page as u16);
        pg_sys::ItemPointerData {
            ip_blkid: pg_sys::BlockIdData { bi_hi, bi_lo },
            ip_posid: self.number.get(),
        }
    }
}

/// Calls `each` with the columns `want` of every row of `table` (partitions and children included)
/// whose columns equal the given keys, through an index where there is one, until it breaks.
pub fn find_rows(
    table: Oid,
    equal: &[(&str, &Key)],
    want: &[&str],
    mut each: impl FnMut(&[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let (paths, opened) = open(&Search { table, equal, want, unique: &[] })?;
    scan_all(&paths, &opened, equal, &mut |_, columns| each(columns))
}

/// As [`find_rows`], for one row: `each` takes it, by breaking, and would take no other that has the
/// same in the columns `unique`. It is told where the row is, unless it would not be found there again.
/// Where an index sees to it that there is no other, the row is looked for first where it was found
/// last: that takes much less time than to search.
pub fn find_row_again(
    table: Oid,
    equal: &[(&str, &Key)],
    want: &[&str],
    (unique, last): (&[&str], Option<RowId>),
    mut each: impl FnMut(Option<RowId>, &[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let (paths, opened) = open(&Search { table, equal, want, unique })?;
    if let Some(at) = last
        && let ([path], [(relation, _)]) = (&*paths, &*opened)
        && path.relation == at.relation
        && path.is_unique
    {
        let numbers = path.equal.iter().map(|(number, base, _)| (*number, *base));
        let rows = Rows::of(relation, numbers.chain(path.want.iter().copied()).collect());
        let outcome = rows.read(at, |columns| {
            let (compared, wanted) = columns.split_at(path.equal.len());
            for ((column, (_, key)), (_, base, collation)) in
                compared.iter().zip(equal).zip(&path.equal)
            {
                let (Some(column), Some(key)) = (column, Value::of_key(key, *base)?) else {
                    return Ok(ControlFlow::Continue(()));
                };
                if !is_equal(*base, *collation, *column, key) {
                    return Ok(ControlFlow::Continue(()));
                }
            }
            each(Some(at), wanted)
        });
        rows.close();
        if let Some(outcome) = outcome
            && outcome?.is_break()
        {
            return Ok(());
        }
    }
    // An index may name the place from which a row has moved on within its page.
    scan_all(&paths, &opened, equal, &mut |at, columns| each(at.filter(|_| at != last), columns))
}

fn scan_all(
    paths: &[Path],
    opened: &[Opened],
    equal: &[(&str, &Key)],
    each: &mut impl FnMut(Option<RowId>, &[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    for (path, (relation, index)) in paths.iter().zip(opened) {
        let mut keys = Vec::with_capacity(equal.len());
        for ((_, key), (number, base, collation)) in equal.iter().zip(&path.equal) {
            let Some(value) = Value::of_key(key, *base)? else { break };
            keys.push(scan_key(*number, *base, *collation, value)?);
        }
        if keys.len() < equal.len() {
            continue;
        }
        if index.is_some() {
            // An index wants its columns in its own order.
            let mut placed: Vec<_> = path.places.iter().copied().zip(keys).collect();
            placed.sort_by_key(|(place, _)| *place);
            keys = placed.into_iter().map(|(_, key)| key).collect();
        }
        let outcome = match (index, &path.covered) {
            (Some(index), Some(wanted)) => {
                let mut places = path.places.clone();
                places.sort_unstable();
                for (key, place) in keys.iter_mut().zip(places) {
                    key.sk_attno = place;
                }
                let types = path.want.iter().map(|(_, type_oid)| *type_oid);
                let wanted: Vec<_> = wanted.iter().copied().zip(types).collect();
                scan_index(relation, index, &mut keys, &wanted, each)?
            }
            _ => scan(relation, index.as_ref(), &mut keys, &path.want, each)?,
        };
        if outcome.is_break() {
            break;
        }
    }
    Ok(())
}

/// Whether there is a row of `table` whose columns equal the given keys.
pub fn has_row(table: Oid, equal: &[(&str, &Key)]) -> Result<bool> {
    let mut found = false;
    find_rows(table, equal, &[], |_| {
        found = true;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The number of rows of `table` whose columns equal the given keys.
pub fn count_rows(table: Oid, equal: &[(&str, &Key)]) -> Result<usize> {
    let mut count = 0;
    find_rows(table, equal, &[], |_| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

/// An open table, of which rows are read where they are.
pub struct Rows<'a> {
    relation: &'a Relation,
    /// The table's pages, of which none can go while it is locked.
    pages: u32,
    slot: *mut pg_sys::TupleTableSlot,
    want: Vec<(i16, Oid)>,
}

impl<'a> Rows<'a> {
    /// Prepares to read these columns of the table's rows.
    pub fn new(relation: &'a Relation, want: &[&str]) -> Result<Self> {
        let want = want.iter().map(|name| relation.required_column(name));
        Ok(Self::of(relation, want.collect::<Result<_>>()?))
    }

    fn of(relation: &'a Relation, want: Vec<(i16, Oid)>) -> Self {
        // SAFETY: the relation is open.
        let (pages, slot) = unsafe {
            let main = pg_sys::ForkNumber::MAIN_FORKNUM;
            (
                pg_sys::RelationGetNumberOfBlocksInFork(relation.raw(), main),
                pg_sys::table_slot_create(relation.raw(), std::ptr::null_mut()),
            )
        };
        Self { relation, pages, slot, want }
    }

    /// What `read` makes of the columns of the row that is there, if one is visible.
    pub fn read<T>(&self, at: RowId, read: impl FnOnce(&[Option<Value>]) -> T) -> Option<T> {
        if at.relation != self.relation.oid() || at.page >= self.pages {
            return None;
        }
        let mut tid = at.tid();
        // SAFETY: the relation is open and the slot its own; values are used while the row is in it.
        unsafe {
            let snapshot = pg_sys::GetActiveSnapshot();
            let relation = self.relation.raw();
            if !pg_sys::table_tuple_fetch_row_version(relation, &mut tid, snapshot, self.slot) {
                return None;
            }
            let last = self.want.iter().map(|(number, _)| *number).max().unwrap_or_default();
            pg_sys::slot_getsomeattrs(self.slot, last.into());
            let column = |(number, type_oid): &(i16, Oid)| {
                let at = *number as usize - 1;
                let null = *(*self.slot).tts_isnull.add(at);
                (!null).then(|| Value::new(*(*self.slot).tts_values.add(at), *type_oid))
            };
            let columns: Vec<_> = self.want.iter().map(column).collect();
            let made = read(&columns);
            pg_sys::ExecClearTuple(self.slot);
            Some(made)
        }
    }

    /// Frees what is held.
    pub fn close(self) {
        // SAFETY: the slot is this one's own.
        unsafe { pg_sys::ExecDropSingleTupleTableSlot(self.slot) }
    }
}

/// Calls `each` with these columns of every row of this very table, without partitions and children.
pub fn rows_of(
    table: Oid,
    want: &[String],
    mut each: impl FnMut(&[Option<Value>]) -> Result<()>,
) -> Result<()> {
    let relation = Relation::open(table);
    if relation.kind() != b'r' {
        return Ok(());
    }
    let wanted =
        want.iter().map(|name| relation.required_column(name)).collect::<Result<Vec<_>>>()?;
    let mut each = |_, columns: &[Option<Value>]| each(columns).map(ControlFlow::Continue);
    scan(&relation, None, &mut [], &wanted, &mut each).map(|_| ())
}

/// Whether two values of the same base type are equal, by its default operator.
fn is_equal(base: Oid, collation: Oid, one: Value, other: Value) -> bool {
    // SAFETY: the entry lives for ever, and its function takes two values of the type.
    unsafe {
        let function = &mut (*equality(base)).eq_opr_finfo;
        function.fn_oid != Oid::INVALID
            && pg_sys::FunctionCall2Coll(function, collation, one.datum(), other.datum()).value()
                & 0xff
                != 0
    }
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
    each: &mut impl FnMut(Option<RowId>, &[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<ControlFlow<()>> {
    // SAFETY: the relations stay open during the scan, the snapshot stays active; a tuple is valid
    // until the next step.
    unsafe {
        let index_oid = index.map_or(Oid::INVALID, |i| (*i.raw()).rd_id);
        let scan = pg_sys::systable_beginscan(
            relation.raw(),
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
                column_of(tuple, *number, (*relation.raw()).rd_att)
                    .map(|datum| Value::new(datum, *type_oid))
            }));
            outcome = each(RowId::new(relation, &(*tuple).t_self), &columns);
            if !matches!(outcome, Ok(ControlFlow::Continue(()))) {
                break;
            }
        }
        pg_sys::systable_endscan(scan);
        outcome
    }
}

/// As `scan`, from an index that holds all that is wanted; rows are read where their page is not
/// visible to all.
fn scan_index(
    relation: &Relation,
    index: &Relation,
    keys: &mut [pg_sys::ScanKeyData],
    wanted: &[(i16, Oid)],
    each: &mut impl FnMut(Option<RowId>, &[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<ControlFlow<()>> {
    // SAFETY: as above; an index entry is valid until the next step.
    unsafe {
        let snapshot = pg_sys::GetActiveSnapshot();
        let count = keys.len() as i32;
        let scan = version::index_beginscan(relation.raw(), index.raw(), snapshot, count);
        (*scan).xs_want_itup = true;
        pg_sys::index_rescan(scan, keys.as_mut_ptr(), count, std::ptr::null_mut(), 0);
        let mut visibility = Visibility::new(false);
        let mut columns = Vec::with_capacity(wanted.len());
        let mut outcome = Ok(ControlFlow::Continue(()));
        loop {
            let tid = pg_sys::index_getnext_tid(scan, FORWARD);
            if tid.is_null() {
                break;
            }
            if matches!(visibility.of(relation, scan, tid), Row::Invisible) {
                continue;
            }
            let mut values = [pg_sys::Datum::null(); pg_sys::INDEX_MAX_KEYS as usize];
            let mut nulls = [false; pg_sys::INDEX_MAX_KEYS as usize];
            let (values_at, nulls_at) = (values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::index_deform_tuple((*scan).xs_itup, (*scan).xs_itupdesc, values_at, nulls_at);
            columns.clear();
            columns.extend(wanted.iter().map(|(place, type_oid)| {
                let at = *place as usize - 1;
                (!nulls[at]).then(|| Value::new(values[at], *type_oid))
            }));
            outcome = each(RowId::new(relation, &*tid), &columns);
            if !matches!(outcome, Ok(ControlFlow::Continue(()))) {
                break;
            }
        }
        visibility.end();
        pg_sys::index_endscan(scan);
        outcome
    }
}
