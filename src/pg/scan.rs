//! Finding rows of any table by the values of columns, under the active snapshot, without privileges
//! or policies: what is read decides permissions and never leaves the functions as it is.

use std::ops::ControlFlow;

use pgrx::pg_sys::{self, Oid};
use smallvec::SmallVec;

use super::path::{Path, Paths, Search};
use super::place::RowId;
use super::relation::{Relation, column_of, equality};
use super::value::Value;
use super::visible::{Columns, Entries, Reads, Row, slot_columns};
use super::{snapshot, types};
use crate::error::{Error, Result};
use crate::key::{Key, Reading};

/// What is compared with columns.
type ScanKeys = SmallVec<[pg_sys::ScanKeyData; 4]>;

/// Calls `each` with the columns `want` of every row of `table` (partitions and children included)
/// whose columns equal the given keys, through an index where there is one, until it breaks.
pub fn find_rows(
    table: Oid,
    equal: &[(&str, &Key)],
    want: &[&str],
    mut each: impl FnMut(&[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let (names, keys): (SmallVec<[&str; 4]>, SmallVec<[&Key; 4]>) = equal.iter().copied().unzip();
    let paths = Paths::open(Search { table, equal: &names, want, unique: &[] })?;
    scan_all(&paths, &keys, &mut |_, columns| each(columns))
}

/// As [`find_rows`], by one column: `spell` makes the key from the column's base type.
pub fn find_rows_spelled(
    table: Oid,
    column: &str,
    spell: impl FnOnce(Oid) -> Reading,
    want: &[&str],
    mut each: impl FnMut(&[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let paths = Paths::open(Search { table, equal: &[column], want, unique: &[] })?;
    let Some((path, _)) = paths.iter().next() else {
        // It says so where it is gone, or has another form.
        return Relation::open(table).required_column(column).map(|_| ());
    };
    match spell(path.equal[0].1) {
        Reading::Spells(key) => scan_all(&paths, &[&key], &mut |_, columns| each(columns)),
        Reading::Nothing => Ok(()),
        // Row by row.
        Reading::Unknown => find_rows(table, &[], want, each),
    }
}

/// Calls `each` with the place and the wanted columns of each row that has the keys in the columns that
/// are compared.
pub(super) fn scan_all(
    paths: &Paths,
    keys: &[&Key],
    each: &mut impl FnMut(Option<RowId>, &[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    for (path, relation) in paths.iter() {
        let mut values = SmallVec::<[Value; 4]>::new();
        for (key, (_, base, _)) in keys.iter().zip(&path.equal) {
            let Some(value) = Value::of_key(key, *base)? else { break };
            values.push(value);
        }
        if values.len() < keys.len() {
            continue;
        }
        let scan_key = |n: usize, column: i16| {
            let (_, base, collation) = path.equal[n];
            scan_key(column, base, collation, values[n])
        };
        let outcome = match path.open_index() {
            Some(index) => {
                let in_index = path.in_index.iter().map(|(n, place)| scan_key(*n, *place));
                let mut keys = in_index.collect::<Result<ScanKeys>>()?;
                scan_index(relation, &index, &mut keys, path, each)?
            }
            None => {
                let in_table = path.equal.iter().enumerate().map(|(n, equal)| scan_key(n, equal.0));
                let mut keys = in_table.collect::<Result<ScanKeys>>()?;
                scan(relation, &mut keys, path.want(), each)?
            }
        };
        if outcome.is_break() {
            break;
        }
    }
    Ok(())
}

/// Whether the table, which has no partitions or children, or the index has no page but an index's first,
/// and so nothing for any snapshot. In a serializable transaction it is not said: only a look that found
/// nothing guards it against others' changes.
pub fn is_blank(table_or_index: Oid) -> bool {
    if snapshot::is_serializable() {
        return false;
    }
    let relation = Relation::open(table_or_index);
    relation.pages() <= u32::from(relation.kind() == pg_sys::RELKIND_INDEX)
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
    scan(&relation, &mut [], &wanted, &mut each).map(|_| ())
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
    keys: &mut [pg_sys::ScanKeyData],
    wanted: &[(i16, Oid)],
    each: &mut impl FnMut(Option<RowId>, &[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<ControlFlow<()>> {
    // SAFETY: the relation stays open during the scan, the snapshot stays active; a tuple is valid
    // until the next step.
    unsafe {
        let scan = pg_sys::systable_beginscan(
            relation.raw(),
            Oid::INVALID,
            false,
            pg_sys::GetActiveSnapshot(),
            keys.len() as i32,
            keys.as_mut_ptr(),
        );
        let mut columns = Columns::new();
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
            outcome = each(RowId::of_row(relation, &(*tuple).t_self), &columns);
            if !matches!(outcome, Ok(ControlFlow::Continue(()))) {
                break;
            }
        }
        pg_sys::systable_endscan(scan);
        outcome
    }
}

/// As `scan`, by way of an index. Where that holds all that is wanted rows are read only where their
/// page is not visible to all.
fn scan_index(
    relation: &Relation,
    index: &Relation,
    keys: &mut [pg_sys::ScanKeyData],
    path: &Path,
    each: &mut impl FnMut(Option<RowId>, &[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<ControlFlow<()>> {
    // SAFETY: as above; an index entry, and the row in the slot, are valid until the next step.
    unsafe {
        let reads = if path.covered.is_some() { Reads::Entries } else { Reads::Rows };
        let snapshot = pg_sys::GetActiveSnapshot();
        let mut entries = Entries::begin(relation, index, snapshot, keys.len(), reads);
        entries.restart(keys);
        let mut columns = Columns::new();
        let mut outcome = Ok(ControlFlow::Continue(()));
        while let Some((tid, row)) = entries.next() {
            columns.clear();
            match (row, &path.covered) {
                (Row::Invisible, _) => continue,
                (_, Some(wanted)) => entries.columns(wanted, &mut columns),
                (Row::Read(slot), None) => slot_columns(slot, path.want(), &mut columns),
                (Row::Visible, None) => continue,
            }
            outcome = each(RowId::of_entry(relation, &tid), &columns);
            if !matches!(outcome, Ok(ControlFlow::Continue(()))) {
                break;
            }
        }
        entries.end();
        outcome
    }
}
