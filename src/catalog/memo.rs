//! What was looked up of users and groups, remembered while what statements see stays the same: many
//! users of one statement are in the same groups, and many statements ask about the same user.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;
use pgrx::pg_sys::Oid;

use super::{Subjects, UserId};
use crate::key::Key;
use crate::pg::snapshot::{self, Stamp};

/// So many users, and so many groups, are remembered at most; beyond it all are forgotten.
const REMEMBERED: usize = 10_000;

/// What was looked up under one snapshot.
#[derive(Default)]
pub struct Memo {
    stamp: Option<Stamp>,
    /// Users with their groups.
    pub users: HashMap<UserId, Rc<Subjects>, RandomState>,
    /// The subjects of groups.
    pub groups: HashMap<Key, Option<i32>, RandomState>,
    pub parents: HashMap<i32, Rc<[i32]>, RandomState>,
    /// Whether tables of rowgrant's own have any rows.
    pub has_any: HashMap<Oid, bool, RandomState>,
}

thread_local! {
    static MEMO: RefCell<Memo> = RefCell::default();
}

/// Gives access to what holds under the active snapshot. Nothing may be looked up meanwhile.
pub fn with<T>(action: impl FnOnce(&mut Memo) -> T) -> T {
    let stamp = Some(snapshot::stamp());
    MEMO.with_borrow_mut(|memo| {
        let groups = memo.groups.len().max(memo.parents.len());
        if memo.stamp != stamp || memo.users.len().max(groups) >= REMEMBERED {
            *memo = Memo { stamp, ..Memo::default() };
        }
        action(memo)
    })
}
