//! Groups as subjects, and the groups above them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use foldhash::fast::RandomState;
use pgrx::pg_sys::Oid;

use super::memo;
use super::subjects::{Kind, find_subject, pairs, subject_number};
use crate::error::Result;
use crate::key::Key;
use crate::pg::own::own_tables;
use crate::pg::relation::Relation;
use crate::pg::scan::{RowId, Rows, has_row};
use crate::pg::value::Value;

/// So many groups' places are remembered at most; beyond it all are forgotten.
const PLACES: usize = 10_000;

thread_local! {
    /// Where the subjects of groups were found last, whatever was seen then: looking whether it is
    /// still there costs much less than looking it up.
    static PLACES_OF: RefCell<HashMap<Key, RowId, RandomState>> = RefCell::default();
}

/// The subject of a group.
pub fn group_subject(key: &Key) -> Result<Option<i32>> {
    if let Some(known) = memo::with(|memo| memo.groups.get(key).copied()) {
        return Ok(known);
    }
    let found = find_subject(Kind::Group, key, None)?;
    if let Some((_, Some(at))) = found {
        PLACES_OF.with_borrow_mut(|places| {
            if places.len() >= PLACES {
                places.clear();
            }
            places.insert(key.clone(), at);
        });
    }
    let subject = found.map(|(id, _)| id);
    memo::with(|memo| memo.groups.insert(key.clone(), subject));
    Ok(subject)
}

/// The subjects of groups, those that have any.
pub fn group_subjects_of(keys: &[Key]) -> Result<Vec<i32>> {
    let is_new = |key: &&Key| memo::with(|memo| !memo.groups.contains_key(*key));
    let places: Vec<(&Key, RowId)> = PLACES_OF.with_borrow(|places| {
        keys.iter().filter(is_new).filter_map(|key| Some((key, *places.get(key)?))).collect()
    });
    if !places.is_empty() {
        let subjects = Relation::open(own_tables()?.subject);
        let rows = Rows::new(&subjects, &["id", "kind", "key"])?;
        for (key, at) in places {
            let text = key.text();
            let read = |row: &[Option<Value>]| {
                let is_it = row[1].is_some_and(|kind| Kind::Group.is(kind))
                    && row[2].is_some_and(|stored| stored.with_text(|stored| stored == text));
                is_it.then(|| subject_number(row[0])).flatten()
            };
            if let Some(subject) = rows.read(at, read).flatten() {
                memo::with(|memo| memo.groups.insert(key.clone(), Some(subject)));
            }
        }
        rows.close();
    }
    let subjects = keys.iter().map(group_subject).collect::<Result<Vec<_>>>()?;
    Ok(subjects.into_iter().flatten().collect())
}

/// Whether a table of rowgrant's own has any rows at all: in one that has none nothing need be looked
/// up.
pub fn has_any(table: Oid) -> Result<bool> {
    if let Some(known) = memo::with(|memo| memo.has_any.get(&table).copied()) {
        return Ok(known);
    }
    let found = has_row(table, &[])?;
    memo::with(|memo| memo.has_any.insert(table, found));
    Ok(found)
}

/// The groups of which this one is a subgroup, in one step.
pub fn parents(group: i32) -> Result<Rc<[i32]>> {
    let subgroups = own_tables()?.subgroup;
    if !has_any(subgroups)? {
        return Ok(Rc::new([]));
    }
    if let Some(known) = memo::with(|memo| memo.parents.get(&group).cloned()) {
        return Ok(known);
    }
    let parents: Rc<[i32]> = pairs(subgroups, "child", group, "parent")?.into();
    memo::with(|memo| memo.parents.insert(group, Rc::clone(&parents)));
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
