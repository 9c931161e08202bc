//! Whether a scan of an index must read a table's rows, too.

use pgrx::pg_sys;

use super::relation::Relation;
use super::snapshot;

/// The page that a row is on.
pub(super) fn page_of(tid: &pg_sys::ItemPointerData) -> u32 {
    u32::from(tid.ip_blkid.bi_hi) << 16 | u32::from(tid.ip_blkid.bi_lo)
}

/// What the table says of an index entry.
pub(super) enum Row {
    /// Nobody misses it: its page is all-visible, and was not read.
    Visible,
    /// It is visible, and in the slot.
    Read(*mut pg_sys::TupleTableSlot),
    Invisible,
}

/// Asks the visibility map first, as an index-only scan does.
pub(super) struct Visibility {
    /// Made when a row is first read.
    slot: *mut pg_sys::TupleTableSlot,
    /// The page of the map that was asked last.
    page: pg_sys::Buffer,
    /// Whether each row is read.
    through_table: bool,
}

impl Visibility {
    /// For a scan that reads each row if told to; in a serializable transaction any does, for
    /// reading it is what guards it against others' changes.
    pub fn new(through_table: bool) -> Self {
        Self {
            slot: std::ptr::null_mut(),
            page: pg_sys::InvalidBuffer as pg_sys::Buffer,
            through_table: through_table || snapshot::is_serializable(),
        }
    }

    /// # Safety
    /// The scan must be on the entry of that tid, and belong to an index of the table.
    pub unsafe fn of(
        &mut self,
        table: &Relation,
        scan: pg_sys::IndexScanDesc,
        tid: pg_sys::ItemPointer,
    ) -> Row {
        // SAFETY: the caller's promise. A page's bit in the map is read after the index entry.
        unsafe {
            if !self.through_table {
                let page = page_of(&*tid);
                let status = pg_sys::visibilitymap_get_status(table.raw(), page, &mut self.page);
                if u32::from(status) & pg_sys::VISIBILITYMAP_ALL_VISIBLE != 0 {
                    return Row::Visible;
                }
            }
            if self.slot.is_null() {
                self.slot = pg_sys::table_slot_create(table.raw(), std::ptr::null_mut());
            }
            match pg_sys::index_fetch_heap(scan, self.slot) {
                true => Row::Read(self.slot),
                false => Row::Invisible,
            }
        }
    }

    /// Frees what is held; before the scan ends.
    pub fn end(self) {
        // SAFETY: the slot and the buffer are this one's own.
        unsafe {
            if !self.slot.is_null() {
                pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            }
            if self.page != pg_sys::InvalidBuffer as pg_sys::Buffer {
                pg_sys::ReleaseBuffer(self.page);
            }
        }
    }
}
