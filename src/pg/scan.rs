//! Finding rows of any table by the values of columns, under the active snapshot, without privileges
//! or policies: what is read decides permissions and never leaves the functions as it is.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use pgrx::pg_sys::{self, Oid};

use super::inherit::holding_rows;
use super::own;
use super::relation::{Relation, column_of, equality};
use super::types;
use super::value::Value;
use crate::error::{Error, Result};
use crate::key::Key;

/// How to find rows of one table or partition: what is looked up in its catalogs.
struct Path {
    relation: Oid,
    index: Option<Oid>,
    /// Number, base type and collation of the columns that are compared.
    equal: Vec<(i16, Oid, Oid)>,
    want: Vec<(i16, Oid)>,
}

/// The paths to the rows of a table, by columns.
struct Known {
    table: Oid,
    equal: Vec<String>,
    want: Vec<String>,
    paths: Rc<[Path]>,
}

/// So many are remembered at most.
const REMEMBERED: usize = 32;

thread_local! {
    /// Statements ask the same of the same few tables over and over. Known since so many changes.
    static KNOWN: RefCell<(u64, Vec<Known>)> = const { RefCell::new((0, Vec::new())) };
}

fn paths(table: Oid, equal: &[(&str, &Key)], want: &[&str]) -> Result<Rc<[Path]>> {
    let known = KNOWN.with_borrow_mut(|(changes, all)| {
        if *changes != own::changes() || all.len() >= REMEMBERED {
            (*changes, *all) = (own::changes(), Vec::new());
        }
        let same = |known: &&Known| {
            known.table == table
                && known.equal.iter().eq(equal.iter().map(|(name, _)| name))
                && known.want.iter().eq(want)
        };
        all.iter().find(same).map(|known| Rc::clone(&known.paths))
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let paths = find_paths(table, equal, want)?;
    KNOWN.with_borrow_mut(|(_, all)| {
        all.push(Known {
            table,
            equal: equal.iter().map(|(name, _)| (*name).to_owned()).collect(),
            want: want.iter().map(|name| (*name).to_owned()).collect(),
            paths: Rc::clone(&paths),
        });
    });
    Ok(paths)
}

/// What the catalogs say now; the relations are locked from here on.
fn find_paths(table: Oid, equal: &[(&str, &Key)], want: &[&str]) -> Result<Rc<[Path]>> {
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
        let index = if numbers.is_empty() { None } else { relation.index_on(&numbers) };
        let index = index.map(|index| index.oid());
        paths.push(Path { relation: oid, index, equal: columns, want: wanted });
    }
    Ok(paths.into())
}

/// A relation and, where one serves, its index.
type Opened = (Relation, Option<Relation>);

/// The paths, and their relations and indexes, open.
fn open(table: Oid, equal: &[(&str, &Key)], want: &[&str]) -> Result<(Rc<[Path]>, Vec<Opened>)> {
    let before = own::changes();
    let paths = paths(table, equal, want)?;
    let opened = open_all(&paths);
    // Being locked, they stay as they are from here on; what was known of them may be older.
    match opened {
        Some(opened) if before == own::changes() => Ok((paths, opened)),
        _ => {
            let paths = find_paths(table, equal, want)?;
            let opened = open_all(&paths).ok_or_else(|| {
                Error::undefined(format!(
                    "the table with oid {} was dropped just now",
                    table.to_u32()
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
        Some((relation, path.index.and_then(Relation::try_open)))
    };
    paths.iter().map(open).collect()
}

/// Calls `each` with the columns `want` of every row of `table` (partitions and children included)
/// whose columns equal the given keys, through an index where there is one, until it breaks.
pub fn find_rows(
    table: Oid,
    equal: &[(&str, &Key)],
    want: &[&str],
    mut each: impl FnMut(&[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let (paths, opened) = open(table, equal, want)?;
    for (path, (relation, index)) in paths.iter().zip(&opened) {
        let mut keys = Vec::with_capacity(equal.len());
        for ((_, key), (number, base, collation)) in equal.iter().zip(&path.equal) {
            let Some(value) = Value::of_key(key, *base)? else { break };
            keys.push(scan_key(*number, *base, *collation, value)?);
        }
        if keys.len() < equal.len() {
            continue;
        }
        if scan(relation, index.as_ref(), &mut keys, &path.want, &mut each)?.is_break() {
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
    let mut each = |columns: &[Option<Value>]| each(columns).map(ControlFlow::Continue);
    scan(&relation, None, &mut [], &wanted, &mut each).map(|_| ())
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
            outcome = each(&columns);
            if !matches!(outcome, Ok(ControlFlow::Continue(()))) {
                break;
            }
        }
        pg_sys::systable_endscan(scan);
        outcome
    }
}
