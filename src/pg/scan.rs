//! Finding rows of any table by the values of columns, under the active snapshot, without privileges
//! or policies: what is read decides permissions and never leaves the functions as it is.

use std::ops::ControlFlow;

use pgrx::pg_sys::{self, Oid};

use super::inherit::holding_rows;
use super::relation::{Relation, column_of, equality};
use super::types;
use super::value::Value;
use crate::error::{Error, Result};
use crate::key::Key;

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
