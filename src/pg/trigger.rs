//! The call of a trigger function.

use std::cell::Cell;

use pgrx::pg_sys::{self, Datum, Oid};

use super::relation::{self, Relation};
use super::value::Value;
use super::visible::page_of;
use super::{inherit, owner, snapshot};
use crate::error::{Error, Result};

/// What fired.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Delete,
    BeforeUpdate,
    Update,
    Truncate,
    Other,
}

/// The old version of a row, told apart from every other one, and the command that replaced it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Version {
    pub relation: Oid,
    block: u32,
    offset: u16,
}

thread_local! {
    /// The partition or child and its whole that were last found to be so, and in which transaction.
    static LAST_PART: Cell<Option<(u64, Oid, Oid)>> = const { Cell::new(None) };
}

/// The trigger being run. Valid during the call.
pub struct Trigger(*mut pg_sys::TriggerData);

impl Trigger {
    /// # Safety
    /// `fcinfo` must be that of a running call.
    pub unsafe fn new(fcinfo: pg_sys::FunctionCallInfo) -> Result<Self> {
        // SAFETY: the caller's promise; the node's tag tells what it is.
        unsafe {
            let context = (*fcinfo).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
                return Err(Error::argument("this function can only be called as a trigger"));
            }
            Ok(Self(context.cast()))
        }
    }

    pub fn event(&self) -> Event {
        // SAFETY: valid during the call.
        let event = unsafe { (*self.0).tg_event };
        let before = event & pg_sys::TRIGGER_EVENT_TIMINGMASK == pg_sys::TRIGGER_EVENT_BEFORE;
        match event & pg_sys::TRIGGER_EVENT_OPMASK {
            pg_sys::TRIGGER_EVENT_DELETE => Event::Delete,
            pg_sys::TRIGGER_EVENT_UPDATE if before => Event::BeforeUpdate,
            pg_sys::TRIGGER_EVENT_UPDATE => Event::Update,
            pg_sys::TRIGGER_EVENT_TRUNCATE => Event::Truncate,
            _ => Event::Other,
        }
    }

    /// What the function must return: the row to be written, before it is.
    pub fn result(&self) -> Datum {
        match self.event() {
            // SAFETY: a BEFORE ROW trigger for UPDATE has the new row there.
            Event::BeforeUpdate => unsafe { Datum::from((*self.0).tg_newtuple) },
            _ => Datum::null(),
        }
    }

    /// Whether a session that replays what another server, or a restore, did is running, and so did
    /// all that triggers do. The worker of a subscription is none: what it applies needs cleaning.
    pub fn is_replay(&self) -> bool {
        // SAFETY: reads variables.
        unsafe {
            pg_sys::SessionReplicationRole as u32 == pg_sys::SESSION_REPLICATION_ROLE_REPLICA
                && !self.is_applying()
        }
    }

    /// The table, or partition, whose row or rows these are.
    pub fn relation(&self) -> Oid {
        // SAFETY: valid during the call.
        unsafe { (*(*self.0).tg_relation).rd_id }
    }

    /// Whether the table's rows are those of `whole`: it is that table, or a partition or child of it.
    /// A trigger restored from a dump of one schema may name what something else is by now.
    pub fn is_part_of(&self, whole: Oid) -> Result<bool> {
        let relation = self.relation();
        if relation == whole {
            return Ok(true);
        }
        let question = (snapshot::transaction(), relation, whole);
        if LAST_PART.get() != Some(question) {
            if !owner::run(|| inherit::is_below(relation, whole))? {
                return Ok(false);
            }
            // Within a transaction the triggers change with the answer.
            LAST_PART.set(Some(question));
        }
        Ok(true)
    }

    /// Whether the worker of a subscription is running.
    pub fn is_applying(&self) -> bool {
        // SAFETY: reads a variable.
        unsafe { pg_sys::IsLogicalWorker() }
    }

    /// Refuses to go on where two rows could have had the same key while the command ran, and no
    /// trigger `leaving` has told which of them was to leave it: the key has become deferrable since
    /// the table was registered.
    pub fn check_tells_moves(&self, key: &[&str], leaving: &str) -> Result<()> {
        let relation = Relation::open(self.relation());
        if self.has_unique_key(key) || relation.has_trigger(leaving) {
            return Ok(());
        }
        Err(Error::in_use(format!(
            "the grants on keys of table {} cannot be told apart while they change",
            relation.name()
        ))
        .hint("The key has become deferrable: call the function that registered the table again."))
    }

    /// Whether no two rows of the table can have the same key even while a command runs.
    pub fn has_unique_key(&self, key: &[&str]) -> bool {
        Relation::open(self.relation()).is_unique_at_once(key)
    }

    /// The command of this transaction that wrote the new version of the row.
    pub fn written_by(&self) -> u32 {
        match self.event() {
            // SAFETY: an AFTER ROW trigger for UPDATE has the new row there, written by this transaction.
            Event::Update => unsafe {
                pg_sys::HeapTupleHeaderGetCmin((*(*self.0).tg_newtuple).t_data)
            },
            // Carried out as DELETE and INSERT.
            _ => self.removed_by(),
        }
    }

    /// The old version of the row.
    pub fn version(&self) -> Version {
        // SAFETY: a row trigger for UPDATE or DELETE has the old row there.
        let at = unsafe { (*(*self.0).tg_trigtuple).t_self };
        Version { relation: self.relation(), block: page_of(&at), offset: at.ip_posid }
    }

    /// The command of this transaction that removed the old version of the row.
    pub fn removed_by(&self) -> u32 {
        // SAFETY: an AFTER ROW trigger for DELETE has the old row there, removed by this transaction.
        unsafe { pg_sys::HeapTupleHeaderGetCmax((*(*self.0).tg_trigtuple).t_data) }
    }

    /// The first argument of CREATE TRIGGER.
    pub fn argument(&self) -> Option<String> {
        // SAFETY: tgargs holds tgnargs strings.
        unsafe {
            let trigger = (*self.0).tg_trigger;
            if (*trigger).tgnargs < 1 {
                return None;
            }
            super::types::copy_cstr(*(*trigger).tgargs)
        }
    }

    /// Columns of the old row.
    pub fn old(&self, names: &[String]) -> Result<Vec<Option<Value>>> {
        // SAFETY: a row trigger for UPDATE or DELETE has the old row there.
        unsafe {
            let data = self.0;
            relation::columns_by_name((*data).tg_relation, (*data).tg_trigtuple, names)
        }
    }

    /// Columns of the new row of an UPDATE.
    pub fn new_row(&self, names: &[String]) -> Result<Vec<Option<Value>>> {
        // SAFETY: a row trigger for UPDATE has the new row there.
        unsafe {
            let data = self.0;
            relation::columns_by_name((*data).tg_relation, (*data).tg_newtuple, names)
        }
    }
}

/// The number of the running command, which no later command of this transaction has.
pub fn current_command() -> u32 {
    // SAFETY: marks the number as used.
    unsafe { pg_sys::GetCurrentCommandId(true) }
}
