//! The call of a trigger function.

use pgrx::pg_sys;

use super::relation;
use super::value::Value;
use crate::error::{Error, Result};

/// What fired.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Delete,
    Update,
    Truncate,
    Other,
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
        match unsafe { (*self.0).tg_event } & pg_sys::TRIGGER_EVENT_OPMASK {
            pg_sys::TRIGGER_EVENT_DELETE => Event::Delete,
            pg_sys::TRIGGER_EVENT_UPDATE => Event::Update,
            pg_sys::TRIGGER_EVENT_TRUNCATE => Event::Truncate,
            _ => Event::Other,
        }
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
        // SAFETY: an AFTER ROW trigger for UPDATE or DELETE has the old row there.
        unsafe {
            let data = self.0;
            relation::columns_by_name((*data).tg_relation, (*data).tg_trigtuple, names)
        }
    }

    /// Columns of the new row of an UPDATE.
    pub fn new_row(&self, names: &[String]) -> Result<Vec<Option<Value>>> {
        // SAFETY: an AFTER ROW trigger for UPDATE has the new row there.
        unsafe {
            let data = self.0;
            relation::columns_by_name((*data).tg_relation, (*data).tg_newtuple, names)
        }
    }
}
