//! Groups as subjects, and the groups above them, looked up once while one snapshot lasts: many
//! users of one statement are in the same groups.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::subjects::{Kind, pairs, subject_id};
use crate::error::Result;
use crate::key::Key;
use crate::pg::own::own_tables;
use crate::pg::scan::has_row;
use crate::pg::snapshot::{self, Stamp};

/// So many entries are remembered at most; beyond it all are forgotten.
const REMEMBERED: usize = 10_000;

/// What was looked up under one snapshot.
#[derive(Default)]
struct Memo {
    stamp: Option<Stamp>,
    subjects: HashMap<Key, Option<i32>>,
    parents: HashMap<i32, Rc<[i32]>>,
    /// Whether there are any subgroups at all.
    nested: Option<bool>,
}

thread_local! {
    static MEMO: RefCell<Memo> = RefCell::new(Memo::default());
}

fn with<T>(action: impl FnOnce(&mut Memo) -> T) -> T {
    let stamp = Some(snapshot::stamp());
    MEMO.with_borrow_mut(|memo| {
        let full = memo.subjects.len() + memo.parents.len() >= REMEMBERED;
        if memo.stamp != stamp || full {
            *memo = Memo { stamp, ..Memo::default() };
        }
        action(memo)
    })
}

/// The subject of a group.
pub fn group_subject(key: &Key) -> Result<Option<i32>> {
    if let Some(known) = with(|memo| memo.subjects.get(key).copied()) {
        return Ok(known);
    }
    let subject = subject_id(Kind::Group, key)?;
    with(|memo| memo.subjects.insert(key.clone(), subject));
    Ok(subject)
}

/// Whether there are any subgroups at all: where there are none no group need be looked up.
fn are_nested() -> Result<bool> {
    if let Some(known) = with(|memo| memo.nested) {
        return Ok(known);
    }
    let nested = has_row(own_tables()?.subgroup, &[])?;
    with(|memo| memo.nested = Some(nested));
    Ok(nested)
}

/// The groups of which this one is a subgroup, in one step.
pub fn parents(group: i32) -> Result<Rc<[i32]>> {
    if !are_nested()? {
        return Ok(Rc::new([]));
    }
    if let Some(known) = with(|memo| memo.parents.get(&group).cloned()) {
        return Ok(known);
    }
    let parents: Rc<[i32]> = pairs(own_tables()?.subgroup, "child", group, "parent")?.into();
    with(|memo| memo.parents.insert(group, Rc::clone(&parents)));
    Ok(parents)
}

/// The subgroups of a group, in one step.
pub fn children(group: i32) -> Result<Vec<i32>> {
    pairs(own_tables()?.subgroup, "parent", group, "child")
}

/// The groups and all that are above them, each once, ascending.
pub fn with_parents(groups: Vec<i32>) -> Result<Vec<i32>> {
    let mut found: BTreeSet<i32> = groups.iter().copied().collect();
    let mut open = groups;
    while let Some(next) = open.pop() {
        for &parent in parents(next)?.iter() {
            if found.insert(parent) {
                open.push(parent);
            }
        }
    }
    Ok(found.into_iter().collect())
}
