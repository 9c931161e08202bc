//! Rows whose keys a running command changes: told before it changes each, so that afterwards the
//! grants of one row are not taken for those of another that came to its key, and a row that
//! PostgreSQL moves to another partition by DELETE and INSERT is not taken for a deleted one.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::key::Key;
use crate::pg::snapshot;
use crate::pg::trigger::{Trigger, Version};

/// A row that is about to get another key, or has just got it.
struct Move {
    command: u32,
    to: Key,
    version: Version,
    /// The row has its new key, and its grants with it, or aside.
    done: bool,
}

/// The moves of one transaction; what another began with means nothing.
#[derive(Default)]
struct Moves {
    transaction: u64,
    /// By object type and former key.
    leaving: HashMap<(i32, Key), Move>,
    /// How many of them go to an object type's key.
    arriving: HashMap<(i32, Key), usize>,
    any_done: bool,
}

impl Moves {
    /// Forgets those that are done: those of one command are all told of before the first is.
    fn forget_done(&mut self) {
        if !self.any_done {
            return;
        }
        let arriving = &mut self.arriving;
        self.leaving.retain(|(object_type, _), m| {
            if m.done {
                leave_out(arriving, *object_type, &m.to);
            }
            !m.done
        });
        self.any_done = false;
    }
}

fn leave_out(arriving: &mut HashMap<(i32, Key), usize>, object_type: i32, to: &Key) {
    if let Some(count) = arriving.get_mut(&(object_type, to.clone())) {
        *count -= 1;
    }
}

thread_local! {
    static MOVES: RefCell<Moves> = RefCell::new(Moves::default());
}

fn with<T>(action: impl FnOnce(&mut Moves) -> T) -> T {
    let transaction = snapshot::transaction();
    MOVES.with_borrow_mut(|moves| {
        if moves.transaction != transaction {
            *moves = Moves { transaction, ..Moves::default() };
        }
        action(moves)
    })
}

/// Notes that the row will get another key.
pub fn begin(object_type: i32, from: Key, to: Key, version: Version, command: u32) {
    with(|moves| {
        moves.forget_done();
        *moves.arriving.entry((object_type, to.clone())).or_default() += 1;
        let new = Move { command, to, version, done: false };
        if let Some(former) = moves.leaving.insert((object_type, from), new) {
            leave_out(&mut moves.arriving, object_type, &former.to);
        }
    });
}

/// The row has its new key.
pub fn end(object_type: i32, from: &Key) {
    with(|moves| {
        if let Some(found) = moves.leaving.get_mut(&(object_type, from.clone())) {
            found.done = true;
            moves.any_done = true;
        }
    });
}

/// Whether a row with that key is still to get another.
pub fn is_leaving(object_type: i32, key: &Key) -> bool {
    with(|moves| moves.leaving.get(&(object_type, key.clone())).is_some_and(|m| !m.done))
}

/// How many rows the running command brings to that key, whether its trigger has seen to their grants
/// by now or not.
fn arriving(object_type: i32, key: &Key) -> usize {
    with(|moves| moves.arriving.get(&(object_type, key.clone())).copied().unwrap_or_default())
}

/// The new key of a row whose old version that command removed, if it was to get one.
pub fn moved_to(object_type: i32, from: &Key, version: Version, removed_by: u32) -> Option<Key> {
    with(|moves| {
        let found = moves.leaving.get(&(object_type, from.clone())).filter(|m| !m.done)?;
        (found.version == version && removed_by <= found.command).then(|| found.to.clone())
    })
}

/// Whether no two rows have one key, which a deferrable constraint allows for a while, but for rows
/// that this command has brought there. Where they do it cannot be told whose the grants on it are:
/// that is the error `told`, but not for the worker of a subscription, which could go no further. Its
/// false means that nobody's they are.
pub fn is_alone(
    trigger: &Trigger,
    key_columns: &[&str],
    (object_type, key): (i32, &Key),
    rows: impl FnOnce() -> Result<usize>,
    told: impl FnOnce() -> String,
) -> Result<bool> {
    if trigger.has_unique_key(key_columns)
        || snapshot::with_latest(rows)? <= arriving(object_type, key)
    {
        return Ok(true);
    }
    if trigger.is_applying() {
        return Ok(false);
    }
    Err(Error::in_use(told())
        .hint("Exchange the keys of rows in one command, or revoke the grants first."))
}
