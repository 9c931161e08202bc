//! Where rows are, and looking there before searching: it takes much less time.

use std::num::NonZeroU16;
use std::ops::ControlFlow;

use pgrx::pg_sys::{self, Oid};

use super::path::{Paths, Search};
use super::relation::{Relation, equality};
use super::scan::scan_all;
use super::value::Value;
use super::visible::{Columns, page_of, slot_columns};
use crate::error::Result;
use crate::key::Key;

/// Where a row is. What is found there later may be another row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowId {
    /// The table or partition.
    relation: Oid,
    page: u32,
    /// Numbers in a page begin with one.
    number: NonZeroU16,
    /// Whether it is where an index says: the row may have moved on from there within its page.
    of_entry: bool,
}

impl RowId {
    /// The place of the row itself; `None` for one that is in no page.
    pub(super) fn of_row(relation: &Relation, tid: &pg_sys::ItemPointerData) -> Option<Self> {
        let number = NonZeroU16::new(tid.ip_posid)?;
        Some(Self { relation: relation.oid(), page: page_of(tid), number, of_entry: false })
    }

    /// The place that an entry of an index has.
    pub(super) fn of_entry(relation: &Relation, tid: &pg_sys::ItemPointerData) -> Option<Self> {
        Some(Self { of_entry: true, ..Self::of_row(relation, tid)? })
    }

    fn tid(self) -> pg_sys::ItemPointerData {
        let (bi_hi, bi_lo) = ((self.page >> 16) as u16, self.page as u16);
        pg_sys::ItemPointerData {
            ip_blkid: pg_sys::BlockIdData { bi_hi, bi_lo },
            ip_posid: self.number.get(),
        }
    }
}

/// An open table, of which single rows are found: each first where it was found last.
pub struct Finder {
    /// Made when a place is first looked at; goes before the table is closed.
    slot: Option<Slot>,
    paths: Paths,
}

/// The row that is looked at.
struct Slot {
    slot: *mut pg_sys::TupleTableSlot,
    /// Follows a row from where an index says; keeps its page for the next one.
    follow: *mut pg_sys::IndexFetchTableData,
    /// The table's pages, of which none can go while it is locked.
    pages: u32,
}

impl Finder {
    /// Prepares to find rows of `table` by the columns `equal`, of which no two are the same in the
    /// columns `unique`, and to read the columns `want`.
    pub fn open(table: Oid, equal: &[&str], unique: &[&str], want: &[&str]) -> Result<Self> {
        Ok(Self { paths: Paths::open(Search { table, equal, want, unique })?, slot: None })
    }

    /// Calls `each` with the wanted columns of the rows that have these keys, until it takes one by
    /// breaking; it would take no other that has the same in the unique columns. It is told where the
    /// row is. Where an index sees to it that there is no other, the row is looked for first where it
    /// was found `last`.
    pub fn find(
        &mut self,
        keys: &[&Key],
        last: Option<RowId>,
        mut each: impl FnMut(Option<RowId>, &[Option<Value>]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if let Some(last) = last
            && self.look(keys, last, &mut each)?.is_break()
        {
            return Ok(());
        }
        scan_all(&self.paths, keys, &mut each)
    }

    fn look(
        &mut self,
        keys: &[&Key],
        at: RowId,
        each: &mut impl FnMut(Option<RowId>, &[Option<Value>]) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let not_there = Ok(ControlFlow::Continue(()));
        let Some((path, relation)) = self.paths.single() else { return not_there };
        if path.relation != at.relation || !path.is_unique {
            return not_there;
        }
        let found = self.slot.get_or_insert_with(|| Slot::of(relation));
        if !found.read(relation, at) {
            return not_there;
        }
        let mut columns = Columns::new();
        // SAFETY: the relation has those columns; they are used while the row is in the slot.
        unsafe { slot_columns(found.slot, &path.read, &mut columns) };
        let (compared, wanted) = columns.split_at(path.equal.len());
        for ((column, key), (_, base, collation)) in compared.iter().zip(keys).zip(&path.equal) {
            let Some(column) = *column else { return not_there };
            if !is_surely_equal(column, key, *base) && !is_equal(column, key, *base, *collation)? {
                return not_there;
            }
        }
        each(Some(at), wanted)
    }
}

impl Slot {
    fn of(relation: &Relation) -> Self {
        // SAFETY: the relation is open, and closed after this goes.
        unsafe {
            Self {
                pages: relation.pages(),
                slot: pg_sys::table_slot_create(relation.raw(), std::ptr::null_mut()),
                follow: pg_sys::table_index_fetch_begin(relation.raw()),
            }
        }
    }

    /// Whether the snapshot shows a row there; if so, it is in the slot.
    fn read(&self, relation: &Relation, at: RowId) -> bool {
        if at.page >= self.pages {
            return false;
        }
        let mut tid = at.tid();
        // SAFETY: the relation is open, the page one of its own; slot and fetch are of the relation.
        unsafe {
            let snapshot = pg_sys::GetActiveSnapshot();
            let (mut has_more, mut all_dead) = (false, false);
            match at.of_entry {
                true => pg_sys::table_index_fetch_tuple(
                    self.follow,
                    &mut tid,
                    snapshot,
                    self.slot,
                    &mut has_more,
                    &mut all_dead,
                ),
                false => {
                    let relation = relation.raw();
                    pg_sys::table_tuple_fetch_row_version(relation, &mut tid, snapshot, self.slot)
                }
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: both are this one's own.
            unsafe {
                pg_sys::table_index_fetch_end(self.follow);
                pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            }
        }
    }
}

/// Whether the value is so plainly the key that no operator need be asked.
fn is_surely_equal(value: Value, key: &Key, base: Oid) -> bool {
    match key {
        Key::Bigint(number) => value.as_integer(base) == Some(*number),
        Key::Text(key) if base == pg_sys::TEXTOID => value.with_text(|text| text == key),
        _ => false,
    }
}

/// Whether the value equals the key, by the default operator of its base type.
fn is_equal(value: Value, key: &Key, base: Oid, collation: Oid) -> Result<bool> {
    let Some(key) = Value::of_key(key, base)? else { return Ok(false) };
    // SAFETY: the entry lives for ever, and its function takes two values of the type.
    unsafe {
        let function = &mut (*equality(base)).eq_opr_finfo;
        let (one, other) = (value.datum(), key.datum());
        Ok(function.fn_oid != Oid::INVALID
            && pg_sys::FunctionCall2Coll(function, collation, one, other).value() & 0xff != 0)
    }
}
