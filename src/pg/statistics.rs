//! What ANALYZE knows of a table.

use pgrx::pg_sys::{self, Datum, Oid};

use super::inherit::holding_rows;
use super::relation::{Relation, equality};
use super::value::Value;

/// The number of rows of the table with its partitions and children, as far as PostgreSQL knows.
pub fn rows(table: Oid) -> f64 {
    let rows = |oid: Oid| {
        let relation = Relation::open(oid);
        // SAFETY: the relation is open.
        let rows = unsafe { (*(*relation.raw()).rd_rel).reltuples };
        f64::from(rows.max(0.0))
    };
    holding_rows(table).into_iter().map(rows).sum()
}

/// How often a column has a value.
pub struct Share {
    /// Of the table's rows, between 0 and 1.
    pub share: f64,
    /// Whether it is among the most common values: the share is no average.
    pub is_common: bool,
}

/// The share of the table's rows that have this value in the column; `None` where the table was never
/// analyzed.
pub fn share(table: Oid, column: &str, value: Value) -> Option<Share> {
    let number = Relation::open(table).column(column)?.0;
    let inherited = holding_rows(table) != [table];
    // SAFETY: syscache look-ups; the row is released after what it holds was used. The values are
    // compared by the equality of their own type.
    unsafe {
        let row = pg_sys::SearchSysCache3(
            pg_sys::SysCacheIdentifier::STATRELATTINH as i32,
            table.into(),
            Datum::from(number),
            Datum::from(inherited),
        );
        if row.is_null() {
            return None;
        }
        let share = share_in(row, value);
        pg_sys::ReleaseSysCache(row);
        Some(Share { share: share.share.clamp(0.0, 1.0), ..share })
    }
}

/// # Safety
/// The row must be one of pg_statistic, of a column of the value's type.
unsafe fn share_in(row: pg_sys::HeapTuple, value: Value) -> Share {
    // SAFETY: the caller's promise; the slot is freed before this returns.
    unsafe {
        let form = &*(pg_sys::GETSTRUCT(row) as pg_sys::Form_pg_statistic);
        let mut slot = pg_sys::AttStatsSlot::default();
        let flags = pg_sys::ATTSTATSSLOT_VALUES | pg_sys::ATTSTATSSLOT_NUMBERS;
        let kind = pg_sys::STATISTIC_KIND_MCV as i32;
        let found = pg_sys::get_attstatsslot(&mut slot, row, kind, Oid::INVALID, flags as i32);
        let (mut common, mut count) = (0.0, 0.0);
        if found {
            let equal = &mut (*equality(value.base_type())).eq_opr_finfo;
            let values = std::slice::from_raw_parts(slot.values, slot.nvalues as usize);
            let shares = std::slice::from_raw_parts(slot.numbers, slot.nnumbers as usize);
            let is_same = |other: &Datum| {
                pg_sys::FunctionCall2Coll(equal, slot.stacoll, *other, value.datum()).value() != 0
            };
            if let Some(at) = values.iter().position(is_same) {
                let share = f64::from(shares[at]);
                pg_sys::free_attstatsslot(&mut slot);
                return Share { share, is_common: true };
            }
            common = shares.iter().map(|share| f64::from(*share)).sum();
            count = values.len() as f64;
            pg_sys::free_attstatsslot(&mut slot);
        }
        let distinct = f64::from(form.stadistinct);
        // Negative: a multiple of the number of rows.
        let others = if distinct < 0.0 { 1e6 } else { (distinct - count).max(1.0) };
        let share = (1.0 - common - f64::from(form.stanullfrac)).max(0.0) / others;
        Share { share, is_common: false }
    }
}
