//! Which rows a snapshot shows: by way of an index and the visibility map, or read in the table.
//!
//! Each step calls several of PostgreSQL's functions under one guard. Steps are taken by the million,
//! and a guard takes as long as most of what it guards.

use pgrx::pg_sys::{self, Oid, ffi::pg_guard_ffi_boundary};
use smallvec::SmallVec;

use super::relation::Relation;
use super::value::Value;
use super::{snapshot, version};

/// Room for the columns of a row.
pub(super) type Columns = SmallVec<[Option<Value>; 8]>;

const FORWARD: pg_sys::ScanDirection::Type = pg_sys::ScanDirection::ForwardScanDirection;

/// PostgreSQL's functions without a guard: to be called under one, where they raise errors.
pub(super) mod raw {
    use pgrx::pg_sys;

    unsafe extern "C-unwind" {
        pub fn index_getnext_tid(
            scan: pg_sys::IndexScanDesc,
            direction: pg_sys::ScanDirection::Type,
        ) -> pg_sys::ItemPointer;
        pub fn index_fetch_heap(
            scan: pg_sys::IndexScanDesc,
            slot: *mut pg_sys::TupleTableSlot,
        ) -> bool;
        pub fn visibilitymap_get_status(
            table: pg_sys::Relation,
            page: pg_sys::BlockNumber,
            of_map: *mut pg_sys::Buffer,
        ) -> u8;
        pub fn table_slot_create(
            table: pg_sys::Relation,
            kept_in: *mut *mut pg_sys::List,
        ) -> *mut pg_sys::TupleTableSlot;
        /// Raises no error.
        pub fn index_deform_tuple(
            tuple: pg_sys::IndexTuple,
            descriptor: pg_sys::TupleDesc,
            values: *mut pg_sys::Datum,
            nulls: *mut bool,
        );
        pub fn slot_getsomeattrs_int(slot: *mut pg_sys::TupleTableSlot, last: std::ffi::c_int);
    }
}

/// The page that a row is on.
pub(super) fn page_of(tid: &pg_sys::ItemPointerData) -> u32 {
    u32::from(tid.ip_blkid.bi_hi) << 16 | u32::from(tid.ip_blkid.bi_lo)
}

/// What a scan of an index reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// The entries alone, where the table need not be asked whether they are visible.
    Entries,
    /// The rows, by way of their entries.
    Rows,
    Both,
}

/// What the table says of an index entry.
pub(super) enum Row {
    /// Nobody misses it: its page is all-visible, and was not read.
    Visible,
    /// It is visible, and in the slot.
    Read(*mut pg_sys::TupleTableSlot),
    Invisible,
}

/// The entries of an index that a scan meets, with what the table says of each. Asks the visibility map
/// first, as an index-only scan does.
pub(super) struct Entries {
    table: pg_sys::Relation,
    scan: pg_sys::IndexScanDesc,
    /// So many keys it was begun with.
    keys: usize,
    /// Made when a row is first read.
    slot: *mut pg_sys::TupleTableSlot,
    /// The page of the map that was asked last.
    page: pg_sys::Buffer,
    /// Whether each row is read.
    through_table: bool,
}

impl Entries {
    /// Begins a scan with so many keys. In a serializable transaction any reads the rows, for that is
    /// what guards it against others' changes.
    ///
    /// # Safety
    /// The index must belong to the table, and both stay open until the end of the scan; the snapshot
    /// must be active or registered as long.
    pub unsafe fn begin(
        table: &Relation,
        index: &Relation,
        snapshot: pg_sys::Snapshot,
        keys: usize,
        reads: Reads,
    ) -> Self {
        // SAFETY: the caller's promise.
        let scan = unsafe {
            let scan = version::index_beginscan(table.raw(), index.raw(), snapshot, keys as i32);
            (*scan).xs_want_itup = reads != Reads::Rows;
            scan
        };
        Self {
            table: table.raw(),
            scan,
            keys,
            slot: std::ptr::null_mut(),
            page: pg_sys::InvalidBuffer as pg_sys::Buffer,
            through_table: reads != Reads::Entries || snapshot::is_serializable(),
        }
    }

    /// Begins anew, with these keys: so many at most as it was begun with.
    pub fn restart(&mut self, keys: &mut [pg_sys::ScanKeyData]) {
        assert!(keys.len() <= self.keys, "more keys than the scan has room for");
        let count = keys.len() as i32;
        // SAFETY: the scan runs. It copies as many keys as it has, whatever it is told.
        unsafe {
            (*self.scan).numberOfKeys = count;
            pg_sys::index_rescan(self.scan, keys.as_mut_ptr(), count, std::ptr::null_mut(), 0);
        }
    }

    /// The entry that the scan is on; null where it reads rows alone.
    pub fn tuple(&self) -> pg_sys::IndexTuple {
        // SAFETY: the scan runs.
        unsafe { (*self.scan).xs_itup }
    }

    /// How entries are made up, where they are read.
    pub fn descriptor(&self) -> pg_sys::TupleDesc {
        // SAFETY: the scan runs.
        unsafe { (*self.scan).xs_itupdesc }
    }

    /// Adds columns of that entry, by their places and types.
    ///
    /// # Safety
    /// The scan must read entries, and be on one of an index with those columns; they are valid until it
    /// moves on.
    pub unsafe fn columns(&self, wanted: &[(i16, Oid)], columns: &mut Columns) {
        let mut values = [pg_sys::Datum::null(); pg_sys::INDEX_MAX_KEYS as usize];
        let mut nulls = [false; pg_sys::INDEX_MAX_KEYS as usize];
        // SAFETY: the caller's promise; there is room for as many columns as an index can have.
        unsafe {
            let (values, nulls) = (values.as_mut_ptr(), nulls.as_mut_ptr());
            raw::index_deform_tuple(self.tuple(), self.descriptor(), values, nulls);
        }
        columns.extend(wanted.iter().map(|(place, type_oid)| {
            let at = *place as usize - 1;
            // SAFETY: of that type.
            (!nulls[at]).then(|| unsafe { Value::new(values[at], *type_oid) })
        }));
    }

    /// The next entry: where it says that its row is, and what the table says of that.
    pub fn next(&mut self) -> Option<(pg_sys::ItemPointerData, Row)> {
        // SAFETY: the scan runs, the table is open; nothing here has a destructor. A page's bit in the
        // map is read after the index entry.
        unsafe {
            pg_guard_ffi_boundary(|| {
                let tid = raw::index_getnext_tid(self.scan, FORWARD);
                if tid.is_null() {
                    return None;
                }
                let at = *tid;
                if !self.through_table {
                    let page = page_of(&at);
                    let status = raw::visibilitymap_get_status(self.table, page, &mut self.page);
                    if u32::from(status) & pg_sys::VISIBILITYMAP_ALL_VISIBLE != 0 {
                        return Some((at, Row::Visible));
                    }
                }
                Some((at, self.fetch_unguarded().map_or(Row::Invisible, Row::Read)))
            })
        }
    }

    /// Moves on to the next entry that is wanted, whatever the table says of it; false where there is
    /// none, `None` where as many as were `left` are read without one.
    ///
    /// # Safety
    /// The scan must read entries; what is called must neither panic nor hold what has a destructor.
    pub unsafe fn seek(
        &mut self,
        left: &mut usize,
        is_wanted: impl Fn(pg_sys::IndexTuple) -> bool,
    ) -> Option<bool> {
        // SAFETY: the caller's promise.
        unsafe {
            pg_guard_ffi_boundary(|| {
                while !raw::index_getnext_tid(self.scan, FORWARD).is_null() {
                    if *left == 0 {
                        return None;
                    }
                    *left -= 1;
                    if is_wanted((*self.scan).xs_itup) {
                        return Some(true);
                    }
                }
                Some(false)
            })
        }
    }

    /// The row of the entry that the scan is on, if it is visible.
    ///
    /// # Safety
    /// The scan must be on an entry of which the row was not read yet.
    pub unsafe fn fetch(&mut self) -> Option<*mut pg_sys::TupleTableSlot> {
        // SAFETY: the caller's promise; nothing here has a destructor.
        unsafe { pg_guard_ffi_boundary(|| self.fetch_unguarded()) }
    }

    /// # Safety
    /// As `fetch`, under a guard.
    unsafe fn fetch_unguarded(&mut self) -> Option<*mut pg_sys::TupleTableSlot> {
        // SAFETY: the caller's promise; the table is open.
        unsafe {
            if self.slot.is_null() {
                self.slot = raw::table_slot_create(self.table, std::ptr::null_mut());
            }
            raw::index_fetch_heap(self.scan, self.slot).then_some(self.slot)
        }
    }

    /// Ends the scan.
    pub fn end(self) {
        // SAFETY: begun in `begin`; the slot and the buffer are this one's own.
        unsafe {
            if !self.slot.is_null() {
                pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            }
            if self.page != pg_sys::InvalidBuffer as pg_sys::Buffer {
                pg_sys::ReleaseBuffer(self.page);
            }
            pg_sys::index_endscan(self.scan);
        }
    }
}

/// Adds columns of the row in the slot, by their numbers and types.
///
/// # Safety
/// The row must be one of a table with those columns; they are valid while it is in the slot.
pub(super) unsafe fn slot_columns(
    slot: *mut pg_sys::TupleTableSlot,
    wanted: &[(i16, Oid)],
    columns: &mut Columns,
) {
    let last = wanted.iter().map(|(number, _)| *number).max().unwrap_or_default();
    // SAFETY: the caller's promise.
    unsafe {
        if (*slot).tts_nvalid < last {
            pg_guard_ffi_boundary(|| raw::slot_getsomeattrs_int(slot, last.into()));
        }
        columns.extend(wanted.iter().map(|(number, type_oid)| {
            let at = *number as usize - 1;
            let null = *(*slot).tts_isnull.add(at);
            (!null).then(|| Value::new(*(*slot).tts_values.add(at), *type_oid))
        }));
    }
}
