//! users_with_perm, users_with_perms and groups_with_perms, as SQL calls them.

use super::holders::{self, Granted, Options};
use crate::catalog::{self, ObjectType};
use crate::error::Result;
use crate::pg::call::{Call, Column, Output};
use crate::pg::{owner, types};

fn options(call: &Call, first: usize) -> Options {
    Options {
        with_group_users: call.bool(first).unwrap_or(true),
        with_superusers: call.bool(first + 1).unwrap_or(false),
    }
}

/// The names of the permissions and all that they imply, sorted.
fn names(object_type: &ObjectType, granted: &Granted) -> Column {
    let held: Granted =
        granted.iter().flat_map(|id| object_type.implications.given_by(*id)).collect();
    let all = object_type.permissions.iter();
    let mut names: Vec<String> =
        all.filter(|p| held.contains(&p.id)).map(|p| p.name.clone()).collect();
    names.sort_unstable();
    Column::Texts(names)
}

/// `users_with_perm(perm, object_type, key, with_group_users, with_superusers)`
pub fn users_with_perm(call: &Call) -> Result<Output> {
    let set = call.set(types::TEXT)?;
    let (Some(perm), Some(name), Some(key)) = (call.text(0), call.text(1), call.value(2)) else {
        return Ok(Output::Set);
    };
    let object_type = catalog::object_type(&name)?;
    let giving = object_type.giving(&perm)?;
    let Some(key) = object_type.key(key)? else { return Ok(Output::Set) };
    let options = options(call, 3);
    let holders = owner::run(|| holders::of_object(&object_type, &key, &giving, options))?;
    for user in holders.users.keys() {
        set.push_text(&user.to_text());
    }
    Ok(Output::Set)
}

/// `users_with_perms(object_type, key, with_group_users, with_superusers)`
pub fn users_with_perms(call: &Call) -> Result<Output> {
    let rows = call.rows()?;
    let (Some(name), Some(key)) = (call.text(0), call.value(1)) else { return Ok(Output::Set) };
    let object_type = catalog::object_type(&name)?;
    let Some(key) = object_type.key(key)? else { return Ok(Output::Set) };
    let (all, options) = (object_type.permission_ids(), options(call, 2));
    let holders = owner::run(|| holders::of_object(&object_type, &key, &all, options))?;
    for (user, granted) in &holders.users {
        rows.push([Column::Text(user.to_text()), names(&object_type, granted)]);
    }
    Ok(Output::Set)
}

/// `groups_with_perms(object_type, key)`: subgroups of a group that holds a permission hold it too.
pub fn groups_with_perms(call: &Call) -> Result<Output> {
    let rows = call.rows()?;
    let (Some(name), Some(key)) = (call.text(0), call.value(1)) else { return Ok(Output::Set) };
    let object_type = catalog::object_type(&name)?;
    let Some(key) = object_type.key(key)? else { return Ok(Output::Set) };
    let all = object_type.permission_ids();
    let options = Options { with_group_users: false, with_superusers: false };
    let holders = owner::run(|| holders::of_object(&object_type, &key, &all, options))?;
    let mut groups = Vec::with_capacity(holders.groups.len());
    for (subject, granted) in &holders.groups {
        groups.push((catalog::subject_name(*subject)?, granted));
    }
    groups.sort_unstable();
    for (group, granted) in groups {
        rows.push([Column::Text(group), names(&object_type, granted)]);
    }
    Ok(Output::Set)
}
