//! Rows whose keys a running command changes: told before it changes each, so that afterwards the
//! grants of one row are not taken for those of another that came to its key, and a row that
//! PostgreSQL moves to another partition by DELETE and INSERT is not taken for a deleted one.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::key::Key;
use crate::pg::snapshot;
use crate::pg::trigger::Version;

/// A row that is about to get another key.
struct Move {
    command: u32,
    to: Key,
    version: Version,
}

/// The moves of one transaction; what another began with means nothing.
#[derive(Default)]
struct Moves {
    transaction: u64,
    /// By object type and key.
    leaving: HashMap<(i32, Key), Move>,
}

thread_local! {
    static MOVES: RefCell<Moves> = RefCell::new(Moves::default());
}

fn with<T>(action: impl FnOnce(&mut HashMap<(i32, Key), Move>) -> T) -> T {
    let transaction = snapshot::transaction();
    MOVES.with_borrow_mut(|moves| {
        if moves.transaction != transaction {
            *moves = Moves { transaction, ..Moves::default() };
        }
        action(&mut moves.leaving)
    })
}

/// Notes that the row will get another key.
pub fn begin(object_type: i32, from: Key, to: Key, version: Version, command: u32) {
    with(|leaving| leaving.insert((object_type, from), Move { command, to, version }));
}

/// The row has its new key.
pub fn end(object_type: i32, from: &Key) {
    with(|leaving| leaving.remove(&(object_type, from.clone())));
}

/// Whether a row with that key is still to get another.
pub fn is_leaving(object_type: i32, key: &Key) -> bool {
    with(|leaving| leaving.contains_key(&(object_type, key.clone())))
}

/// The new key of a row whose old version that command removed, if it was to get one.
pub fn moved_to(object_type: i32, from: &Key, version: Version, removed_by: u32) -> Option<Key> {
    with(|leaving| {
        let found = leaving.get(&(object_type, from.clone()))?;
        (found.version == version && removed_by <= found.command).then(|| found.to.clone())
    })
}
