//! Groups as subjects, and the groups above them.

use std::collections::BTreeSet;
use std::rc::Rc;

use pgrx::pg_sys::Oid;

use super::memo::{self, KnownGroup};
use super::subjects::{Kind, SubjectFinder, pairs};
use crate::error::Result;
use crate::key::Key;
use crate::pg::own::own_tables;
use crate::pg::scan::{has_row, is_blank};

/// The subject of a group.
pub fn group_subject(group: &Key) -> Result<Option<i32>> {
    let found = group_subjects_of(std::slice::from_ref(group), &mut SubjectFinder::default())?;
    Ok(found.first().copied())
}

/// The subjects of groups, those that have any.
pub fn group_subjects_of(groups: &[Key], finder: &mut SubjectFinder) -> Result<Vec<i32>> {
    let mut subjects = Vec::with_capacity(groups.len());
    let mut unknown = Vec::new();
    memo::with(|memo| {
        for group in groups {
            match memo.group(group) {
                KnownGroup::Subject(known) => subjects.extend(known),
                KnownGroup::LookAt(place) => unknown.push((group, place)),
            }
        }
    });
    let mut looked_up = Vec::with_capacity(unknown.len());
    for (group, place) in unknown {
        let found = finder.find(Kind::Group, group, place)?;
        subjects.extend(found.map(|(subject, _)| subject));
        looked_up.push((group, found));
    }
    memo::with(|memo| {
        for (group, found) in looked_up {
            memo.remember_group(group, found);
        }
    });
    Ok(subjects)
}

/// Whether a table of rowgrant's own has any rows at all: in one that has none nothing need be looked
/// up.
pub fn has_any(table: Oid) -> Result<bool> {
    if let Some(known) = memo::with(|memo| memo.has_any.get(&table).copied()) {
        return Ok(known);
    }
    let found = !is_blank(table) && has_row(table, &[])?;
    memo::with(|memo| memo.has_any.insert(table, found));
    Ok(found)
}

/// The groups of which this one is a subgroup, in one step.
pub fn parents(group: i32) -> Result<Rc<[i32]>> {
    if !has_any(own_tables()?.subgroup)? {
        return Ok(Rc::new([]));
    }
    look_up_parents(group)
}

fn look_up_parents(group: i32) -> Result<Rc<[i32]>> {
    if let Some(known) = memo::with(|memo| memo.parents.get(&group).cloned()) {
        return Ok(known);
    }
    let parents: Rc<[i32]> = pairs(own_tables()?.subgroup, "child", group, "parent")?.into();
    memo::with(|memo| memo.parents.insert(group, Rc::clone(&parents)));
    Ok(parents)
}

/// The subgroups of a group, in one step.
pub fn children(group: i32) -> Result<Vec<i32>> {
    pairs(own_tables()?.subgroup, "parent", group, "child")
}

/// The groups and all that are above them, each once, ascending.
pub fn with_parents(mut groups: Vec<i32>) -> Result<Vec<i32>> {
    if has_any(own_tables()?.subgroup)? {
        let mut found: BTreeSet<i32> = groups.iter().copied().collect();
        while let Some(next) = groups.pop() {
            for &parent in look_up_parents(next)?.iter() {
                if found.insert(parent) {
                    groups.push(parent);
                }
            }
        }
        return Ok(found.into_iter().collect());
    }
    groups.sort_unstable();
    groups.dedup();
    Ok(groups)
}
