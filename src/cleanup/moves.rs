//! Rows whose keys a running command changes: told before it changes each, so that afterwards the
//! grants of one row are not taken for those of another that came to its key, and a row that
//! PostgreSQL moves to another partition by DELETE and INSERT is not taken for a deleted one.

use std::cell::RefCell;

use crate::key::Key;
use crate::pg::snapshot;
use crate::pg::trigger::Version;

/// A row that is about to get another key.
struct Move {
    /// The transaction; what another began with means nothing.
    transaction: u64,
    command: u32,
    object_type: i32,
    from: Key,
    to: Key,
    version: Version,
}

thread_local! {
    static MOVES: RefCell<Vec<Move>> = const { RefCell::new(Vec::new()) };
}

fn with<T>(action: impl FnOnce(&mut Vec<Move>) -> T) -> T {
    let transaction = snapshot::transaction();
    MOVES.with_borrow_mut(|moves| {
        if moves.last().is_some_and(|last| last.transaction != transaction) {
            moves.clear();
        }
        action(moves)
    })
}

/// Notes that the row will get another key.
pub fn begin(object_type: i32, from: Key, to: Key, version: Version, command: u32) {
    let transaction = snapshot::transaction();
    with(|moves| {
        moves.push(Move { transaction, command, object_type, from, to, version });
    });
}

/// The row has its new key.
pub fn end(object_type: i32, from: &Key) {
    with(|moves| moves.retain(|m| m.object_type != object_type || m.from != *from));
}

/// Whether a row with that key is still to get another.
pub fn is_leaving(object_type: i32, key: &Key) -> bool {
    with(|moves| moves.iter().any(|m| m.object_type == object_type && m.from == *key))
}

/// The new key of a row whose old version that command removed, if it was to get one.
pub fn moved_to(object_type: i32, from: &Key, version: Version, removed_by: u32) -> Option<Key> {
    with(|moves| {
        let found = moves.iter().find(|m| {
            m.object_type == object_type
                && m.from == *from
                && m.version == version
                && removed_by <= m.command
        });
        found.map(|m| m.to.clone())
    })
}
