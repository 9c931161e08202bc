//! What was looked up of users and groups, remembered while what statements see stays the same: many
//! users of one statement are in the same groups, and many statements ask about the same user. Where
//! it was found is remembered for longer, as the place to look first.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use pgrx::pg_sys::Oid;

use super::{Subjects, UserId};
use crate::key::Key;
use crate::pg::memory;
use crate::pg::place::RowId;
use crate::pg::snapshot::{self, Stamp};

/// So many groups are remembered at most, and as many that stand under others; beyond it all are
/// forgotten.
const GROUPS: usize = 10_000;

/// What was looked up under one snapshot, and where.
#[derive(Default)]
pub struct Memo {
    stamp: Option<Stamp>,
    /// Of all stamps so far.
    number: u64,
    users: IndexMap<UserId, User, RandomState>,
    /// About what the users take.
    bytes: usize,
    /// Which user goes when there is no more room: now one here, now one there, so that a round
    /// through more users than fit finds most of those that do.
    next: usize,
    groups: HashMap<Key, Group, RandomState>,
    /// The groups above a group, one step, under this stamp.
    pub parents: HashMap<i32, Rc<[i32]>, RandomState>,
    /// Whether tables of rowgrant's own have any rows.
    pub has_any: HashMap<Oid, bool, RandomState>,
}

/// A user with his groups.
struct User {
    /// The number of the stamp for which the subjects hold.
    known_at: u64,
    subjects: Rc<Subjects>,
    places: Places,
}

/// A group.
struct Group {
    /// The number of the stamp for which the subject holds.
    known_at: u64,
    subject: Option<i32>,
    /// Where the subject was found last, if it was.
    place: Option<RowId>,
}

/// What is known of a group.
pub enum KnownGroup {
    /// Its subject, if it has one.
    Subject(Option<i32>),
    /// Where its subject was found last, if it was.
    LookAt(Option<RowId>),
}

/// Where a user's rows were found last, whatever was seen then: looking whether they are still there
/// costs much less than looking them up.
#[derive(Clone, Copy, Default)]
pub struct Places {
    /// In the registered table.
    pub row: Option<RowId>,
    pub subject: Option<RowId>,
}

/// What a user takes beside the ids of his subjects and the text of his own: the entry, its place in
/// the table of hashes, and what is shared, with its counters.
const ENTRY: usize =
    size_of::<[usize; 4]>() + size_of::<(u64, UserId, User)>() + size_of::<Subjects>();
/// A step around the users that comes near to each of them before it comes to one twice.
const STEP: usize = 0x9e37_79b9;

impl Memo {
    /// The user's subjects, where they are known, and places.
    pub fn user(&self, user: &UserId) -> (Option<Rc<Subjects>>, Places) {
        let Some(known) = self.users.get(user) else { return (None, Places::default()) };
        let holds = known.known_at == self.number;
        (holds.then(|| Rc::clone(&known.subjects)), known.places)
    }

    /// What is known of the group.
    pub fn group(&self, group: &Key) -> KnownGroup {
        match self.groups.get(group) {
            Some(known) if known.known_at == self.number => KnownGroup::Subject(known.subject),
            former => KnownGroup::LookAt(former.and_then(|known| known.place)),
        }
    }

    /// Remembers the group's subject and its place, or that it has none.
    pub fn remember_group(&mut self, group: &Key, found: Option<(i32, Option<RowId>)>) {
        let (subject, place) = (found.map(|(id, _)| id), found.and_then(|(_, place)| place));
        let entry = Group { known_at: self.number, subject, place };
        match self.groups.get_mut(group) {
            Some(known) => *known = entry,
            None => {
                if self.groups.len() >= GROUPS {
                    self.groups = HashMap::default();
                }
                self.groups.insert(group.clone(), entry);
            }
        }
    }

    pub fn remember_user(&mut self, user: &UserId, subjects: &Rc<Subjects>, places: Places) {
        let entry = User { known_at: self.number, subjects: Rc::clone(subjects), places };
        self.bytes += bytes(user, &entry);
        if self.users.len() == self.users.capacity() {
            // By less than it would grow otherwise: what is not used yet is memory, too.
            self.users.reserve_exact(self.users.len() / 4 + 1);
        }
        if let Some(former) = self.users.insert(user.clone(), entry) {
            self.bytes -= bytes(user, &former);
        }
        while self.bytes > memory::hash_limit() && self.users.len() > 1 {
            self.next = self.next.wrapping_add(STEP);
            let at = self.next % self.users.len();
            if let Some((user, entry)) = self.users.swap_remove_index(at) {
                self.bytes -= bytes(&user, &entry);
            }
        }
        if self.users.capacity() > 4 * self.users.len() + 64 {
            self.users.shrink_to_fit();
        }
    }
}

fn bytes(user: &UserId, entry: &User) -> usize {
    let text = match user {
        Some(Key::Text(text)) => 2 * text.len(),
        _ => 0,
    };
    ENTRY + text + size_of_val(&*entry.subjects.ids)
}

thread_local! {
    static MEMO: RefCell<Memo> = RefCell::default();
}

/// Gives access to what holds under the active snapshot. Nothing may be looked up meanwhile.
pub fn with<T>(action: impl FnOnce(&mut Memo) -> T) -> T {
    let stamp = Some(snapshot::stamp());
    MEMO.with_borrow_mut(|memo| {
        if memo.stamp != stamp || memo.parents.len() >= GROUPS {
            memo.parents = HashMap::default();
        }
        if memo.stamp != stamp {
            memo.stamp = stamp;
            memo.number += 1;
            memo.has_any.clear();
        }
        action(memo)
    })
}
